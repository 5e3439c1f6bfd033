import { z } from 'zod';
import type { ValidationRule } from '../schemas/kubernetes-validation.ts';

/** An OpenAPI 3.0 schema as zod gives it: plain data that we prune and print. */
export interface JsonSchema {
  readonly type?: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: JsonSchema | false;
  readonly items?: JsonSchema;
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly default?: unknown;
  readonly 'x-kubernetes-validations'?: readonly ValidationRule[];
  readonly [other: string]: unknown;
}

/** The schema of a zod schema, defaults included, as one would write the object. */
export function jsonSchema(schema: z.ZodType): JsonSchema {
  return z.toJSONSchema(schema, { target: 'openapi-3.0', io: 'input' }) as JsonSchema;
}

/** The schema with every schema in it changed, innermost first. */
export function mapSchema(
  schema: JsonSchema,
  change: (schema: JsonSchema) => JsonSchema,
): JsonSchema {
  const { properties, items, additionalProperties } = schema;
  return change({
    ...schema,
    ...(properties && {
      properties: Object.fromEntries(
        Object.entries(properties).map(([name, property]) => [name, mapSchema(property, change)]),
      ),
    }),
    ...(items && { items: mapSchema(items, change) }),
    ...(additionalProperties && { additionalProperties: mapSchema(additionalProperties, change) }),
  });
}

/** The schema without these keys. */
export function without(schema: JsonSchema, ...keys: readonly string[]): JsonSchema {
  return Object.fromEntries(Object.entries(schema).filter(([key]) => !keys.includes(key)));
}
