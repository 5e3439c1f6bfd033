import { z } from 'zod';
import type { OwnObject } from './metadata.ts';
import { conditions } from './condition.ts';
import type { OwnKind } from './kind.ts';
import { validatedBy } from './kubernetes-validation.ts';
import { labelSelector } from './label-selector.ts';
import { namespaceName } from './names.ts';

// The API server refuses rules that might take long: it estimates their cost from the longest lists and
// texts that the schema allows. So they are as simple as they can be, and the order of the ends of an IPv6
// range is left to the controller.
const ends = "self.split('-')";
const isFromTo = `(self.matches('^[0-9A-Fa-f.:]+ *- *[0-9A-Fa-f.:]+$') && ${ends}.all(end, isIP(end.trim())))`;
const octets = "self.replace(' ', '').replace('-', '.').split('.')";
const integer = (first: number) =>
  `((int(o[${first}]) * 256 + int(o[${first + 1}])) * 256 + int(o[${first + 2}])) * 256 + int(o[${first + 3}])`;

const addressRange = z
  .string()
  .min(1)
  .max(96)
  .meta(
    validatedBy(
      {
        rule: `isCIDR(self) || ${isFromTo}`,
        message:
          'must be a network such as 192.0.2.0/24 or a range such as 192.0.2.10-192.0.2.20; one address alone is written 192.0.2.7/32',
      },
      {
        rule: '!isCIDR(self) || cidr(self) == cidr(self).masked()',
        message: 'must have no bits set behind its prefix length, as in 192.0.2.0/24',
      },
      {
        rule: `!self.contains('-') || ${ends}[0].contains(':') == ${ends}[1].contains(':')`,
        message: 'must have both ends of one family',
      },
      {
        rule: `!self.matches('^[0-9. ]+-[0-9. ]+$') || [${octets}].all(o, size(o) != 8 || ${integer(0)} <= ${integer(4)})`,
        message: 'must have its lower end first',
      },
    ),
  );

const addressPoolSpec = z
  .object({
    addresses: z
      .array(addressRange)
      .min(1)
      .max(64)
      .describe(
        'The addresses to give to Services: networks (`192.0.2.0/24`) or ranges (`192.0.2.10-192.0.2.20`, both ends included). IPv4 and IPv6 may be mixed. They must be free in your network.',
      ),
    autoAssign: z
      .boolean()
      .default(true)
      .describe(
        'Whether Services get addresses from here without asking. If false, only those that request this pool or one of its addresses.',
      ),
    priority: z
      .int()
      .min(1)
      .max(2_147_483_647)
      .optional()
      .describe(
        'Which pool is used first where several admit a Service: 1 comes first, pools without a priority come last. Of equal ones, pools with selectors come before those open to all, then by name.',
      ),
    namespaces: z
      .array(namespaceName)
      .max(256)
      .default([])
      .describe(
        'Namespaces whose Services may use the pool. Together with `namespaceSelector`, either is enough; where both are missing, all namespaces may.',
      ),
    namespaceSelector: labelSelector(
      'Selects by their labels further namespaces whose Services may use the pool.',
    ).optional(),
    serviceSelector: labelSelector(
      'Selects by their labels the Services that may use the pool, within those namespaces. Missing means all.',
    ).optional(),
    skipEdges: z
      .boolean()
      .default(false)
      .describe(
        'Leave alone the first and the last address of each network, and IPv4 addresses that end in .0 or .255, even where a Service requests one.',
      ),
    reuseAfter: z
      .string()
      .regex(/^(0|[1-9][0-9]{0,5})[smh]$/)
      .meta({ form: 'a whole number with s, m or h, as in 90s, 10m or 24h' })
      .default('0s')
      .describe(
        'For how long an address that a Service has given back is not given to another one, as in `10m`: clients may still know it as the old one. Who had it, or requests it, gets it at once. The controller remembers this until it is restarted or another replica leads.',
      ),
  })
  .describe('What the pool holds and who may use it.');

const counts = z.object({
  total: z
    .string()
    .max(40)
    .describe('How many addresses there are, as decimal text: an IPv6 pool may hold 2^128.'),
  used: z.int().min(0).max(Number.MAX_SAFE_INTEGER).describe('How many of them Services hold.'),
  free: z.string().max(40).describe('How many are left, as decimal text.'),
});

const addressPoolStatus = z
  .object({
    ipv4: counts.optional().describe('The IPv4 addresses of the pool.'),
    ipv6: counts.optional().describe('The IPv6 addresses of the pool.'),
    conditions: conditions.optional().describe('Whether the pool is usable, and why not.'),
  })
  .describe('What the controller found. Nobody else writes it.');

export const addressPool = {
  kind: 'AddressPool',
  plural: 'addresspools',
  shortNames: [],
  description:
    'Addresses for Services of type LoadBalancer. One AddressPool is all that is needed to start. Where two pools hold the same address, the older one keeps it (by `metadata.creationTimestamp`, of those made in the same second the first by name; in a standalone file without these, the first in the file).',
  spec: addressPoolSpec,
  status: addressPoolStatus,
  statusSubresource: true,
  inKubernetes: true,
  columns: [
    {
      name: 'Addresses',
      type: 'string',
      jsonPath: '.spec.addresses',
      description: 'What the pool holds',
    },
    {
      name: 'Auto-assign',
      type: 'boolean',
      jsonPath: '.spec.autoAssign',
      description: 'Whether Services get addresses from here without asking',
    },
    {
      name: 'IPv4 free',
      type: 'string',
      jsonPath: '.status.ipv4.free',
      description: 'IPv4 addresses left',
    },
    {
      name: 'IPv6 free',
      type: 'string',
      jsonPath: '.status.ipv6.free',
      description: 'IPv6 addresses left',
    },
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp', description: 'Age' },
  ],
  example: `apiVersion: fairlead.dev/v1alpha1
kind: AddressPool
metadata:
  name: lan
spec:
  addresses:
    - 192.0.2.200-192.0.2.239
    - 2001:db8:0:1:ffff::/112
`,
} as const satisfies OwnKind;

export type AddressPoolObject = OwnObject<z.output<typeof addressPoolSpec>>;
