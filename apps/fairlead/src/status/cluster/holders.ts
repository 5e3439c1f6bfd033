import type { NodeReportStatus } from '@fairlead/cluster';
import type { IpAddress } from '@fairlead/ip';
import { bucketOf } from '@fairlead/membership';

/** A node's report as far as ownership goes. */
export interface HoldingNode {
  readonly node: string;
  readonly ready: boolean;
  readonly held: NodeReportStatus['held'];
}

/** Who answers for an address, and where. */
export interface Holder {
  readonly node: string;
  readonly interface: string;
  /** Milliseconds since 1970: since when the node answers for just what it answers for now. */
  readonly sinceMs: number;
}

/**
 * The node that answers for an address by what the agents have reported. The report of a node that died says for
 * ever what it held: so the newest counts, and a node that is ready before one that is not.
 * @param announcement that which counts for the address; empty where none does
 */
export function holderOf(
  nodes: readonly HoldingNode[],
  address: IpAddress,
  announcement: string,
): Holder | undefined {
  const bucket = bucketOf(address);
  const [first] = nodes
    .flatMap(({ node, ready, held }) =>
      held
        .filter((each) => each.announcement === announcement && hasBucket(each.buckets, bucket))
        .map((each) => ({
          ready,
          holder: { node, interface: each.interface, sinceMs: Date.parse(each.since) },
        })),
    )
    .sort((a, b) => Number(b.ready) - Number(a.ready) || b.holder.sinceMs - a.holder.sinceMs);
  return first?.holder;
}

/** Bit 0 of byte 0 is bucket 0. */
function hasBucket(bitmap: string, bucket: number): boolean {
  const byte = Buffer.from(bitmap, 'base64')[bucket >> 3] ?? 0;
  return ((byte >> (bucket & 7)) & 1) === 1;
}
