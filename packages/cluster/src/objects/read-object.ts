import {
  addressPoolSchema,
  announcementSchema,
  clusterSchema,
  endpointSliceSchema,
  namespaceSchema,
  nodeReportSchema,
  nodeSchema,
  serviceSchema,
} from '../generated/object-schemas.ts';
import type { ClusterSpec } from '../schemas/cluster-document.ts';
import type { Metadata } from '../schemas/metadata.ts';
import { fit, type ShapeFault } from '../shape/fit.ts';
import { rawField } from '../shape/raw-field.ts';
import type { Schema } from '../shape/schema.ts';
import type {
  AddressPool,
  Announcement,
  ClusterNamespace,
  ClusterNode,
  LoadBalancerService,
  Problem,
  ServiceKey,
  UnservedService,
} from '../state.ts';
import { readAddressPool } from './address-pool.ts';
import { readAnnouncement } from './announcement.ts';
import { converted, leftOut, problemOf, type Converted } from './converted.ts';
import { readEndpointSlice, type SliceEndpoints } from './endpoint-slice.ts';
import { readNodeReport, type NamedReport } from './node-report.ts';
import { readNode } from './node.ts';
import { hasOurConditions, readPublishedStatus } from './published-status.ts';
import type { ReadOptions, Reader } from './read-options.ts';
import { isOthers, readService } from './service.ts';

/** One object that the state is made of. */
export type ClusterObject = {
  /** `Kind/name` or `Kind/namespace/name`. */
  readonly id: string;
  /** Milliseconds since 1970; Infinity where the object does not say when it was made. */
  readonly createdMs: number;
} & (
  | { readonly kind: 'AddressPool'; readonly value: AddressPool }
  | { readonly kind: 'Announcement'; readonly value: Announcement }
  | { readonly kind: 'Cluster'; readonly value: ClusterSpec }
  | { readonly kind: 'EndpointSlice'; readonly value: SliceEndpoints }
  | { readonly kind: 'Namespace'; readonly value: ClusterNamespace }
  | { readonly kind: 'Node'; readonly value: ClusterNode }
  | { readonly kind: 'NodeReport'; readonly value: NamedReport }
  | { readonly kind: 'Service'; readonly value: LoadBalancerService }
  | { readonly kind: 'UnservedService'; readonly value: UnservedService }
);

/** A kind that we read. */
export type ClusterObjectKind = Exclude<ClusterObject['kind'], 'UnservedService'>;

/** A kind that people write: a standalone file holds no other. */
export type WrittenKind = Exclude<ClusterObjectKind, 'NodeReport'>;

/** What became of one object of unknown shape. */
export interface ReadObject {
  readonly id: string;
  readonly kind: ClusterObjectKind;
  /** Undefined where it is refused, or not ours. */
  readonly object: ClusterObject | undefined;
  readonly faults: readonly ShapeFault[];
}

/** What a person has to mend in an object, and what happens until then. */
export function problemsOf(
  { id, kind, object, faults }: ReadObject,
  { name = id, kept = false }: { readonly name?: string; readonly kept?: boolean } = {},
): readonly Problem[] {
  const refused = object === undefined || object.kind === 'UnservedService';
  const consequence = refused ? ` ${outcome(kind, kept)}` : '';
  return faults.map((fault) =>
    problemOf(name, { ...fault, message: `${fault.message}${consequence}` }),
  );
}

function outcome(kind: ClusterObjectKind, kept: boolean): string {
  if (kind === 'Service') return 'The Service is not served until then.';
  if (!kept) return 'The object is not used until then.';
  return 'The object as it was before this edit is used until then.';
}

/** The kinds that people write, with their API versions. */
export const apiVersions: Readonly<Record<WrittenKind, string>> = {
  AddressPool: 'fairlead.dev/v1alpha1',
  Announcement: 'fairlead.dev/v1alpha1',
  Cluster: 'fairlead.dev/v1alpha1',
  EndpointSlice: 'discovery.k8s.io/v1',
  Namespace: 'v1',
  Node: 'v1',
  Service: 'v1',
};

