import { defineResource, resources, type KubeObject, type Resource } from '@fairlead/kube';

const own = { group: 'fairlead.dev', version: 'v1alpha1', namespaced: false } as const;

/** An object of Fairlead, as far as a lab looks into it. */
export interface FairleadObject extends KubeObject {
  readonly spec?: object;
  readonly status?: { readonly conditions?: readonly object[] } & Readonly<Record<string, unknown>>;
}

export const fairleadKinds = {
  addressPools: defineResource<FairleadObject>({
    ...own,
    kind: 'AddressPool',
    plural: 'addresspools',
  }),
  announcements: defineResource<FairleadObject>({
    ...own,
    kind: 'Announcement',
    plural: 'announcements',
  }),
  nodeReports: defineResource<FairleadObject>({
    ...own,
    kind: 'NodeReport',
    plural: 'nodereports',
  }),
} as const;

const byKind = new Map<string, Resource<KubeObject>>(
  [...Object.values(resources), ...Object.values(fairleadKinds)].map((each) => [each.kind, each]),
);

/** @throws RangeError for a kind that no lab makes objects of */
export function resourceOf({ kind = '' }: KubeObject): Resource<KubeObject> {
  const resource = byKind.get(kind);
  if (resource === undefined) throw new RangeError(`no resource is known for kind '${kind}'`);
  return resource;
}
