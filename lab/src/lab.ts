import { networkOf, type MacAddress } from '@fairlead/ip';
import { cleanAtExit, type Ending } from './at-exit.ts';
import { Faults, type Fault } from './fault.ts';
import type { FrameMatch, LossShare } from './fault-rules.ts';
import { Host, type HostContext } from './host.ts';
import type { HostKind } from './host-profile.ts';
import type { LabProcess } from './lab-process.ts';
import { checkHostName, LinkIdentities, namespaceName } from './name-allocation.ts';
import { Namespace } from './namespace.ts';
import { Node, podRoutes } from './node.ts';
import { plugIn, type HostOptions } from './plug-in.ts';
import { claimRun, keepRun, type Run } from './registry.ts';
import { removeAbandonedRuns, removeRun } from './removal.ts';
import { requirePrefix } from './requested-address.ts';
import { requirePrivileges, tools } from './requirements.ts';
import { SetupScript } from './setup-script.ts';
import { Switch, type Plugged, type SwitchOptions } from './switch.ts';

export interface LabOptions {
  /** What it is for, in a word; default `lab`. */
  readonly name?: string | undefined;
  /** Leave it running when this process ends other than by a signal. */
  readonly keep?: boolean | undefined;
}

export interface NodeOptions extends HostOptions {
  /** Where the addresses of its pods are from: nodes on the same switch get routes there. */
  readonly podPrefixes?: readonly string[] | undefined;
}

/** Which frames a filter loses; all switches of the lab have it. */
export interface FilterOptions extends FrameMatch {
  /** Only what comes from these; from anywhere if left out. */
  readonly from?: readonly Plugged[] | undefined;
  /** Only what goes to these; to anywhere if left out. */
  readonly to?: readonly Plugged[] | undefined;
  /** Which part of it; all if left out. */
  readonly share?: LossShare | undefined;
}

/**
 * A network of namespaces on this machine, that nothing outside sees or is changed by. It is removed when it
 * is disposed of, when this process ends, and by the next lab if this process is killed.
 */
export class Lab implements AsyncDisposable {
  /** In the names of its namespaces: `flID-HOST`. */
  readonly id: string;
  readonly name: string;
  /** For files of the whole lab; removed with it. */
  readonly directory: string;
  readonly switches: Switch[] = [];
  readonly hosts: Host[] = [];
  readonly #run: Run;
  readonly #keep: boolean;
  readonly #names = new Set<string>();
  readonly #insides = new Map<Switch, Host>();
  readonly #identities = new LinkIdentities();
  readonly #faults = new Faults();
  readonly #processes = new Set<LabProcess>();
  readonly #atExit: Disposable;
  #ended = false;

  private constructor(run: Run, keep: boolean) {
    this.#run = run;
    this.#keep = keep;
    this.id = run.id;
    this.name = run.name;
    this.directory = run.directory;
    this.#atExit = cleanAtExit((ending) => this.#end(ending));
  }

  /**
   * An empty lab. Removes first what labs left whose processes were killed.
   * @throws Error saying what is missing where this is not run as root, or programs are not installed.
   */
  static async create({ name = 'lab', keep = false }: LabOptions = {}): Promise<Lab> {
    requirePrivileges();
    tools();
    removeAbandonedRuns();
    return new Lab(claimRun(name), keep);
  }

