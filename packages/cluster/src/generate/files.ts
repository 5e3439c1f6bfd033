import { serviceAnnotations } from '../annotations.ts';
import { addressPool } from '../schemas/address-pool.ts';
import { announcement } from '../schemas/announcement.ts';
import { clusterDocument } from '../schemas/cluster-document.ts';
import { condition } from '../schemas/condition.ts';
import { endpointSlice } from '../schemas/endpoint-slice.ts';
import type { OwnKind } from '../schemas/kind.ts';
import { namespace } from '../schemas/namespace.ts';
import { node } from '../schemas/node.ts';
import { nodeReport, nodeReportReading } from '../schemas/node-report.ts';
import { publishedService, service } from '../schemas/service.ts';
import { crdYaml } from './crd.ts';
import { jsonSchema } from './json-schema.ts';
import { coreReference, markdownTable, ownReference, type CoreKind } from './reference.ts';
import { coreObject, ownObject, runtimeModule, type RuntimeSchema } from './runtime-schemas.ts';

/** A file made from the schemas. */
export interface GeneratedFile {
  /** Relative to the repository. */
  readonly path: string;
  readonly text: string;
}

const ownKinds: readonly OwnKind[] = [addressPool, announcement, nodeReport, clusterDocument];

const coreKinds: readonly CoreKind[] = [
  { kind: 'Service', apiVersion: 'v1', schema: jsonSchema(service) },
  {
    kind: 'EndpointSlice',
    apiVersion: 'discovery.k8s.io/v1',
    schema: jsonSchema(endpointSlice),
  },
  { kind: 'Node', apiVersion: 'v1', schema: jsonSchema(node) },
  { kind: 'Namespace', apiVersion: 'v1', schema: jsonSchema(namespace) },
];

const runtimeSchemas: readonly RuntimeSchema[] = [
  {
    name: 'addressPoolSchema',
    type: 'AddressPoolObject',
    from: '../schemas/address-pool.ts',
    schema: ownObject(addressPool),
  },
  {
    name: 'announcementSchema',
    type: 'AnnouncementObject',
    from: '../schemas/announcement.ts',
    schema: ownObject(announcement),
  },
  {
    name: 'clusterSchema',
    type: 'ClusterObject',
    from: '../schemas/cluster-document.ts',
    schema: ownObject(clusterDocument),
  },
  {
    name: 'endpointSliceSchema',
    type: 'EndpointSliceObject',
    from: '../schemas/endpoint-slice.ts',
    schema: coreObject(endpointSlice),
  },
  {
    name: 'namespaceSchema',
    type: 'NamespaceObject',
    from: '../schemas/namespace.ts',
    schema: coreObject(namespace),
  },
  {
    name: 'nodeSchema',
    type: 'NodeObject',
    from: '../schemas/node.ts',
    schema: coreObject(node),
  },
  {
    name: 'nodeReportSchema',
    type: 'NodeReportObject',
    from: '../schemas/node-report.ts',
    schema: coreObject(nodeReportReading),
  },
  {
    name: 'conditionSchema',
    type: 'Condition',
    from: '../schemas/condition.ts',
    schema: coreObject(condition),
  },
  {
    name: 'publishedServiceSchema',
    type: 'PublishedServiceObject',
    from: '../schemas/service.ts',
    schema: coreObject(publishedService),
  },
  {
    name: 'serviceSchema',
    type: 'ServiceObject',
    from: '../schemas/service.ts',
    schema: coreObject(service),
  },
];

/** All files made from the schemas: CRDs, the reference, and the schemas as the agent carries them. */
export function generatedFiles(): readonly GeneratedFile[] {
  return [
    ...ownKinds
      .filter(({ inKubernetes }) => inKubernetes)
      .map((own) => ({ path: `deploy/crds/fairlead.dev_${own.plural}.yaml`, text: crdYaml(own) })),
    ...ownKinds.map((own) => ({
      path: `docs/reference/${kebab(own.kind)}.md`,
      text: ownReference(own),
    })),
    {
      path: 'docs/reference/kubernetes-objects.md',
      text: coreReference(coreKinds, annotationTable()),
    },
    {
      path: 'packages/cluster/src/generated/object-schemas.ts',
      text: runtimeModule(runtimeSchemas),
    },
  ];
}

function annotationTable(): string {
  const rows = serviceAnnotations.map(({ names: [name, ...others], meaning }) => [
    `\`${name}\``,
    meaning,
    others.map((other) => `\`${other}\``).join(', '),
  ]);
  return markdownTable(['Annotation', 'Meaning', 'Also honoured'], rows);
}

function kebab(kind: string): string {
  return kind.replaceAll(/\B[A-Z]/gu, (letter) => `-${letter}`).toLowerCase();
}
