import type { IpFamily } from '@fairlead/ip';
import type { NftChain, NftSet } from './nft-table.ts';
import { addressType, entryExpression, ip, packetSetSize } from './table-draft.ts';

/** How long a stray flow is met with silence before it is reset. */
const strayGrace = '2s';
/** How long it is remembered, from its first stray packet. */
const strayMemory = '60s';
/** The most refusals that are sent; what is beyond is only dropped. */
const refusalLimit = 'limit rate 400/second burst 100 packets';

const families = [4, 6] as const;
const echoRequest = { 4: 'icmp type 8', 6: 'icmpv6 type 128' } as const;
/** SYN (2) alone of FIN, SYN, RST and ACK opens a flow; ECN's bits beside it do not matter. */
const opensNoFlow = 'tcp flags != 0x2 / 0x1,0x2,0x4,0x10';
/** NF_CT_STATE_INVALID_BIT, include/uapi/linux/netfilter/nf_conntrack_common.h */
const invalid = 'ct state 0x1';

/** Counters of rules that do not depend on the plan. */
export const fixedCounters = [
  'landed',
  'spoofed',
  'stray-dropped',
  'stray-refused',
  'guard-invalid',
  'guard-refused',
  'guard-dropped',
] as const;

/** Sets that the chains below fill from the packet path. */
export const packetSets: readonly (readonly [string, NftSet])[] = families.flatMap((family) =>
  ['grace', 'known'].map((word) => [`stray-${word}${family}`, flowSet(family)] as const),
);

/** The chains that do not depend on the plan: where packets come in, and what becomes of the rest. */
export const fixedChains: readonly (readonly [string, NftChain])[] = [
  [
    'prerouting',
    {
      // Before kube-proxy (-100): the first chain that rewrites a flow decides. A nat chain sees only the
      // packet that opens a flow, so established flows cost nothing here.
      hook: 'type nat hook prerouting priority -110; policy accept;',
      rules: [
        // Not by a pod's interface: a pod that is sent to itself does not know its own answer.
        'iifname != @announcing accept',
        // No client has an address of ours: answered, two echo Services would answer each other for ever.
        ...both(
          (v) =>
            `${ip[v]} saddr @addresses${v} ${ip[v]} daddr @addresses${v} counter name "spoofed" drop`,
        ),
        ...both((v) => `${opensNoFlow} ${ip[v]} daddr @addresses${v} goto stray${v}`),
        // The node's own address answers in place of ours, while a pod stands behind it.
        ...both((v) => `${echoRequest[v]} ${ip[v]} daddr @answering${v} redirect`),
        ...both((v) => `${entryExpression(v)} vmap @restricted${v}`),
        ...both((v) => `${entryExpression(v)} vmap @landing${v}`),
      ],
    },
  ],
  ...families.map((family) => [`stray${family}`, { hook: '', rules: strayRules(family) }] as const),
  [
    'forward',
    {
      // Before the chains of others (0), so that a refusal is sent even where they would drop.
      hook: 'type filter hook forward priority -10; policy accept;',
      rules: ['iifname != @announcing accept', ...both(toGuard)],
    },
  ],
  [
    'input',
    {
      // Behind IPVS (98 and 99), which has our addresses on kube-ipvs0 and takes packets from here.
      hook: 'type filter hook input priority 110; policy accept;',
      rules: [
        'iifname != @announcing accept',
        ...both(toGuard),
        // Conntrack would let an echo go on that began while a pod was there.
        ...both(
          (v) =>
            `${echoRequest[v]} ct original ${ip[v]} daddr @addresses${v} ct original ${ip[v]} daddr != @answering${v} drop`,
        ),
      ],
    },
  ],
  [
    'guard',
    {
      hook: '',
      rules: [
        // Out of its window, but perhaps of a living flow, which a reset would end.
        `${invalid} counter name "guard-invalid" drop`,
        `meta l4proto 6 ${refusalLimit} counter name "guard-refused" reject with tcp reset`,
        'meta l4proto { 1, 6, 58 } counter name "guard-dropped" drop',
        `${refusalLimit} counter name "guard-refused" reject`,
        'counter name "guard-dropped" drop',
      ],
    },
  ],
];

/**
 * A TCP packet that is not SYN and has no conntrack entry: its flow lives on another node, or nowhere any
 * more. Rewritten, which conntrack would do (nf_conntrack_tcp_loose), it makes a pod that never knew the
 * flow reset it. Silence lets a flow survive that was steered wrongly for a moment, as its client sends
 * again; a flow that is still here after the grace is reset, so that its client may open a new one.
 */
function strayRules(family: IpFamily): readonly string[] {
  const flow = `${ip[family]} saddr . tcp sport . ${ip[family]} daddr . tcp dport`;
  return [
    `${flow} @stray-grace${family} counter name "stray-dropped" drop`,
    `${flow} @stray-known${family} ${refusalLimit} counter name "stray-refused" reject with tcp reset`,
    `${flow} @stray-known${family} counter name "stray-dropped" drop`,
    `add @stray-grace${family} { ${flow} timeout ${strayGrace} }`,
    `add @stray-known${family} { ${flow} timeout ${strayMemory} }`,
    'counter name "stray-dropped" drop',
  ];
}

function flowSet(family: IpFamily): NftSet {
  const type = `${addressType[family]} . inet_service . ${addressType[family]} . inet_service`;
  const declaration = `type ${type}; size ${packetSetSize.flows}; flags dynamic,timeout;`;
  return { kind: 'set', declaration, elements: undefined };
}

/** What is still addressed to us was taken by nobody; sent on, it would come back as a loop. */
function toGuard(family: IpFamily): string {
  return `${ip[family]} daddr @addresses${family} goto guard`;
}

function both(rule: (family: IpFamily) => string): readonly string[] {
  return families.map(rule);
}
