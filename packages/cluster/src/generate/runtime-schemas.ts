import type { z } from 'zod';
import type { OwnKind } from '../schemas/kind.ts';
import { metadata } from '../schemas/metadata.ts';
import { jsonSchema, mapSchema, without, type JsonSchema } from './json-schema.ts';

/** A schema that the agent checks objects against. */
export interface RuntimeSchema {
  /** Its name in code. */
  readonly name: string;
  /** The type of the values that fit, and the file that exports it. */
  readonly type: string;
  readonly from: string;
  readonly schema: JsonSchema;
}

/** The schema of a whole object of our own: unknown fields are refused, status is not read. */
export function ownObject(own: OwnKind): JsonSchema {
  const spec = own.spec === undefined ? {} : { spec: strict(compact(jsonSchema(own.spec))) };
  return {
    type: 'object',
    required: ['metadata', ...Object.keys(spec)],
    additionalProperties: false,
    properties: {
      apiVersion: {},
      kind: {},
      metadata: compact(jsonSchema(metadata)),
      ...spec,
      status: {},
    },
  };
}

/** The schema of what we read of somebody else's object: other fields are dropped. */
export function coreObject(schema: z.ZodType): JsonSchema {
  return compact(jsonSchema(schema));
}

/** A module that exports the schemas as data. */
export function runtimeModule(schemas: readonly RuntimeSchema[]): string {
  const types = schemas.map(({ type, from }) => `import type { ${type} } from '${from}';`);
  const values = schemas.map(
    ({ name, type, schema }) =>
      `export const ${name}: Schema<${type}> = ${JSON.stringify(schema)};`,
  );
  return [
    '// Made by `node scripts/generate.ts` from ../schemas; do not edit.',
    ...types,
    "import type { Schema } from '../shape/schema.ts';",
    '',
    values.join('\n\n'),
    '',
  ].join('\n');
}

/** Leaves out what only people and the API server read. */
function compact(schema: JsonSchema): JsonSchema {
  return mapSchema(schema, (part) =>
    without(part, 'description', 'format', 'x-kubernetes-validations'),
  );
}

function strict(schema: JsonSchema): JsonSchema {
  return mapSchema(schema, (part) =>
    part.properties === undefined ? part : { ...part, additionalProperties: false },
  );
}