/**
 * Reads an object of a known kind, as it comes from the API or from a file: judged by itself, whatever the
 * others are.
 */
export function readObject(
  kind: ClusterObjectKind,
  value: unknown,
  options: ReadOptions,
): ReadObject {
  switch (kind) {
    case 'AddressPool':
      return read(kind, addressPoolSchema, value, readAddressPool);
    case 'Announcement':
      return read(kind, announcementSchema, value, readAnnouncement);
    case 'Cluster':
      return read(kind, clusterSchema, value, ({ spec }) => converted(spec));
    case 'EndpointSlice':
      return read(kind, endpointSliceSchema, value, (slice) =>
        readEndpointSlice(slice, options.reader),
      );
    case 'Namespace':
      return read(kind, namespaceSchema, value, ({ metadata: { name, labels } }) =>
        converted({ name, labels }),
      );
    case 'Node':
      return read(kind, nodeSchema, value, readNode);
    case 'NodeReport':
      return read(kind, nodeReportSchema, value, (report) =>
        readNodeReport(report, options.reader),
      );
    case 'Service':
      return readServiceObject(value, options);
    default:
      return kind satisfies never;
  }
}

function readServiceObject(value: unknown, options: ReadOptions): ReadObject {
  const { reader } = options;
  if (isOthers(value, options)) {
    const id = objectId('Service', value);
    const released = reader !== undefined && hasOurConditions(value);
    const object = released ? unserved(value, 'released', reader) : undefined;
    return { id, kind: 'Service', object, faults: [] };
  }
  if (reader === undefined)
    return read('Service', serviceSchema, value, (each) => readService(each));
  const published = readPublishedStatus(value, reader);
  const result = read('Service', serviceSchema, value, (service) =>
    // Without its status we cannot know whose addresses it has.
    published.value === undefined
      ? leftOut(published.faults)
      : readService(service, published.value),
  );
  if (result.object !== undefined || result.faults.length === 0) return result;
  return { ...result, object: unserved(value, 'refused', reader) };
}

/** Undefined where its status cannot be read: then it is left alone. */
function unserved(
  value: unknown,
  why: UnservedService['why'],
  reader: Reader,
): ClusterObject | undefined {
  const { value: published } = readPublishedStatus(value, reader);
  if (published === undefined) return undefined;
  const metadata = rawField(value, 'metadata');
  const namespace = text(rawField(metadata, 'namespace')) ?? 'default';
  const name = text(rawField(metadata, 'name')) ?? '?';
  return {
    id: objectId('Service', value),
    kind: 'UnservedService',
    createdMs: timeOf(text(rawField(metadata, 'creationTimestamp'))),
    value: { key: `${namespace}/${name}` as ServiceKey, namespace, name, why, published },
  };
}

function read<K extends ClusterObjectKind, T extends { readonly metadata: Metadata }>(
  kind: K,
  schema: Schema<T>,
  value: unknown,
  convert: (object: T) => Converted<(ClusterObject & { readonly kind: K })['value']>,
): ReadObject {
  const fitted = fit(schema, value);
  const id = objectId(kind, value);
  if (!fitted.ok) return { id, kind, object: undefined, faults: fitted.faults };
  const { value: converted, faults } = convert(fitted.value);
  if (converted === undefined) return { id, kind, object: undefined, faults };
  const createdMs = timeOf(fitted.value.metadata.creationTimestamp);
  const object = { id, kind, createdMs, value: converted } as ClusterObject;
  return { id, kind, object, faults };
}

function timeOf(timestamp: string | undefined): number {
  const ms = Date.parse(timestamp ?? '');
  return Number.isNaN(ms) ? Infinity : ms;
}

/** The name of an object of any shape: `Kind/name`, or `Kind/namespace/name` for namespaced kinds. */
export function objectId(kind: string, value: unknown): string {
  const metadata = rawField(value, 'metadata');
  const name = text(rawField(metadata, 'name')) ?? '?';
  if (kind !== 'Service' && kind !== 'EndpointSlice') return `${kind}/${name}`;
  return `${kind}/${text(rawField(metadata, 'namespace')) ?? 'default'}/${name}`;
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
