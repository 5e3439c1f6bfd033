import { z } from 'zod';
import { metadata } from './metadata.ts';

const nodeStatus = z.object({
  addresses: z
    .array(
      z.object({
        type: z.string().describe('`InternalIP`; others are left alone.'),
        address: z.string().describe('The address.'),
      }),
    )
    .default([])
    .describe('Addresses of the node: how its peers reach it.'),
  conditions: z
    .array(
      z.object({
        type: z.string().describe('`Ready`; others are left alone.'),
        status: z.string().describe('`True`, `False` or `Unknown`.'),
      }),
    )
    .default([])
    .describe('A node without the condition `Ready` counts as ready.'),
});

/** What we read of a core/v1 Node. */
export const node = z
  .object({
    metadata: metadata.describe(
      'A node with the label `node.kubernetes.io/exclude-from-external-load-balancers`, whatever its value, answers for no address.',
    ),
    status: nodeStatus.prefault({}).describe('Where the node is.'),
  })
  .describe('A node on which an agent runs.');

export type NodeObject = z.output<typeof node>;
