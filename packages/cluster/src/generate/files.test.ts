import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parse } from 'yaml';
import { addressPool } from '../schemas/address-pool.ts';
import { announcement } from '../schemas/announcement.ts';
import { clusterDocument } from '../schemas/cluster-document.ts';
import { nodeReport } from '../schemas/node-report.ts';
import type { OwnKind } from '../schemas/kind.ts';
import { readClusterText } from '../sources/file/read-cluster-text.ts';
import { generatedFiles } from './files.ts';

const files = generatedFiles();
const crds = files.filter(({ path }) => path.startsWith('deploy/crds/'));

/** What the API server takes in a schema, of which ours use no more. */
const accepted = new Set([
  'additionalProperties',
  'default',
  'description',
  'enum',
  'format',
  'items',
  'maxItems',
  'maxLength',
  'maximum',
  'minItems',
  'minLength',
  'minimum',
  'pattern',
  'properties',
  'required',
  'type',
  'x-kubernetes-list-map-keys',
  'x-kubernetes-list-type',
  'x-kubernetes-validations',
]);

function assertStructural(schema: Readonly<Record<string, unknown>>, path: string): void {
  assert.equal(typeof schema['type'], 'string', `${path} has no type`);
  for (const key of Object.keys(schema)) assert.ok(accepted.has(key), `${path}.${key}`);
  assert.notEqual(schema['additionalProperties'], false, path);
  const inner = {
    ...(schema['properties'] as object | undefined),
    ...(schema['items'] === undefined ? {} : { items: schema['items'] }),
  };
  for (const [name, part] of Object.entries(inner)) {
    assertStructural(part as Record<string, unknown>, `${path}.${name}`);
  }
}

describe('the generated files', () => {
  for (const { path, text } of crds) {
    it(`${path} has a structural schema in which every field of spec says what it is for`, () => {
      const crd = parse(text) as {
        spec: { versions: { schema: { openAPIV3Schema: Record<string, unknown> } }[] };
      };
      for (const { schema } of crd.spec.versions) assertStructural(schema.openAPIV3Schema, path);
    });
  }

  it('are a CRD for each kind that lives in Kubernetes, and a page for each', () => {
    const names = files.map(({ path }) => path.split('/').at(-1));
    assert.deepEqual(names, [
      'fairlead.dev_addresspools.yaml',
      'fairlead.dev_announcements.yaml',
      'fairlead.dev_nodereports.yaml',
      'address-pool.md',
      'announcement.md',
      'node-report.md',
      'cluster.md',
      'kubernetes-objects.md',
      'object-schemas.ts',
    ]);
  });

  it('say of every field what it is for', () => {
    for (const { path, text } of files) {
      if (path.endsWith('.md'))
        assert.doesNotMatch(text, /\| +(?:\*\*Required\.\*\* )?\|$/mu, path);
    }
  });

  it('have examples that work', () => {
    const kinds: readonly OwnKind[] = [clusterDocument, addressPool, announcement];
    const result = readClusterText(kinds.map(({ example }) => example).join('---\n'));
    assert.ok(result.ok);
    assert.deepEqual(result.state.problems, []);
    assert.ok(nodeReport.status.safeParse(parse(nodeReport.example).status).success);
  });
});
