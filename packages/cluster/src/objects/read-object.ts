import {
  addressPoolSchema,
  announcementSchema,
  clusterSchema,
  endpointSliceSchema,
  namespaceSchema,
  nodeSchema,
  serviceSchema,
} from '../generated/object-schemas.ts';
import type { ClusterSpec } from '../schemas/cluster-document.ts';
import type { Metadata } from '../schemas/metadata.ts';
import { fit, type ShapeFault } from '../shape/fit.ts';
import type { Schema } from '../shape/schema.ts';
import type {
  AddressPool,
  Announcement,
  ClusterNamespace,
  ClusterNode,
  LoadBalancerService,
} from '../state.ts';
import { readAddressPool } from './address-pool.ts';
import { readAnnouncement } from './announcement.ts';
import { converted, type Converted } from './converted.ts';
import { readEndpointSlice, type SliceEndpoints } from './endpoint-slice.ts';
import { readNode } from './node.ts';
import { readService, type ServiceOptions } from './service.ts';

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
  | { readonly kind: 'Service'; readonly value: LoadBalancerService }
);

/** A kind that we read. */
export type ClusterObjectKind = ClusterObject['kind'];

/** What became of one object of unknown shape. */
export interface ReadObject {
  readonly id: string;
  readonly kind: ClusterObjectKind;
  /** Undefined where it is refused, or not ours. */
  readonly object: ClusterObject | undefined;
  readonly faults: readonly ShapeFault[];
}

/** The kinds that we read, with their API versions. */
export const apiVersions: Readonly<Record<ClusterObjectKind, string>> = {
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
  options: ServiceOptions,
): ReadObject {
  switch (kind) {
    case 'AddressPool':
      return read(kind, addressPoolSchema, value, readAddressPool);
    case 'Announcement':
      return read(kind, announcementSchema, value, readAnnouncement);
    case 'Cluster':
      return read(kind, clusterSchema, value, ({ spec }) => converted(spec));
    case 'EndpointSlice':
      return read(kind, endpointSliceSchema, value, readEndpointSlice);
    case 'Namespace':
      return read(kind, namespaceSchema, value, ({ metadata: { name, labels } }) =>
        converted({ name, labels }),
      );
    case 'Node':
      return read(kind, nodeSchema, value, readNode);
    case 'Service':
      return read(kind, serviceSchema, value, (service) => readService(service, options));
    default:
      return kind satisfies never;
  }
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
  const metadata = field(value, 'metadata');
  const name = text(field(metadata, 'name')) ?? '?';
  if (kind !== 'Service' && kind !== 'EndpointSlice') return `${kind}/${name}`;
  return `${kind}/${text(field(metadata, 'namespace')) ?? 'default'}/${name}`;
}

function field(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  return Object.hasOwn(value, name) ? Reflect.get(value, name) : undefined;
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
