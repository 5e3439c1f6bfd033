import { z } from 'zod';
import type { OwnObject } from './metadata.ts';
import type { OwnKind } from './kind.ts';

const clusterSpec = z
  .object({
    clusterId: z
      .string()
      .min(1)
      .max(63)
      .regex(/^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/)
      .meta({ form: 'letters, digits, -, _ and ., beginning and ending with a letter or digit' })
      .describe(
        'Tells this cluster from others on the same network: agents ignore heartbeats with another id. Any name or UUID, the same on all nodes, different in each cluster.',
      ),
    keyFile: z
      .string()
      .min(1)
      .max(4096)
      .describe(
        'File with the key that protects heartbeats, absolute or relative to the file this stands in. The same on all nodes.',
      ),
  })
  .describe('What the agents of one cluster have in common.');

export const clusterDocument = {
  kind: 'Cluster',
  plural: 'clusters',
  shortNames: [],
  description:
    'Identity of a standalone cluster. Every standalone file holds exactly one; in Kubernetes there is none, as the cluster has an identity there.',
  spec: clusterSpec,
  statusSubresource: false,
  inKubernetes: false,
  columns: [],
  example: `apiVersion: fairlead.dev/v1alpha1
kind: Cluster
metadata:
  name: edge
spec:
  clusterId: edge-berlin
  keyFile: membership.key
`,
} as const satisfies OwnKind;

export type ClusterSpec = z.output<typeof clusterSpec>;

export type ClusterObject = OwnObject<ClusterSpec>;
