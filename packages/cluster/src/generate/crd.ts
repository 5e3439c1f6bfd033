import { stringify } from 'yaml';
import { ownApiVersion, type OwnKind } from '../schemas/kind.ts';
import { jsonSchema, mapSchema, without, type JsonSchema } from './json-schema.ts';

/** The CustomResourceDefinition of a kind, as YAML. */
export function crdYaml(own: OwnKind): string {
  const [group = '', version = ''] = ownApiVersion.split('/');
  const definition = {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${own.plural}.${group}` },
    spec: {
      group,
      scope: 'Cluster',
      names: {
        kind: own.kind,
        listKind: `${own.kind}List`,
        plural: own.plural,
        singular: own.kind.toLowerCase(),
        ...(own.shortNames.length > 0 ? { shortNames: own.shortNames } : {}),
        categories: ['fairlead'],
      },
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          additionalPrinterColumns: own.columns,
          ...(own.statusSubresource ? { subresources: { status: {} } } : {}),
          schema: { openAPIV3Schema: objectSchema(own) },
        },
      ],
    },
  };
  // YAML 1.1 quoting, as older readers take `on` and `y` for booleans.
  const yaml = stringify(definition, {
    compat: 'yaml-1.1',
    lineWidth: 100,
    aliasDuplicateObjects: false,
  });
  return `# Made by \`node scripts/generate.ts\` from packages/cluster/src/schemas; do not edit.\n${yaml}`;
}

function objectSchema(own: OwnKind): JsonSchema {
  return {
    type: 'object',
    description: own.description,
    ...(own.spec === undefined ? {} : { required: ['spec'] }),
    properties: {
      apiVersion: { type: 'string' },
      kind: { type: 'string' },
      metadata: { type: 'object' },
      ...(own.spec === undefined ? {} : { spec: structural(jsonSchema(own.spec)) }),
      ...(own.status === undefined ? {} : { status: structural(jsonSchema(own.status)) }),
    },
  };
}

/** Leaves out what is ours alone (`form` explains a pattern to people) and says first what a field is for. */
function structural(schema: JsonSchema): JsonSchema {
  return mapSchema(schema, ({ description, type, ...rest }) => ({
    ...(description === undefined ? {} : { description }),
    ...(type === undefined ? {} : { type }),
    ...without(rest, 'form'),
  }));
}
