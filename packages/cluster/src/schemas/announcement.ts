import { z } from 'zod';
import type { OwnObject } from './metadata.ts';
import type { OwnKind } from './kind.ts';
import { validatedBy } from './kubernetes-validation.ts';
import { labelSelector } from './label-selector.ts';
import { objectName } from './names.ts';

const announcementSpec = z
  .object({
    pools: z
      .array(objectName)
      .max(64)
      .default([])
      .describe('AddressPools by name whose addresses this is about. Empty means all.'),
    serviceSelector: labelSelector(
      'Selects by their labels the Services this is about. Missing means all.',
    ).optional(),
    nodeSelector: labelSelector(
      'Selects by their labels the nodes that may answer for the addresses. Missing means all.',
    ).optional(),
    interfaces: z
      .array(
        z
          .string()
          .min(1)
          .max(64)
          .regex(/^[^\s/]+$/)
          .meta({
            form: "an interface's name without spaces and /, with *, ? or [a-z] if wanted",
            // A rule and not the pattern: agents leave out objects that do not fit their pattern.
            ...validatedBy({
              rule: String.raw`self.matches(r'^([^\[\]]|\[[^\[\]]+\])+$')`,
              message: 'must close each [ with ] and name what may stand there, as in bond[0-9]',
            }),
          }),
      )
      .max(32)
      .default([])
      .describe(
        'Interfaces on which the addresses are announced, as names with `*`, `?` and `[a-z]`. Empty means those on whose network the address lies.',
      ),
    preferredNodes: labelSelector(
      'Selects by their labels nodes that answer before all others while they are alive. Missing means no preference.',
    ).optional(),
  })
  .describe('What is announced, by which nodes and where.');

export const announcement = {
  kind: 'Announcement',
  plural: 'announcements',
  shortNames: [],
  description:
    'How addresses are announced, where the default does not fit: by all nodes, on the interfaces on whose network the address lies. Where two select the same Service, the first by name counts.',
  spec: announcementSpec,
  statusSubresource: false,
  inKubernetes: true,
  columns: [
    {
      name: 'Pools',
      type: 'string',
      jsonPath: '.spec.pools',
      description: 'Pools whose addresses this is about',
    },
    {
      name: 'Interfaces',
      type: 'string',
      jsonPath: '.spec.interfaces',
      description: 'Interfaces on which they are announced',
    },
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp', description: 'Age' },
  ],
  example: `apiVersion: fairlead.dev/v1alpha1
kind: Announcement
metadata:
  name: rack-1
spec:
  pools: [lan]
  nodeSelector:
    matchLabels:
      topology.kubernetes.io/zone: rack-1
  interfaces: ['bond*']
`,
} as const satisfies OwnKind;

export type AnnouncementObject = OwnObject<z.output<typeof announcementSpec>>;
