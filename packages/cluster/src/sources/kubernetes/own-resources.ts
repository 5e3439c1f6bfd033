import { defineResource, type KubeObject } from '@fairlead/kube';
import type { NodeReportStatus } from '../../schemas/node-report.ts';

const own = { group: 'fairlead.dev', version: 'v1alpha1', namespaced: false } as const;

/** An object as it is read: nothing is known of it yet. */
export interface UnreadObject extends KubeObject {
  readonly spec?: unknown;
  readonly status?: unknown;
}

/** A NodeReport as its agent writes it. */
export interface WrittenNodeReport extends KubeObject {
  readonly status?: NodeReportStatus;
}

/** Our own kinds, where the API server has them. */
export const ownResources = {
  addressPools: defineResource<UnreadObject>({
    ...own,
    kind: 'AddressPool',
    plural: 'addresspools',
  }),
  announcements: defineResource<UnreadObject>({
    ...own,
    kind: 'Announcement',
    plural: 'announcements',
  }),
  nodeReports: defineResource<WrittenNodeReport>({
    ...own,
    kind: 'NodeReport',
    plural: 'nodereports',
  }),
} as const;
