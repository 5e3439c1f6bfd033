import type { IpAddress } from '@fairlead/ip';
import { addObserver } from '../cluster/cluster-network.ts';
import { witnessedPorts } from '../cluster/service-options.ts';
import type { Host } from '../host.ts';
import { Lab } from '../lab.ts';
import { Witness, type WitnessOptions } from '../measure/witness.ts';
import type { Node, Pod } from '../node.ts';
import { waitFor } from '../wait-for.ts';
import type { ClusterFileContents } from './cluster-file.ts';
import { StandaloneCluster } from './standalone-cluster.ts';

/** Requested, so that nothing that a test adds to the file moves them. */
const WEB = ['192.0.2.100', '2001:db8::1:64'] as IpAddress[];

const NAMES = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j'];

export interface ObservedParts {
  readonly lab: Lab;
  readonly cluster: StandaloneCluster;
  readonly observer: Host;
}

/**
 * Up to ten nodes, an agent on each, a Service `web` with one address of each family. Node a, the owner, answers
 * for both while it can. Its pods are on the last two nodes, and on no owner that is not alone: a fault of the
 * owner is one of ownership and nothing else.
 */
export class ObservedCluster implements AsyncDisposable {
  readonly lab: Lab;
  readonly cluster: StandaloneCluster;
  /** Watches from beside: what it learns does not help the client. */
  readonly observer: Host;
  /** Node a. */
  readonly owner: Node;
  /** All other nodes. */
  readonly others: readonly Node[];

  protected constructor({ lab, cluster, observer }: ObservedParts) {
    this.lab = lab;
    this.cluster = cluster;
    this.observer = observer;
    const [owner, ...others] = cluster.nodes;
    if (owner === undefined) throw new RangeError('a cluster has at least one node');
    this.owner = owner;
    this.others = others;
  }

  /** The network alone; `boot` starts the agents. */
  static async create(name: string, nodes = 3): Promise<ObservedCluster> {
    return new ObservedCluster(await ObservedCluster.network(name, nodes));
  }

  protected static async network(name: string, count: number): Promise<ObservedParts> {
    if (count < 1 || count > NAMES.length) {
      throw new RangeError(`an observed cluster has 1 to ${NAMES.length} nodes, not ${count}`);
    }
    const nodes = NAMES.slice(0, count);
    const podsOn = count === 1 ? nodes : nodes.slice(1).slice(-2);
    const lab = await Lab.create({ name });
    const cluster = await StandaloneCluster.create(lab, { nodes, podsOn });
    const observer = await addObserver(lab, cluster.lan);
    return { lab, cluster, observer };
  }

  /** Of the Service `web`: one of each family. */
  readonly addresses: readonly IpAddress[] = WEB;

  get nodes(): readonly Node[] {
    return this.cluster.nodes;
  }

  /** All that is broken is mended, and all agents are new: whatever happened before is forgotten. */
  async boot(contents: Partial<ClusterFileContents> = {}): Promise<void> {
    await this.lab.healAll();
    await this.cluster.killAgents();
    this.cluster.write({ excludedNodes: [], more: [], ...contents });
    this.service({});
    await this.cluster.startAgents();
    await this.settled(this.owner);
  }

  /** As after `boot`, but without new agents where all of the old ones run. */
  async ready(): Promise<void> {
    if (this.nodes.some((node) => !this.cluster.isRunning(node))) return this.boot();
    await this.lab.healAll();
    await this.settled(this.owner);
  }

  /** Writes the Service `web` into the file, with all pods unless others are given. */
  service(change: { readonly pods?: readonly Pod[] }): void {
    const web = { name: 'web', ports: witnessedPorts, preferredNode: 'a', addresses: WEB };
    this.cluster.service({ ...web, ...change });
  }

  /** Resolves when all hear each other and one node answers for both addresses. */
  async settled(owner: Node = this.owner, nodes: readonly Node[] = this.nodes): Promise<void> {
    await this.cluster.settled('web', owner, nodes);
  }

  witness(options: Pick<WitnessOptions, 'traffic'> = {}): Promise<Witness> {
    const { lab, observer, cluster } = this;
    const addresses = this.addresses;
    return Witness.begin({ lab, observer, client: cluster.client, addresses, ...options });
  }

  /** Resolves when a node's agent says something in its status about its segment. */
  async says(node: Node, pattern: RegExp): Promise<void> {
    let said = '';
    const check = async (): Promise<boolean> => {
      const { segments } = await this.cluster.status(node);
      said = JSON.stringify(segments);
      if (pattern.test(said)) return true;
      throw new Error(said);
    };
    await waitFor(check, {
      what: `${node.name} to say ${pattern}`,
      deadlineMs: 20_000,
      everyMs: 50,
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.lab[Symbol.asyncDispose]();
  }
}
