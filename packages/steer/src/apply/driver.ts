import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { NodeName, Problem } from '@fairlead/cluster';
import type { IpAddress } from '@fairlead/ip';
import { BpfObject, detachTcIngress, listInterfaces, type TcMode } from '@fairlead/linux';
import { Attachments } from './attachments.ts';
import { readCounters, type SteerCounters } from './counters.ts';
import { Diversions } from './diversions.ts';
import { EntryStore } from './entry-store.ts';
import { ABI, encodeU32, Limit, NodeIndex } from './layout.ts';
import { listValues } from '../list-values.ts';
import { NodeIndices } from './node-indices.ts';
import type { SteerPlan, SteerSegment } from '../plan.ts';
import { SegmentStore } from './segment-store.ts';
import { KernelSlabs } from './slabs.ts';
import { TableStore } from './table-store.ts';

export interface SteerOptions {
  /** The compiled bpf/steer.bpf.c. */
  readonly objectPath: string;
  /** A mounted bpffs of ours; everything is pinned in its folder `steer`. */
  readonly bpffsDirectory: string;
  /** Default: what the kernel can. */
  readonly attachMode?: TcMode | undefined;
  /** A clock that does not jump; default the process's. */
  readonly nowMs?: () => number;
}

const PROGRAM = 'fairlead_steer';

/**
 * Makes the kernel steer as a plan says. Level-based: each call compares with what the kernel holds and
 * writes the difference. What is pinned goes on working when this process is gone; the next one takes the
 * maps over, and a new version of the program takes the old one's place between two packets.
 */
export class SteerDriver implements Disposable {
  readonly #directory: string;
  readonly #object: BpfObject;
  readonly #slabs: KernelSlabs;
  readonly #nodes: NodeIndices;
  readonly #tables: TableStore;
  readonly #entries: EntryStore;
  readonly #segments: SegmentStore;
  readonly #attachments: Attachments;
  /** Segments that the kernel has as they are here and is attached to, unless somebody has changed that since. */
  #inForce: readonly SteerSegment[] | undefined;
  #unattached: ReadonlyMap<number, string> = new Map();
  #incomplete: ReadonlySet<IpAddress> = new Set();

