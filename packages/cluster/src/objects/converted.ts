import type { ShapeFault } from '../shape/fit.ts';
import { showValue } from '../shape/show-value.ts';
import type { Problem } from '../state.ts';

/**
 * What became of one object: its value, or nothing where it is refused or not ours; and what a person has
 * to mend either way.
 */
export interface Converted<T> {
  readonly value: T | undefined;
  readonly faults: readonly ShapeFault[];
}

/** An object that is used as a whole or in part. */
export function converted<T>(value: T, faults: readonly ShapeFault[] = []): Converted<T> {
  return { value, faults };
}

/** An object that is not used: because of its faults, or, without any, because it is not ours. */
export function leftOut(faults: readonly ShapeFault[] = []): Converted<never> {
  return { value: undefined, faults };
}

/** The problem of an object with this name. */
export function problemOf(object: string, fault: ShapeFault): Problem {
  return { object, field: fault.field, value: showValue(fault.value), message: fault.message };
}
