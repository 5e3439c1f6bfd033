/**
 * The part of OpenAPI 3.0 schemas that our objects need, as data. Made from the zod schemas at build time
 * by `node scripts/generate.ts`: zod itself would cost the agent 10 MiB of memory.
 */
export interface Schema<T = unknown> {
  /** Missing: anything goes, and it is dropped. */
  readonly type?: 'object' | 'array' | 'string' | 'integer' | 'boolean';
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  /** False: other fields are refused. A schema: that of all other fields. Missing: they are dropped. */
  readonly additionalProperties?: false | Schema;
  readonly items?: Schema;
  readonly enum?: readonly string[];
  readonly pattern?: string;
  /** What the pattern demands, in words. */
  readonly form?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  /** Stands in for a missing value, and is itself filled in with defaults. */
  readonly default?: unknown;
  /** Never there: carries the type of the values that fit. */
  readonly __value?: T;
}
