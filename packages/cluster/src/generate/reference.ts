import { ownApiVersion, type OwnKind } from '../schemas/kind.ts';
import { jsonSchema, type JsonSchema } from './json-schema.ts';

/** A kind of Kubernetes' own of which we read a part. */
export interface CoreKind {
  readonly kind: string;
  readonly apiVersion: string;
  readonly schema: JsonSchema;
}

const madeBy =
  '<!-- Made by `node scripts/generate.ts` from packages/cluster/src/schemas; do not edit. -->';

/** The reference page of a kind of our own. */
export function ownReference(own: OwnKind): string {
  const where = own.inKubernetes
    ? 'Scope: the whole cluster (no namespace).'
    : 'In standalone files only.';
  return page([
    madeBy,
    `# ${own.kind}`,
    own.description,
    `\`apiVersion: ${ownApiVersion}\`, \`kind: ${own.kind}\`. ${where}`,
    `\`\`\`yaml\n${own.example}\`\`\``,
    ...section('spec', own.spec && jsonSchema(own.spec)),
    ...section('status', own.status && jsonSchema(own.status)),
  ]);
}

/** The reference page of the parts that we read of Kubernetes' own kinds. */
export function coreReference(kinds: readonly CoreKind[], annotations: string): string {
  return page([
    madeBy,
    "# What Fairlead reads of Kubernetes' objects",
    'Other fields may be there and are not looked at.',
    ...kinds.flatMap(({ kind, apiVersion, schema }) => [
      `## ${kind} (${apiVersion})`,
      schema.description ?? '',
      fieldTable('', schema),
      ...(kind === 'Service' ? ['### Annotations', annotations] : []),
    ]),
  ]);
}

/** A Markdown table; cells may hold any text. */
export function markdownTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  const line = (cells: readonly string[]) => `| ${cells.map(escapeCell).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

function page(blocks: readonly string[]): string {
  return `${blocks.join('\n\n')}\n`;
}

/** A table of the fields, and below it what the rules refuse that types do not say. */
function section(name: string, schema: JsonSchema | undefined): string[] {
  if (schema === undefined) return [];
  const rules = rulesOf(name, schema).map((rule) => `- ${rule}`);
  return [
    `## ${name}`,
    fieldTable(name, schema),
    ...(rules.length > 0 ? ['Rules:', rules.join('\n')] : []),
  ];
}

function fieldTable(parent: string, schema: JsonSchema): string {
  return markdownTable(['Field', 'Type', 'Meaning'], fieldRows(parent, schema));
}

function fieldRows(parent: string, schema: JsonSchema): string[][] {
  const rows: string[][] = [];
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    const path = parent === '' ? name : `${parent}.${name}`;
    const required = schema.required?.includes(name) ?? false;
    const { items } = property;
    rows.push([`\`${path}\``, typeText(property), meaning(property, required)]);
    rows.push(...(items === undefined ? fieldRows(path, property) : fieldRows(`${path}[]`, items)));
  }
  return rows;
}

function typeText(schema: JsonSchema): string {
  if (schema.enum !== undefined) return schema.enum.map((value) => `\`${value}\``).join(', ');
  if (schema.items !== undefined) {
    return schema.items.type === 'object' ? 'list of objects' : `list of ${typeText(schema.items)}`;
  }
  if (schema.additionalProperties) return 'map of text to text';
  const { type = '', minimum, maximum } = schema;
  const bounded = maximum !== undefined && maximum !== Number.MAX_SAFE_INTEGER;
  return `${type === 'string' ? 'text' : type}${bounded ? `, ${minimum} to ${maximum}` : ''}`;
}

function meaning({ description = '', default: initial }: JsonSchema, required: boolean): string {
  const scalar = typeof initial === 'boolean' || typeof initial === 'number';
  const shown = scalar || (typeof initial === 'string' && initial !== '');
  const text = shown ? ` Default: \`${initial}\`.` : '';
  return `${description}${text}${required ? ' **Required.**' : ''}`;
}

function rulesOf(path: string, schema: JsonSchema): string[] {
  return [
    ...(schema['x-kubernetes-validations'] ?? []).map(({ message }) => `\`${path}\`: ${message}.`),
    ...Object.entries(schema.properties ?? {}).flatMap(([name, property]) =>
      rulesOf(`${path}.${name}`, property),
    ),
    ...(schema.items === undefined ? [] : rulesOf(`${path}[]`, schema.items)),
  ];
}

function escapeCell(text: string): string {
  return text.replaceAll('|', String.raw`\|`).replaceAll('\n', ' ');
}
