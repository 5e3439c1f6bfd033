import { join } from 'node:path';
import type { IpAddress } from '@fairlead/ip';
import { askAgent } from '../ask-agent.ts';
import { blockMainThread } from '../block-main-thread.ts';
import type { Host } from '../host.ts';
import type { LabProcess } from '../lab-process.ts';
import type { Node, Pod } from '../node.ts';
import type { Switch } from '../switch.ts';
import { waitFor } from '../wait-for.ts';
import type { AgentStatus } from './agent-status.ts';
import type { ClusterNetwork } from './cluster-network.ts';
import { executable } from './executable.ts';
import type { ServiceOptions } from './service-options.ts';

/** Nodes with an agent on each, wherever those have their objects from. */
export abstract class AgentCluster implements ClusterNetwork {
  readonly lan: Switch;
  readonly nodes: readonly Node[];
  readonly pods: readonly Pod[];
  readonly client: Host;
  readonly #agents = new Map<string, LabProcess>();

  protected constructor({ lan, nodes, pods, client }: ClusterNetwork) {
    this.lan = lan;
    this.nodes = nodes;
    this.pods = pods;
    this.client = client;
  }

  /** Makes a Service in front of all pods, or changes it. */
  abstract service(options: ServiceOptions): void | Promise<void>;

  /** The flags that tell an agent where the objects are. */
  protected abstract sourceFlags(node: Node): readonly string[];

  async startAgents(nodes: readonly Node[] = this.nodes): Promise<void> {
    await Promise.all(nodes.map((node) => this.startAgent(node)));
  }

  /** @param more Further flags; they win over those that every agent of a lab has. */
  async startAgent(node: Node, more: readonly string[] = []): Promise<LabProcess> {
    const flags = [...this.sourceFlags(node), '--node', node.name, '--metrics', '0'];
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

  /** Ends the packet worker of a node's agent as a failure in it would. */
  async endPacketWorker(node: Node): Promise<void> {
    await askAgent(this.#socket(node), 'POST', '/fault/end-packet-worker');
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

  /** As `addressesOf`, once there are as many as that. */
  async allocated(service: string, count = 2): Promise<readonly IpAddress[]> {
    return waitFor(
      async () => {
        const addresses = await this.addressesOf(service);
        return addresses.length === count && addresses;
      },
      { what: `${count} addresses of ${service}`, deadlineMs: 20_000 },
    );
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
      { what: `a node to answer for ${address}`, deadlineMs: 30_000 },
    );
  }

  /** Resolves when all nodes hear each other and take part. */
  async joined(): Promise<void> {
    await waitFor(
      async () => {
        const all = await Promise.all(this.nodes.map((node) => this.status(node)));
        return all.every((status) => takesPart(status, this.nodes));
      },
      { what: 'all nodes to take part', deadlineMs: 45_000, everyMs: 50 },
    );
  }

  /** Resolves when some nodes all hear each other and agree that one of them answers for a Service's addresses. */
  async settled(service: string, owner: Node, nodes: readonly Node[] = this.nodes): Promise<void> {
    await waitFor(
      async () => {
        const all = await Promise.all(nodes.map((node) => this.status(node)));
        return all.every((status) => {
          const ours = status.services.filter((each) => each.service === `default/${service}`);
          const addresses = ours.flatMap((each) => each.addresses);
          const here = status.node === owner.name ? 'answers' : 'passes on to the owner';
          return (
            takesPart(status, nodes) &&
            addresses.length > 0 &&
            addresses.every((each) => each.here === here && each.owner === owner.name)
          );
        });
      },
      { what: `${owner.name} to answer and all to agree`, deadlineMs: 45_000, everyMs: 50 },
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

/** It sees these nodes alive, itself among them, and owns addresses or may. */
function takesPart(status: AgentStatus, nodes: readonly Node[]): boolean {
  const live = new Set(status.nodes.flatMap(({ node, live }) => (live ? [node] : [])));
  return (
    nodes.every(({ name }) => live.has(name)) &&
    status.segments.length > 0 &&
    status.segments.every(({ standing }) => standing === 'active')
  );
}
