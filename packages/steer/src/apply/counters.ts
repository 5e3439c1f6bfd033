import type { NodeName } from '@fairlead/cluster';
import type { ByteMap } from './byte-map.ts';
import { encodeU32 } from './layout.ts';

/** Packets to our ports since the maps were made; an agent's restart does not reset them. */
export interface SteerCounters {
  /** Handed to each node. */
  readonly steered: ReadonlyMap<NodeName, bigint>;
  /** Stayed: this node's own row, or one that is left to kube-proxy. */
  readonly kept: bigint;
  /** Came from a node and stayed, whatever their row. */
  readonly hopDone: bigint;
  /** Went to their row's second choice; handed over or kept besides. */
  readonly secondChoice: bigint;
  /** Stayed since no node of their row has a known MAC address on the segment. */
  readonly unreachable: bigint;
  /** Were for another host's MAC address. */
  readonly foreignMac: bigint;
  /** IPv4 fragments to one of our addresses; they stay. */
  readonly fragments: bigint;
}

/** enum counter */
const counterNames = [
  'kept',
  'hopDone',
  'secondChoice',
  'unreachable',
  'foreignMac',
  'fragments',
] as const satisfies readonly (keyof SteerCounters)[];

/** @param nodes names with their indices */
export function readCounters(
  counters: ByteMap,
  steered: ByteMap,
  nodes: Iterable<readonly [NodeName, number]>,
): SteerCounters {
  const named = Object.fromEntries(
    counterNames.map((name, index) => [name, sumOfCpus(counters, index)]),
  ) as Record<(typeof counterNames)[number], bigint>;
  return {
    ...named,
    steered: new Map(Array.from(nodes, ([name, index]) => [name, sumOfCpus(steered, index)])),
  };
}

function sumOfCpus(map: ByteMap, index: number): bigint {
  const values = map.get(encodeU32(index)) ?? new Uint8Array();
  const view = new DataView(values.buffer, values.byteOffset, values.byteLength);
  let sum = 0n;
  for (let at = 0; at < view.byteLength; at += 8) sum += view.getBigUint64(at, true);
  return sum;
}
