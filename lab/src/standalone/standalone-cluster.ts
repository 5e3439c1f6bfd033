import { randomBytes } from 'node:crypto';
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { IpAddress } from '@fairlead/ip';
import { askAgent } from '../ask-agent.ts';
import { blockMainThread } from '../block-main-thread.ts';
import type { Host } from '../host.ts';
import type { Lab } from '../lab.ts';
import type { LabProcess } from '../lab-process.ts';
import { startPodServer } from '../measure/start.ts';
import type { Node, Pod } from '../node.ts';
import type { Switch } from '../switch.ts';
import { waitFor } from '../wait-for.ts';
import { clusterFileText, type ClusterFileContents, type ServiceOptions } from './cluster-file.ts';

const defaultPool = ['192.0.2.100-192.0.2.199', '2001:db8::1:0/112'] as const;

/** Where `bin/fairlead` is: the form that is shipped. */
const executable = join(import.meta.dirname, '..', '..', '..', 'bin', 'fairlead');

export interface StandaloneOptions {
  /** Names; default three: a, b, c. */
  readonly nodes?: readonly string[] | undefined;
  /** Names of nodes that have a pod, each called `web-NODE`; default the last two. */
  readonly podsOn?: readonly string[] | undefined;
  /** Put the nodes' network cards into bridges. */
  readonly bridged?: boolean | undefined;
  /** Of a further cluster in the lab: its id, the switch of the first, and what its addresses are. */
  readonly clusterId?: string | undefined;
  readonly lan?: Switch | undefined;
  /** The number of the first node, from which its addresses follow; default 1: 192.0.2.11. */
  readonly firstNumber?: number | undefined;
  readonly pool?: readonly string[] | undefined;
}

/** What `fairlead status -o json` says, as far as tests look at it. */
export interface AgentStatus {
  readonly node: string;
  readonly services: readonly {
    readonly service: string;
    readonly addresses: readonly {
      readonly address: IpAddress;
      readonly owner?: string;
      readonly here: string;
    }[];
    readonly pods: readonly { readonly node: string; readonly count: number }[];
    readonly problems: readonly StatusProblem[];
  }[];
  readonly nodes: readonly { readonly node: string; readonly live: boolean }[];
  readonly segments: readonly {
    readonly interface: string;
    readonly standing: string;
    readonly members: readonly {
      readonly node: string;
      readonly live: boolean;
      readonly standing: string;
    }[];
    readonly problems: readonly string[];
  }[];
  readonly problems: readonly StatusProblem[];
}

export interface StatusProblem {
  readonly object: string;
  readonly field: string;
  readonly value: string;
  readonly message: string;
}

/** Nodes on one switch, each with an agent that reads the same file; some have a pod; one client. */
export class StandaloneCluster {
  readonly lan: Switch;
  readonly nodes: readonly Node[];
  readonly pods: readonly Pod[];
  readonly client: Host;
  readonly file: string;
  readonly #agents = new Map<string, LabProcess>();
  #contents: ClusterFileContents;

