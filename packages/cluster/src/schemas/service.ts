import { z } from 'zod';
import { namespacedMetadata } from './metadata.ts';

const servicePort = z.object({
  name: z.string().max(63).default('').describe('Needed where there are several ports.'),
  protocol: z
    .enum(['TCP', 'UDP', 'SCTP'])
    .default('TCP')
    .describe('The protocol. Together with the port it must be unique in the Service.'),
  port: z.int().min(1).max(65_535).describe('The port that clients connect to.'),
});

const serviceSpec = z.object({
  type: z
    .string()
    .default('ClusterIP')
    .describe('`LoadBalancer`; Services of other types are left alone.'),
  loadBalancerClass: z
    .string()
    .optional()
    .describe('`fairlead.dev/lb` or none; Services of other classes are left alone.'),
  loadBalancerIP: z
    .string()
    .optional()
    .describe('Requests an address; the annotation `fairlead.dev/addresses` takes two.'),
  ipFamilies: z
    .array(z.enum(['IPv4', 'IPv6']))
    .max(2)
    .default([])
    .describe(
      'The wanted families, the primary one first. If missing in a standalone file: those of the requested addresses; else IPv4, with IPv6 behind it if the policy is a dual-stack one.',
    ),
  ipFamilyPolicy: z
    .enum(['SingleStack', 'PreferDualStack', 'RequireDualStack'])
    .optional()
    .describe(
      '`SingleStack`: an address of the first family. `PreferDualStack`: of both, or of the one there is. `RequireDualStack`: of both or none. If missing: `RequireDualStack` where two families are named, else `SingleStack`.',
    ),
  ports: z.array(servicePort).min(1).describe('The ports that are served.'),
  externalTrafficPolicy: z
    .enum(['Cluster', 'Local'])
    .default('Cluster')
    .describe('Pods see the address of the client under both policies.'),
  sessionAffinity: z
    .enum(['None', 'ClientIP'])
    .default('None')
    .describe('`ClientIP` keeps a client at the same pod.'),
  sessionAffinityConfig: z
    .object({
      clientIP: z
        .object({
          timeoutSeconds: z
            .int()
            .min(1)
            .max(86_400)
            .default(10_800)
            .describe('For how long after its last connection a client keeps its pod.'),
        })
        .optional()
        .describe('For `ClientIP`.'),
    })
    .optional()
    .describe('How session affinity works.'),
  loadBalancerSourceRanges: z
    .array(z.string())
    .default([])
    .describe(
      'Networks whose clients are let in, as in `198.51.100.0/24`. Empty means everybody. If one cannot be read, the Service is not served at all until it is mended: a typing error never opens it to everybody.',
    ),
});

/** What we read of a core/v1 Service. */
export const service = z
  .object({
    metadata: namespacedMetadata.describe('Who it is, and what it requests by annotations.'),
    spec: serviceSpec.describe('What is served.'),
  })
  .describe('A Service of type LoadBalancer.');

/** What we read of a Service's status, beside what is served. */
export const publishedService = z.object({
  metadata: z.object({ uid: z.string().min(1) }),
  status: z
    .object({
      loadBalancer: z
        .object({ ingress: z.array(z.object({ ip: z.string().optional() })).default([]) })
        .prefault({}),
    })
    .prefault({}),
});

export type PublishedServiceObject = z.output<typeof publishedService>;

export type ServiceObject = z.output<typeof service>;
