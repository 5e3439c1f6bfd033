import type { AnnouncePlan, SegmentSummary } from '@fairlead/announce';
import type { NodeName, NodeReportStatus, Problem } from '@fairlead/cluster';
import type { IpAddress } from '@fairlead/ip';
import type { InterfaceAddress, TcMode } from '@fairlead/linux';
import { bucketCount } from '@fairlead/membership';
import { clip } from './clip.ts';
import { conflictProblem } from './conflict-problem.ts';

export interface NodeReportInput {
  readonly version: string;
  readonly self: NodeName;
  readonly announce: AnnouncePlan;
  readonly addresses: readonly InterfaceAddress[];
  /** Of default routes. */
  readonly gateways: readonly IpAddress[];
  readonly segments: readonly SegmentSummary[];
  readonly problems: readonly Problem[];
  readonly attach: TcMode;
  /** The last report, which says since when is held what is held. */
  readonly previous: NodeReportStatus | undefined;
  readonly now: Date;
}

type Held = NodeReportStatus['held'][number];

/** Limits of the schema: what is beyond them is left out. */
const MOST = { interfaces: 64, addresses: 64, gateways: 16, held: 256, problems: 64 } as const;
const LONGEST_TEXT = 400;
const LONGEST_MESSAGE = 2048;

/** What this node tells the cluster of itself, once its landing is in place. Pure; the same as long as nothing changes. */
export function nodeReport(input: NodeReportInput): NodeReportStatus {
  const { version, announce, addresses, gateways, segments, problems, attach } = input;
  return {
    version,
    class: classOf(segments),
    interfaces: announce.interfaces.slice(0, MOST.interfaces).map(({ name, index, mac }) => ({
      name,
      mac,
      addresses: addresses
        .filter(({ interfaceIndex, dadFailed }) => interfaceIndex === index && !dadFailed)
        .slice(0, MOST.addresses)
        .map(({ address, prefixLength }) => `${address}/${prefixLength}`),
    })),
    gateways: gateways.slice(0, MOST.gateways),
    held: heldBuckets(input).slice(0, MOST.held),
    sessions: [],
    dataPath: { attach: attach === 'tcx' ? 'TCX' : 'Clsact', landing: true },
    problems: segments
      .flatMap((segment) => segmentProblems(input.self, segment))
      .concat(problems)
      .slice(0, MOST.problems)
      .map(({ object, field, value, message }) => ({
        object: clip(object, LONGEST_TEXT),
        field: clip(field, LONGEST_TEXT),
        value: clip(value, LONGEST_TEXT),
        message: clip(message, LONGEST_MESSAGE),
      })),
  };
}

/** The best that the node is anywhere; it takes part nowhere if it is on no segment. */
function classOf(segments: readonly SegmentSummary[]): NodeReportStatus['class'] {
  const standings = new Set(segments.map(({ standing }) => standing));
  if (standings.has('active')) return 'Active';
  if (standings.has('behind')) return 'Behind';
  return standings.has('joining') ? 'Joining' : 'Out';
}

/** What is answered for, by segment and Announcement. */
function heldBuckets({ announce, segments, previous, now }: NodeReportInput): Held[] {
  return segments.flatMap(({ interfaceName, held }) => {
    const plan = announce.segments.find((each) => each.interfaceName === interfaceName);
    return held.map(({ announcement: id, count, buckets: numbers }): Held => {
      const announcement = plan?.announcements.find((each) => each.id === id)?.name ?? '';
      const buckets = bitmap(numbers);
      const before = previous?.held.find(
        (each) => each.interface === interfaceName && each.announcement === announcement,
      );
      const since = before?.buckets === buckets ? before.since : now.toISOString();
      return { announcement, interface: interfaceName, count, buckets, since };
    });
  });
}

/** They come first: nobody else knows of them, and other problems may be thousands. */
function segmentProblems(
  self: NodeName,
  { interfaceName, problems, conflicts }: SegmentSummary,
): readonly Problem[] {
  return [
    ...problems.map((message) => {
      return { object: `Node/${self}`, field: 'interfaces', value: interfaceName, message };
    }),
    ...conflicts.flatMap((conflict) =>
      conflict.services.map((service) => conflictProblem(service, interfaceName, conflict)),
    ),
  ];
}

/** Bit 0 of byte 0 is bucket 0. */
function bitmap(buckets: readonly number[]): string {
  const bytes = new Uint8Array(bucketCount / 8);
  for (const bucket of buckets)
    bytes[bucket >> 3] = (bytes[bucket >> 3] ?? 0) | (1 << (bucket & 7));
  return Buffer.from(bytes).toString('base64');
}