  private constructor(
    lab: Lab,
    parts: Pick<StandaloneCluster, 'lan' | 'nodes' | 'pods' | 'client'>,
    clusterId: string,
    pool: readonly string[],
  ) {
    this.lan = parts.lan;
    this.nodes = parts.nodes;
    this.pods = parts.pods;
    this.client = parts.client;
    this.file = join(lab.directory, `${clusterId}.yaml`);
    const keyFile = `${clusterId}.key`;
    writeFileSync(join(lab.directory, keyFile), `${randomBytes(32).toString('base64')}\n`, {
      mode: 0o600,
    });
    this.#contents = {
      clusterId,
      keyFile,
      nodes: parts.nodes,
      pool,
      services: [],
    };
  }

  /** The network and the pods' servers; the agents are started by `startAgents`. */
  static async create(lab: Lab, options: StandaloneOptions = {}): Promise<StandaloneCluster> {
    const { nodes: names = ['a', 'b', 'c'], bridged = false, clusterId = 'lab' } = options;
    const { podsOn = names.slice(-2), firstNumber = 1, pool = defaultPool } = options;
    const lan = options.lan ?? (await lab.switch('lan'));
    const nodes: Node[] = [];
    for (const [index, name] of names.entries()) {
      const number = firstNumber + index;
      nodes.push(
        await lab.node(name, {
          nics: [
            {
              switch: lan,
              addresses: [`192.0.2.${10 + number}/24`, `2001:db8::${10 + number}/64`],
              bridged,
            },
          ],
          podPrefixes: [`10.244.${number}.0/24`, `fd00:10:244:${number}::/64`],
        }),
      );
    }
    const pods: Pod[] = [];
    for (const [index, node] of nodes.entries()) {
      if (!podsOn.includes(node.name)) continue;
      const number = firstNumber + index;
      const addresses = [`10.244.${number}.5`, `fd00:10:244:${number}::5`];
      pods.push(await node.pod(`web-${node.name}`, { addresses }));
    }
    await Promise.all(pods.map((pod) => startPodServer(pod, { ports: [8080], echoPorts: [9090] })));
    const client =
      lab.hosts.find(({ name }) => name === 'client') ??
      (await lab.client('client', {
        nics: [{ switch: lan, addresses: ['192.0.2.50/24', '2001:db8::50/64'] }],
      }));
    await lab.settled();
    return new StandaloneCluster(lab, { lan, nodes, pods, client }, clusterId, pool);
  }

  /** Changes the file that all agents watch, as one step. */
  write(change: Partial<Omit<ClusterFileContents, 'clusterId' | 'keyFile'>>): void {
    this.#contents = { ...this.#contents, ...change };
    const next = `${this.file}.next`;
    writeFileSync(next, clusterFileText(this.#contents));
    renameSync(next, this.file);
  }

  /** The file once more with a document appended, however wrong it may be; `write` takes it out again. */
  writeWith(document: string): void {
    const next = `${this.file}.next`;
    writeFileSync(next, `${clusterFileText(this.#contents)}\n---\n${document}\n`);
    renameSync(next, this.file);
  }

  service(options: Omit<ServiceOptions, 'pods'> & { readonly pods?: readonly Pod[] }): void {
    const service = { pods: this.pods, ...options };
    const others = this.#contents.services.filter(({ name }) => name !== service.name);
    this.write({ services: [...others, service] });
  }

  removeService(name: string): void {
    this.write({ services: this.#contents.services.filter((each) => each.name !== name) });
  }

  async startAgents(nodes: readonly Node[] = this.nodes): Promise<void> {
    await Promise.all(nodes.map((node) => this.startAgent(node)));
  }

  /** @param more Further flags; they win over those that every agent of a lab has. */
  async startAgent(node: Node, more: readonly string[] = []): Promise<LabProcess> {
    const flags = ['--file', this.file, '--node', node.name, '--metrics', '0'];
    const agent = await node.spawn(
      [executable, 'agent', ...flags, '--state-dir', this.stateDirectory(node), ...more],
      { name: 'agent', environment: { FAIRLEAD_FAULT_INJECTION: '1' } },
    );
    this.#agents.set(node.name, agent);
    return agent;
  }

  /** Ends every agent as a crash would; what is pinned stays. */
  async killAgents(): Promise<void> {
    await Promise.all(Array.from(this.#agents.values(), (agent) => agent[Symbol.asyncDispose]()));
  }

  isRunning(node: Node): boolean {
    return this.#agents.get(node.name)?.running ?? false;
  }

  /** @throws RangeError where none was started there */
  agent(node: Node): LabProcess {
    const agent = this.#agents.get(node.name);
    if (agent === undefined) throw new RangeError(`no agent was started on ${node.name}`);
    return agent;
  }

  stateDirectory(node: Node): string {
    return join(node.directory, 'state');
  }

  /** Blocks the main thread of a node's agent, as a long garbage collection would. */
  async blockMainThread(node: Node, ms: number): Promise<void> {
    await blockMainThread(this.#socket(node), ms);
  }

  /** What `fairlead status -o json` prints, without starting a program. @throws Error where no agent answers */
  async status(node: Node): Promise<AgentStatus> {
    const text = await askAgent(this.#socket(node), 'GET', '/status');
    return JSON.parse(text) as AgentStatus;
  }

  /** Runs one of the commands on a node and returns what it prints. */
  async fairlead(node: Node, verb: string, ...flags: readonly string[]): Promise<string> {
    const argv = [executable, verb, '--state-dir', this.stateDirectory(node), ...flags] as const;
    const { stdout } = await node.exec(argv);
    return stdout;
  }

  /** The addresses that a Service has been given, as a node's agent says. */
  async addressesOf(service: string, node: Node = this.#first): Promise<readonly IpAddress[]> {
    const status = await this.status(node);
    const found = status.services.find((each) => each.service === `default/${service}`);
    return (found?.addresses ?? []).map(({ address }) => address);
  }

  /** The node that answers for an address, once its own agent says that it does. */
  async owner(address: string, among: readonly Node[] = this.nodes): Promise<Node> {
    return waitFor(
      async () => {
        for (const node of among) {
          const status = await this.status(node).catch(() => undefined);
          const known = status?.services.flatMap(({ addresses }) => addresses);
          if (known?.some((each) => each.address === address && each.here === 'answers')) {
            return node;
          }
        }
        return undefined;
      },
      { what: `a node to answer for ${address}`, deadlineMs: 15_000 },
    );
  }

  #socket(node: Node): string {
    return join(this.stateDirectory(node), 'agent.sock');
  }

  get #first(): Node {
    const [first] = this.nodes;
    if (first === undefined) throw new RangeError('the cluster has no node');
    return first;
  }
}
