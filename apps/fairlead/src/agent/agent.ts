import { dirname, join, resolve } from 'node:path';
import {
  PacketWorker,
  Responder,
  type SegmentMembers,
  type WorkerMessage,
} from '@fairlead/announce';
import {
  type NodeName,
  type NodeReportStatus,
  type Problem,
  type SourceUpdate,
} from '@fairlead/cluster';
import { LandDriver } from '@fairlead/land';
import {
  FileLock,
  listAddresses,
  listDefaultGateways,
  listInterfaces,
  mountBpffs,
  Nftables,
  tcIngressMode,
  watchInterfaces,
} from '@fairlead/linux';
import { SteerDriver } from '@fairlead/steer';
import { OperatorError } from '../operator-error.ts';
import { createStateDirectory, type StateDirectory } from '../state-directory.ts';
import { VERSION } from '../version.ts';
import { ColdMemory } from '../cold-memory.ts';
import { listen, type ListenAddress } from '../http.ts';
import { IngressWatch } from './ingress-watch.ts';
import { createLog, ProblemLog, type Log } from '../log.ts';
import { publicRoutes, socketRoutes, type AgentAnswers } from './agent-routes.ts';
import { failureProblem } from './failure-problem.ts';
import { interfaceProblems, withoutFaulty } from './interface-faults.ts';
import { nodeReport } from './node-report.ts';
import type { ObjectSource } from './objects/object-source.ts';
import { openObjects, type ObjectsFrom } from './objects/open-objects.ts';
import { preflightProblems } from './preflight.ts';
import { ReportWriter } from './report-writer.ts';
import { Reconciler } from '../reconciler.ts';
import { Rounds, steerSegments, type Round } from './round.ts';
import { takeSnapshot } from './snapshot.ts';

export interface AgentOptions {
  readonly from: ObjectsFrom;
  readonly node: string;
  readonly interfaceGlobs: readonly string[];
  readonly directory: StateDirectory;
  readonly logLevel: string;
  /** Where metrics and probes are served. */
  readonly metrics: ListenAddress | 'off';
  /** Adds `POST /fault/…` to the socket. */
  readonly faultInjection: boolean;
}

/** What somebody else changed without telling is found at the latest after this. */
const RECHECK_MS = 60_000;
/** How often it is checked whether the objects' source is still heard. */
const FRESH_CHECK_MS = 1000;

/** Runs until SIGTERM or SIGINT; then hands every address over and returns. */
export async function runAgent(options: AgentOptions): Promise<void> {
  if (process.getuid?.() !== 0) {
    throw new OperatorError('the agent changes the kernel: run it as root');
  }
  const { directory } = options;
  createStateDirectory(directory);
  using lock = FileLock.acquire(directory.lock);
  if (lock === undefined) {
    throw new OperatorError(
      `another agent (process ${FileLock.ownerOf(directory.lock) ?? 'unknown'}) runs with --state-dir ${directory.path}. Stop it first.`,
    );
  }
  mountBpffs(directory.bpffs);
  const stop = new AbortController();
  const onSignal = (signal: NodeJS.Signals): void => stop.abort(signal);
  process.on('SIGTERM', onSignal).on('SIGINT', onSignal);
  try {
    await using agent = new Agent(options);
    await agent.run(stop.signal);
  } finally {
    // After a failure, too, nothing may keep the process alive.
    stop.abort();
    process.off('SIGTERM', onSignal).off('SIGINT', onSignal);
  }
}

/** The four verbs of one node, put together: decides in rounds, applies, tells the packet worker. */
class Agent implements AsyncDisposable {
  readonly #options: AgentOptions;
  readonly #self: NodeName;
  readonly #log: Log;
  readonly #problemLog: ProblemLog;
  readonly #startedMs = performance.now();
  readonly #objects: ObjectSource;
  readonly #rounds: Rounds;
  readonly #reconciler: Reconciler;
  readonly #coldMemory: ColdMemory;
  readonly #responder: Responder;
  readonly #steer: SteerDriver;
  readonly #land: LandDriver;
  readonly #interfaceWatch: Disposable;
  readonly #ingressWatch: IngressWatch;
  readonly #worker: PacketWorker;
  readonly #members = new Map<string, SegmentMembers>();
  readonly #failed = Promise.withResolvers<never>();
  #update: SourceUpdate = { state: undefined, keys: [], problems: [] };
  #fresh = true;
  /** Not read with each report: a router's table of routes is large. */
  #gateways = listDefaultGateways();
  /** As long as the kernel tells of no change. */
  #interfaces: ReturnType<typeof readInterfaces> | undefined;
  #round: Round | undefined;
  /** By the last round that succeeded. */
  #found: readonly Problem[] = [];

