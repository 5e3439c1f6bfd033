import type { LabelRequirement, LabelSelector } from './state.ts';

type Labels = Readonly<Record<string, string>>;

/**
 * Whether labels fulfil a selector, with the semantics of Kubernetes' LabelSelector: all requirements
 * must hold, an empty selector selects everything, and `NotIn` holds where the label is missing.
 * Undefined is "no selector given", which selects everything too.
 */
export function matchesSelector(selector: LabelSelector | undefined, labels: Labels): boolean {
  if (selector === undefined) return true;
  const wanted = Object.entries(selector.matchLabels ?? {});
  return (
    wanted.every(([key, value]) => labelOf(labels, key) === value) &&
    (selector.matchExpressions ?? []).every((requirement) => holds(requirement, labels))
  );
}

function holds(requirement: LabelRequirement, labels: Labels): boolean {
  const value = labelOf(labels, requirement.key);
  const values = requirement.values ?? [];
  switch (requirement.operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    default:
      return requirement.operator satisfies never;
  }
}

/** A label's value; own properties only, as a label may be called `constructor`. */
function labelOf(labels: Labels, key: string): string | undefined {
  return Object.hasOwn(labels, key) ? labels[key] : undefined;
}
