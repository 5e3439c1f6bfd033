import { z } from 'zod';
import { namespacedMetadata } from './metadata.ts';

const endpoint = z.object({
  addresses: z
    .array(z.string())
    .min(1)
    .describe('Its address; as Kubernetes demands, only the first is used.'),
  nodeName: z
    .string()
    .optional()
    .describe('The node the pod is on. Without it the address of the client is lost.'),
  conditions: z
    .object({
      ready: z.boolean().optional().describe('Takes new connections. Missing means true.'),
      serving: z
        .boolean()
        .optional()
        .describe('Still answers, even while it terminates. Missing means true.'),
      terminating: z.boolean().optional().describe('Is going away. Missing means false.'),
    })
    .default({})
    .describe('Its state.'),
});

const endpointPort = z.object({
  name: z.string().default('').describe('The name of the port of the Service.'),
  protocol: z.enum(['TCP', 'UDP', 'SCTP']).default('TCP').describe('The protocol.'),
  port: z.int().min(1).max(65_535).optional().describe('The port of the pod.'),
});

/** What we read of a discovery.k8s.io/v1 EndpointSlice. */
export const endpointSlice = z
  .object({
    metadata: namespacedMetadata.describe(
      'The label `kubernetes.io/service-name` names the Service; a Service may have many slices.',
    ),
    addressType: z
      .enum(['IPv4', 'IPv6', 'FQDN'])
      .describe('The family of all its addresses. `FQDN` slices are left alone.'),
    endpoints: z.array(endpoint).default([]).describe('The pods.'),
    ports: z.array(endpointPort).default([]).describe('The ports of all its pods.'),
  })
  .describe('Pods behind a Service.');

export type EndpointSliceObject = z.output<typeof endpointSlice>;