  async switch(name: string, options: SwitchOptions = {}): Promise<Switch> {
    const made = new Switch(name, await this.#addNamespace(name), this.#faults, options);
    await made.setUp(this.#identities.next());
    this.switches.push(made);
    return made;
  }

  async node(name: string, options: NodeOptions): Promise<Node> {
    const { namespace, nics } = await this.#plugIn(name, 'node', options);
    const podPrefixes = (options.podPrefixes ?? []).map(requirePrefix).map(networkOf);
    const context = {
      ...this.#context,
      identities: this.#identities,
      addNamespace: (host: string) => this.#addNamespace(host),
    };
    const node = new Node(name, namespace, nics, context, podPrefixes);
    const others = this.nodes;
    this.hosts.push(node);
    await Promise.all(
      others.flatMap((other) => [addPodRoutes(node, other), addPodRoutes(other, node)]),
    );
    return node;
  }

  /** A machine that uses what the nodes offer. Its neighbour cache stays warm: see `keepNeighbours`. */
  client(name: string, options: HostOptions): Promise<Host> {
    return this.#host(name, 'client', options);
  }

  /** A machine that forwards between its switches. */
  router(name: string, options: HostOptions): Promise<Host> {
    return this.#host(name, 'router', options);
  }

  /** A machine that has nothing to do with the cluster, like one that has taken an address of its. */
  foreign(name: string, options: HostOptions): Promise<Host> {
    return this.#host(name, 'foreign', options);
  }

  /** The namespace of a switch, to run programs at its ports. */
  inside(at: Switch): Host {
    const inside =
      this.#insides.get(at) ?? new Host(`${at.name}-inside`, at.namespace, [], this.#context);
    this.#insides.set(at, inside);
    return inside;
  }

  get nodes(): Node[] {
    return this.hosts.filter((host) => host instanceof Node);
  }

  /** Who has the MAC address: to name whom an observer saw. */
  hostWithMac(mac: MacAddress): Host | undefined {
    return this.hosts.find(({ nics }) => nics.some((nic) => nic.mac === mac));
  }

  /** Resolves once all switches know where everybody is: what is measured earlier may be flooded. */
  async settled(): Promise<void> {
    await Promise.all(this.switches.map((each) => each.settled()));
  }

  /** Nothing passes between these two any more; both still reach all others. */
  cutBetween(one: Plugged, other: Plugged): Promise<Fault> {
    return this.#loseEverywhere(`${one.name} | ${other.name}: cut`, (at) => {
      const groups = [at.portsOf(one), at.portsOf(other)];
      const together = groups.every((ports) => ports.length > 0);
      return together ? at.lose({ kind: 'between', groups }) : undefined;
    });
  }

  /** Loses some kind of frames, at all switches. */
  filter({ from, to, share, ...match }: FilterOptions): Promise<Fault> {
    const what = [match.protocol, match.port, match.family && `IPv${match.family}`];
    return this.#loseEverywhere(`filter: ${what.filter(Boolean).join(' ')}`, (at) => {
      const ends = { from: from && at.portsOf(...from), to: to && at.portsOf(...to) };
      const nobody = ends.from?.length === 0 || ends.to?.length === 0;
      return nobody ? undefined : at.lose({ kind: 'matching', match, ...ends, share });
    });
  }

  /** Takes back all faults that there are. */
  healAll(): Promise<void> {
    return this.#faults.healAll();
  }

  /** Removes the lab, or where it is to be kept, lets go of it. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#ended) return;
    const processes = [...this.#processes];
    if (!this.#keep) {
      for (const process of processes) process.kill();
      await Promise.all(processes.map(({ exited }) => exited));
    }
    this.#end('exit');
    for (const process of processes) process.release();
  }

  #end(ending: Ending): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#atExit[Symbol.dispose]();
    if (this.#keep && ending === 'exit') keepRun(this.#run);
    else removeRun(this.#run);
  }

  get #context(): HostContext {
    return {
      run: this.#run,
      keep: this.#keep,
      started: (process) => {
        this.#processes.add(process);
        void process.exited.then(() => this.#processes.delete(process));
      },
    };
  }

  async #host(name: string, kind: HostKind, options: HostOptions): Promise<Host> {
    const { namespace, nics } = await this.#plugIn(name, kind, options);
    const host = new Host(name, namespace, nics, this.#context);
    this.hosts.push(host);
    return host;
  }

  async #plugIn(name: string, kind: HostKind, options: HostOptions) {
    const namespace = await this.#addNamespace(name);
    const parts = { namespace, identities: this.#identities, faults: this.#faults };
    return { namespace, nics: await plugIn(name, kind, options, parts) };
  }

  async #addNamespace(host: string): Promise<Namespace> {
    checkHostName(host);
    if (this.#names.has(host))
      throw new RangeError(`the lab has a ${JSON.stringify(host)} already`);
    this.#names.add(host);
    return Namespace.add(namespaceName(this.id, host));
  }

  #loseEverywhere(
    what: string,
    loseAt: (at: Switch) => Promise<() => Promise<void>> | undefined,
  ): Promise<Fault> {
    return this.#faults.begin(what, async () => {
      const losses = this.switches.map(loseAt).filter((loss) => loss !== undefined);
      const undo = await Promise.all(losses);
      return async () => {
        await Promise.all(undo.map((heal) => heal()));
      };
    });
  }
}

async function addPodRoutes(from: Node, to: Node): Promise<void> {
  const routes = podRoutes(from, to);
  if (routes.length === 0) return;
  const script = new SetupScript();
  for (const route of routes) script.ip(route);
  await from.namespace.setUp(script);
}