  private constructor(
    object: BpfObject,
    directory: string,
    { attachMode, nowMs = () => performance.now() }: SteerOptions,
  ) {
    const map = (name: string) => object.map(name);
    const words = (name: string) => new BigUint64Array(map(name).mmap());
    this.#directory = directory;
    this.#object = object;
    this.#slabs = new KernelSlabs(map('tables'), pinDirectory(directory));
    const diversions = new Diversions(map('diverted'), nowMs);
    this.#nodes = new NodeIndices(map('nodes'), (index) => {
      map('steered').set(encodeU32(index), new Uint8Array(map('steered').valueSize));
      diversions.forget(index);
    });
    this.#tables = new TableStore(map('table_index'), this.#slabs);
    this.#entries = new EntryStore(map('services'), map('addresses'));
    this.#segments = new SegmentStore(
      { segments: words('segments'), peers: words('peers'), hopFilter: words('hop_filter') },
      map('hops'),
      diversions,
      (node) => this.#nodes.of(node),
    );
    this.#attachments = new Attachments(object.program(PROGRAM), directory, attachMode);
  }

  /**
   * Loads the program and takes over what is pinned.
   * @throws BpfLoadError, SystemError
   */
  static open(options: SteerOptions): SteerDriver {
    const directory = steerDirectory(options.bpffsDirectory);
    mkdirSync(directory, { recursive: true });
    const object = BpfObject.load(options.objectPath, { pinDirectory: pinDirectory(directory) });
    try {
      return new SteerDriver(object, directory, options);
    } catch (error) {
      object[Symbol.dispose]();
      throw error;
    }
  }

  /** Takes everything of ours from this kernel: programs at all interfaces, links, maps. */
  static removeAll(bpffsDirectory: string): void {
    for (const { index } of listInterfaces()) detachTcIngress(index, PROGRAM);
    rmSync(steerDirectory(bpffsDirectory), { recursive: true, force: true });
  }

  /**
   * Makes the kernel hold exactly this. Packets see each Service change at once: rows come before the entry
   * that names them and go after it, and the program runs when all is in place.
   * @returns what could not be done; all else is
   */
  apply(plan: SteerPlan, segments: readonly SteerSegment[]): readonly Problem[] {
    const names = namesIn(plan, segments);
    const nameless = this.#nodes.assign(names);
    const indexOf = (node: NodeName | undefined) =>
      node === undefined ? NodeIndex.kubeProxy : this.#nodes.of(node);
    const kept = isDeepStrictEqual(segments, this.#inForce);
    // Whatever fails on the way: then it is not known what the kernel holds.
    if (!kept) this.#inForce = undefined;
    const segmentChange = kept ? undefined : this.#segments.write(plan.self, segments);
    const { slots, digests } = this.#tables.place(plan.tables, ({ node }) => indexOf(node));
    const entryChange = this.#entries.write(plan, slots, indexOf);
    const failures =
      segmentChange === undefined
        ? new Map<number, string>()
        : this.#attach(segments, segmentChange.unserved);
    this.#unattached = failures;
    this.#incomplete = entryChange.incomplete;

    entryChange.prune();
    this.#tables.retain(digests);
    if (segmentChange !== undefined) {
      for (const interfaceIndex of segmentChange.leaving) this.#attachments.detach(interfaceIndex);
      segmentChange.prune();
      if (failures.size === 0) this.#removeOtherAbis();
    }
    this.#inForce = failures.size === 0 ? segments : undefined;
    this.#nodes.retain(names);
    this.#tables.prepare(names);
    return problemsOf(plan.self, nameless, entryChange.incomplete);
  }

  /** Has the next `apply` read back all that the kernel holds; else what was written last counts. */
  forget(): void {
    this.#entries.forget();
    this.forgetAttachments();
  }

  /** Has the next `apply` read back where the program is attached, and the segments there. */
  forgetAttachments(): void {
    this.#inForce = undefined;
  }

  /** Marks a node on one segment, or on all, as silent or live; takes effect with the next packet. */
  setLive(node: NodeName, live: boolean, interfaceIndex?: number): void {
    this.#segments.setLive(node, live, interfaceIndex);
  }

  /** Whether packets to this address go where they should since the last `apply`, whichever segment they come in by. */
  installed(address: IpAddress): boolean {
    return this.#unattached.size === 0 && this.#entries.has(address);
  }

  /** Addresses of the last plan whose packets are not all steered. */
  get incomplete(): ReadonlySet<IpAddress> {
    return this.#incomplete;
  }

  /** Interfaces of the last plan by which no packet is steered, with the reason. */
  get unattached(): ReadonlyMap<number, string> {
    return this.#unattached;
  }

  counters(): SteerCounters {
    const [counters, steered] = [this.#object.map('counters'), this.#object.map('steered')];
    return readCounters(counters, steered, this.#nodes.entries());
  }

  /** Lets go of the kernel's objects, which live on. */
  [Symbol.dispose](): void {
    this.#slabs[Symbol.dispose]();
    this.#object[Symbol.dispose]();
  }

  /** @returns the interfaces of segments whose packets are not steered, with the reason */
  #attach(segments: readonly SteerSegment[], unserved: ReadonlySet<SteerSegment>) {
    const failures = new Map<number, string>();
    for (const segment of segments) {
      const reason = unserved.has(segment)
        ? `no more than ${Limit.segments} interfaces can be served`
        : this.#attachments.attach(segment.interfaceIndex)?.message;
      if (reason !== undefined) failures.set(segment.interfaceIndex, reason);
    }
    return failures;
  }

  /** The maps of another version, which no program of ours uses any more. */
  #removeOtherAbis(): void {
    const own = pinDirectory(this.#directory);
    for (const name of readdirSync(this.#directory)) {
      const path = join(this.#directory, name);
      if (name.startsWith('abi-') && path !== own) rmSync(path, { recursive: true });
    }
  }
}

function steerDirectory(bpffsDirectory: string): string {
  return join(bpffsDirectory, 'steer');
}

function pinDirectory(directory: string): string {
  return join(directory, `abi-${ABI}`);
}

/** All nodes that rows, peers or we ourselves are. */
function namesIn(plan: SteerPlan, segments: readonly SteerSegment[]): ReadonlySet<NodeName> {
  const names = new Set([
    plan.self,
    ...plan.tables.flatMap(({ candidates }) => candidates.flatMap(({ node }) => node ?? [])),
    ...segments.flatMap(({ peers }) => peers.map(({ node }) => node)),
  ]);
  for (const { target } of plan.entries) if (target.kind === 'node') names.add(target.node);
  return names;
}

function problemsOf(
  self: NodeName,
  nameless: readonly NodeName[],
  incomplete: ReadonlySet<IpAddress>,
): readonly Problem[] {
  const problems: Problem[] = [];
  const add = (field: string, value: string, message: string) =>
    problems.push({ object: `Node/${self}`, field, value, message });
  if (nameless.length > 0) {
    const limit = `No more than ${Limit.nodes} nodes can be steered to`;
    add(
      'nodes',
      listValues(nameless),
      `${limit}: packets for these go to others. Use fewer nodes.`,
    );
  }
  if (incomplete.size > 0) {
    const fate = 'The kernel has no room to steer all ports of these addresses';
    add(
      'addresses',
      listValues(incomplete),
      `${fate}: they are not announced. Use fewer Services.`,
    );
  }
  return problems;
}
