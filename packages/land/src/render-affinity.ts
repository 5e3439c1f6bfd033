import { familyOf, type IpFamily } from '@fairlead/ip';
import { entryKey, podKey } from './entry-key.ts';
import type { LandEntry, LandPod } from './plan.ts';
import {
  addressType,
  entryExpression,
  entryType,
  ip,
  packetSetSize,
  type TableDraft,
} from './table-draft.ts';

/**
 * Session affinity by client address: each pod has a set of its clients (by entry), refreshed by every new
 * connection; it outlives our updates and restarts, and ends with the pod. A client in no set is given a pod
 * by its address alone, so that connections opened at once agree. Returns the entry's chain.
 */
export function addAffinity(table: TableDraft, entry: LandEntry, seconds: number): string {
  const family = familyOf(entry.address);
  const saddr = `${ip[family]} saddr`;
  const pods = entry.pods.map((pod) => addPod(table, family, pod, seconds));
  const known = pods.map(
    ({ chain, clients }) => `${entryExpression(family)} . ${saddr} @${clients} goto ${chain}`,
  );
  const choose = pods.map(({ chain }, place) =>
    place === pods.length - 1
      ? `goto ${chain}`
      : `jhash ${saddr} mod ${pods.length} seed 0x1 ${place} goto ${chain}`,
  );
  const chain = `affinity/${entryKey(entry)}`;
  table.chains.set(chain, { hook: '', rules: [...known, ...choose] });
  return chain;
}

/** A pod's set, and the chain that remembers a client and sends it there. */
function addPod(table: TableDraft, family: IpFamily, pod: LandPod, seconds: number) {
  const key = podKey(pod);
  const clients = `clients/${key}`;
  table.sets.set(clients, {
    kind: 'set',
    declaration: `type ${entryType(family)} . ${addressType[family]}; size ${packetSetSize.clients}; flags dynamic,timeout;`,
    elements: undefined,
  });
  const target = family === 4 ? `${pod.address}:${pod.port}` : `[${pod.address}]:${pod.port}`;
  const chain = `stick/${key}/${seconds}s`;
  table.chains.set(chain, {
    hook: '',
    rules: [
      // Where the set is full this rule ends here, and the client is served all the same.
      `update @${clients} { ${entryExpression(family)} . ${ip[family]} saddr timeout ${seconds}s }`,
      'counter name "landed"',
      `meta l4proto { 6, 17, 132 } dnat ${ip[family]} to ${target}`,
    ],
  });
  return { chain, clients };
}
