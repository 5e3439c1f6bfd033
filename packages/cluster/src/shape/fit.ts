import { fieldPath, itemPath } from './field-path.ts';
import type { Schema } from './schema.ts';

/** A value that does not fit its schema. */
export interface ShapeFault {
  readonly field: string;
  readonly value: unknown;
  /** What is wrong and what to write, one sentence each. */
  readonly message: string;
}

/** A value in the shape of a schema: known fields only, defaults filled in; or what is wrong with it. */
export type Fit<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly faults: readonly ShapeFault[] };

/** Fits a value of unknown origin to a schema. Never throws and never follows the value deeper than the schema. */
export function fit<T>(schema: Schema<T>, value: unknown): Fit<T> {
  const fitting = new Fitting();
  const fitted = fitting.fit(schema, value);
  return fitting.faults.length === 0
    ? { ok: true, value: fitted as T }
    : { ok: false, faults: fitting.faults };
}

class Fitting {
  readonly faults: ShapeFault[] = [];
  /** Where we are: written out for a fault only, as most values have none. */
  readonly #path: (string | number)[] = [];

  fit(schema: Schema, value: unknown): unknown {
    switch (schema.type) {
      case 'object':
        return this.#object(schema, value);
      case 'array':
        return this.#array(schema, value);
      case 'string':
        return this.#text(schema, value);
      case 'integer':
        return this.#integer(schema, value);
      case 'boolean':
        if (typeof value !== 'boolean') {
          this.#fault(value, 'Not true or false. Write true or false, without quotes.');
        }
        return value;
      case undefined:
        return undefined;
      default:
        return schema.type satisfies never;
    }
  }

  #object(schema: Schema, value: unknown): unknown {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      const known = knownFields(schema);
      const advice = known === '' ? 'Write name: value pairs.' : `Write an object of: ${known}.`;
      return this.#fault(value, `Not an object. ${advice}`);
    }
    const properties = schema.properties ?? {};
    const fitted: [name: string, value: unknown][] = [];
    for (const [name, property] of Object.entries(properties)) {
      if (property.type === undefined) continue;
      const given: unknown = Object.hasOwn(value, name) ? Reflect.get(value, name) : undefined;
      // Null is "not given", as in Kubernetes.
      const present = given ?? property.default;
      if (present !== undefined) fitted.push([name, this.#inside(name, property, present)]);
      else if (schema.required?.includes(name) === true) {
        this.#fault(given, 'Missing. Add it.', name);
      }
    }
    const others = schema.additionalProperties;
    if (others === undefined) return Object.fromEntries(fitted);
    for (const [name, item] of Object.entries(value)) {
      if (Object.hasOwn(properties, name)) continue;
      if (others !== false) fitted.push([name, this.#inside(name, others, item)]);
      else {
        const advice = `Remove it, or use one of: ${knownFields(schema)}.`;
        this.#fault(item, `Unknown field. ${advice}`, name);
      }
    }
    return Object.fromEntries(fitted);
  }

  #array(schema: Schema, value: unknown): unknown {
    if (!Array.isArray(value)) return this.#fault(value, 'Not a list. Write a list.');
    const { minItems = 0, maxItems = Infinity, items } = schema;
    if (value.length < minItems) {
      const advice = minItems === 1 ? 'Add an item.' : `Give at least ${minItems} items.`;
      this.#fault(value, `Too few items. ${advice}`);
    }
    if (value.length > maxItems) {
      return this.#fault(value.length, `Too many items. Give at most ${maxItems}.`);
    }
    return items === undefined
      ? []
      : value.map((item: unknown, index) => this.#inside(index, items, item));
  }

  #text(schema: Schema, value: unknown): unknown {
    if (typeof value !== 'string') {
      const scalar = typeof value === 'number' || typeof value === 'boolean';
      const advice = scalar ? 'Put it in quotes.' : 'Write text.';
      return this.#fault(value, `Not text. ${advice}`);
    }
    const { minLength = 0, maxLength = Infinity, pattern, form } = schema;
    if (schema.enum !== undefined && !schema.enum.includes(value)) {
      return this.#fault(value, `Not a value allowed here. Write ${alternatives(schema.enum)}.`);
    }
    if (value.length < minLength) return this.#fault(value, 'Empty. Write a value.');
    if (value.length > maxLength) {
      return this.#fault(value, `Too long. At most ${maxLength} characters are allowed.`);
    }
    if (pattern !== undefined && !expression(pattern).test(value)) {
      this.#fault(value, `Not in the right form. Use ${form ?? `the pattern ${pattern}`}.`);
    }
    return value;
  }

  #integer(schema: Schema, value: unknown): unknown {
    const { minimum = -Infinity, maximum = Infinity } = schema;
    const fits = Number.isSafeInteger(value) && typeof value === 'number';
    if (!fits || value < minimum || value > maximum) {
      const wanted = `Write one from ${minimum} to ${maximum}, without quotes.`;
      this.#fault(value, `Not a whole number that is allowed here. ${wanted}`);
    }
    return value;
  }

  /** Fits a field of an object, or an item of a list. */
  #inside(part: string | number, schema: Schema, value: unknown): unknown {
    this.#path.push(part);
    const fitted = this.fit(schema, value);
    this.#path.pop();
    return fitted;
  }

  /** @param inside fields further in than where we are */
  #fault(value: unknown, message: string, ...inside: readonly string[]): undefined {
    const field = [...this.#path, ...inside].reduce<string>(
      (path, part) => (typeof part === 'number' ? itemPath(path, part) : fieldPath(path, part)),
      '',
    );
    this.faults.push({ field, value, message });
  }
}

function knownFields({ properties = {} }: Schema): string {
  return Object.keys(properties).join(', ');
}

const expressions = new Map<string, RegExp>();

/** Patterns come from our schemas only, so there are few. */
function expression(pattern: string): RegExp {
  const known = expressions.get(pattern) ?? new RegExp(pattern, 'u');
  expressions.set(pattern, known);
  return known;
}

function alternatives(values: readonly string[]): string {
  return `${values.slice(0, -1).join(', ')} or ${values.at(-1) ?? ''}`;
}