  constructor(options: AgentOptions) {
    const { directory } = options;
    this.#options = options;
    this.#self = options.node as NodeName;
    this.#log = createLog(options.logLevel, { node: options.node });
    this.#problemLog = new ProblemLog(this.#log);
    this.#objects = openObjects(options.from, {
      self: this.#self,
      lastStateDirectory: directory.last,
      onSaveFailure: (error) =>
        this.#log.warn(
          { err: error, directory: directory.last },
          'the last known state is not saved',
        ),
    });
    this.#rounds = new Rounds(this.#objects);
    // Nobody may be waiting when it fails: the failure is kept for whoever does.
    this.#failed.promise.catch(() => {});
    const home = dirname(resolve(process.argv[1] ?? ''));
    const bpf = (name: string) => ({
      objectPath: join(home, 'bpf', name),
      bpffsDirectory: directory.bpffs,
    });
    using opened = new DisposableStack();
    this.#responder = opened.use(Responder.open(bpf('announce.bpf.o')));
    this.#steer = opened.use(SteerDriver.open(bpf('steer.bpf.o')));
    this.#land = opened.use(new LandDriver(new Nftables(), () => this.#reconciler.request()));
    this.#coldMemory = opened.use(new ColdMemory(this.#log));
    this.#reconciler = new Reconciler(
      () => this.#reconcile(),
      (error) => {
        this.#log.error({ err: error }, 'a round failed; tried again until one succeeds');
        this.#problemLog.update(this.#problems);
      },
    );
    this.#interfaceWatch = opened.use(watchInterfaces(() => this.#interfacesChanged()));
    this.#ingressWatch = opened.use(new IngressWatch(() => this.#interfacesChanged()));
    this.#worker = new PacketWorker(
      join(home, 'packet-worker.cjs'),
      { self: this.#self, bpffsDirectory: directory.bpffs },
      {
        onMessage: (message) => this.#hear(message),
        onFailure: (error) => this.#failed.reject(error),
      },
    );
    opened.move();
  }

  /** Serves until the signal aborts or something fails for good. */
  async run(signal: AbortSignal): Promise<void> {
    const { directory, metrics } = this.#options;
    this.#log.info(
      { version: VERSION, objects: this.#objects.name, stateDirectory: directory.path },
      'agent starts',
    );
    await using servers = new AsyncDisposableStack();
    const answers = this.#answers();
    servers.use(await listen({ socket: directory.socket }, socketRoutes(answers)));
    if (metrics !== 'off') servers.use(await listen(metrics, publicRoutes(answers)));
    const recheck = setInterval(() => {
      this.#gateways = listDefaultGateways();
      this.#steer.forget();
      this.#interfacesChanged();
    }, RECHECK_MS);
    servers.defer(() => clearInterval(recheck));
    const freshCheck = setInterval(() => this.#checkFreshness(), FRESH_CHECK_MS);
    servers.defer(() => clearInterval(freshCheck));
    const followed = this.#objects.follow((update) => {
      this.#update = update;
      this.#reconciler.request();
    }, signal);
    const reports = this.#reportWriter();
    await Promise.race([Promise.all([followed, reports?.run(signal)]), this.#failed.promise]);
    this.#log.info({ reason: String(signal.reason) }, 'handing addresses over');
    await this.#worker.leave();
    await reports?.conclude();
    this.#log.info('agent ends; what is pinned keeps forwarding');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#reconciler.close();
    this.#coldMemory[Symbol.dispose]();
    this.#interfaceWatch[Symbol.dispose]();
    this.#ingressWatch[Symbol.dispose]();
    await this.#worker[Symbol.asyncDispose]();
    this.#land[Symbol.dispose]();
    this.#steer[Symbol.dispose]();
    this.#responder[Symbol.dispose]();
  }

  /**
   * One round. Landing and rows come first, then the claim: an address is never announced before its
   * packets can be served.
   */
  #reconcile(): void {
    const { state, keys, problems: sourceProblems } = this.#update;
    if (state === undefined) {
      this.#find(sourceProblems);
      return;
    }
    const round = this.#rounds.decide({
      self: this.#self,
      state,
      ...(this.#interfaces ??= readInterfaces()),
      interfaceGlobs: this.#options.interfaceGlobs,
    });
    const landed = this.#land.apply(round.land);
    const steered = this.#steer.apply(round.steer, steerSegments(round.announce, this.#members));
    const interfaces = round.announce.segments.flatMap(({ ports, mac, twins }) => {
      const twinMacs = twins.map((twin) => twin.mac);
      return ports.map((index) => ({ index, mac, twinMacs }));
    });
    const faults = new Map(this.#steer.unattached);
    for (const { interfaceIndex, error } of this.#responder.setInterfaces(interfaces)) {
      faults.set(interfaceIndex, error.message);
    }
    this.#ingressWatch.settle(interfaces.map(({ index }) => index));
    const node = state.nodes.find(({ name }) => name === this.#self);
    const [first, second] = keys.map((key) => key.reveal());
    if (first !== undefined) {
      this.#worker.apply({
        clusterId: state.clusterId,
        keys: second === undefined ? [first] : [first, second],
        announce: withoutFaulty(round.announce, faults),
        unprepared: this.#steer.incomplete,
        excluded: node?.excluded ?? true,
        ready: node?.ready ?? false,
        fresh: this.#fresh,
      });
    }
    this.#round = round;
    this.#find([
      ...sourceProblems,
      ...preflightProblems(this.#self, state),
      ...round.problems,
      ...landed.problems,
      ...steered,
      ...interfaceProblems(this.#self, round.announce, faults, (index) => {
        return this.#interfaces?.interfaces.find((each) => each.index === index)?.name;
      }),
    ]);
  }

  /** An interface, an address, or which programs are attached where. */
  #interfacesChanged(): void {
    this.#interfaces = undefined;
    this.#responder.forget();
    this.#steer.forgetAttachments();
    this.#reconciler.request();
  }

  /** Who no longer hears the API server lets those who do go first. */
  #checkFreshness(): void {
    if (this.#fresh === this.#objects.fresh) return;
    this.#fresh = this.#objects.fresh;
    this.#reconciler.request();
  }

  /** A file has nowhere to put reports. */
  #reportWriter(): ReportWriter | undefined {
    const { from } = this.#options;
    if (from.kind === 'file') return undefined;
    return new ReportWriter({
      client: from.client,
      node: this.#self,
      report: (previous) => this.#report(previous),
      isMissing: () =>
        !this.#update.state?.nodes.some(
          ({ name, report }) => name === this.#self && report !== undefined,
        ),
      onFailure: (error) => this.#log.warn({ err: error }, 'the NodeReport is not written'),
    });
  }

  async #report(previous: NodeReportStatus | undefined): Promise<NodeReportStatus | undefined> {
    if (this.#round === undefined) return undefined;
    return nodeReport({
      version: VERSION,
      self: this.#self,
      announce: this.#round.announce,
      addresses: (this.#interfaces ??= readInterfaces()).addresses,
      gateways: this.#gateways,
      segments: await this.#worker.summary(),
      problems: this.#problems,
      attach: tcIngressMode(),
      previous,
      now: new Date(),
    });
  }

  #find(problems: readonly Problem[]): void {
    this.#found = problems;
    this.#problemLog.update(this.#problems);
  }

  get #problems(): readonly Problem[] {
    const { failure } = this.#reconciler;
    if (failure === undefined) return this.#found;
    return [failureProblem(this.#self, failure), ...this.#found];
  }

  /** Why this node does not do its part. */
  get #unready(): string | undefined {
    if (this.#round !== undefined && this.#update.keys.length > 0 && !this.#reconciler.failure) {
      return undefined;
    }
    return this.#problems[0]?.message ?? 'the objects have not been read yet';
  }

  #hear(message: WorkerMessage): void {
    switch (message.kind) {
      case 'log':
        this.#log[message.level](message.fields, message.message);
        return;
      case 'members':
        for (const segment of message.segments) this.#hearMembers(segment);
        return;
      default:
        throw new RangeError(`unknown message ${JSON.stringify(message satisfies never)}`);
    }
  }

  /** Packets avoid a node that is gone from the next one on; a new MAC takes a whole round, and until then none go there. */
  #hearMembers(segment: SegmentMembers): void {
    const { interfaceName, members } = segment;
    const before = this.#members.get(interfaceName);
    this.#members.set(interfaceName, segment);
    const plan = this.#round?.announce.segments.find(
      (each) => each.interfaceName === interfaceName,
    );
    for (const port of plan?.ports ?? []) {
      for (const { node, reachable } of members) this.#steer.setLive(node, reachable, port);
    }
    if (macsOf(before) !== macsOf(segment)) this.#reconciler.requestAtOnce();
  }

  /** What others may ask of this agent. */
  #answers(): AgentAnswers {
    return {
      status: () => this.#snapshot(),
      unready: () => this.#unready,
      metrics: async () => ({
        version: VERSION,
        node: this.#self,
        services: countServed(this.#round),
        problems: this.#problems.length,
        segments: await this.#worker.summary(),
        responder: this.#responder.maps.counters(),
        steer: this.#steer.counters(),
        land: this.#land.counters(),
      }),
      faults: this.#options.faultInjection
        ? { endPacketWorker: () => this.#worker.end() }
        : undefined,
    };
  }

  async #snapshot() {
    return takeSnapshot({
      version: VERSION,
      node: this.#self,
      source: this.#objects.name,
      uptimeMs: performance.now() - this.#startedMs,
      round: this.#round,
      problems: this.#problems,
      segments: await this.#worker.report(),
    });
  }
}

function countServed(round: Round | undefined): number {
  const allocations = round?.allocations.values() ?? [];
  return Array.from(allocations).filter(({ addresses }) => addresses.length > 0).length;
}

function readInterfaces() {
  return { interfaces: listInterfaces(), addresses: listAddresses() };
}

function macsOf(segment: SegmentMembers | undefined): string {
  return JSON.stringify(segment?.members.map(({ node, macs }) => [node, macs]));
}
