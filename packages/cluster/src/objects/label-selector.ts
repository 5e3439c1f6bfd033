import { itemPath } from '../shape/field-path.ts';
import type { ShapeFault } from '../shape/fit.ts';
import type { LabelSelector } from '../state.ts';

/** What the API server refuses by a rule: operators with values that they do not take, or without. */
export function selectorFaults(selector: LabelSelector | undefined, field: string): ShapeFault[] {
  return (selector?.matchExpressions ?? []).flatMap(
    ({ operator, values = [] }, index): ShapeFault[] => {
      const path = `${itemPath(`${field}.matchExpressions`, index)}.values`;
      const wantsValues = operator === 'In' || operator === 'NotIn';
      if (wantsValues && values.length === 0) {
        return [{ field: path, value: '', message: `${operator} needs values. Add them.` }];
      }
      if (!wantsValues && values.length > 0) {
        return [
          { field: path, value: values, message: `${operator} takes no values. Remove them.` },
        ];
      }
      return [];
    },
  );
}
