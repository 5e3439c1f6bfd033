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

/**
 * Three nodes, an agent on each, a Service `web` with one address of each family. Node a answers for both
 * while it can and has no pod, so a fault of it is one of ownership alone; the pods are on b and c.
 */
export class ThreeNodes implements AsyncDisposable {
  readonly lab: Lab;
  readonly cluster: StandaloneCluster;
  /** Watches from beside: what it learns does not help the client. */
  readonly observer: Host;
  readonly a: Node;
  readonly b: Node;
  readonly c: Node;

  private constructor(lab: Lab, cluster: StandaloneCluster, observer: Host) {
    this.lab = lab;
    this.cluster = cluster;
    this.observer = observer;
    const [a, b, c] = cluster.nodes;
    if (a === undefined || b === undefined || c === undefined) throw new RangeError('three nodes');
    [this.a, this.b, this.c] = [a, b, c];
  }

  /** The network alone; `boot` starts the agents. */
  static async create(name: string): Promise<ThreeNodes> {
    const lab = await Lab.create({ name });
    const cluster = await StandaloneCluster.create(lab);
    const observer = await addObserver(lab, cluster.lan);
    return new ThreeNodes(lab, cluster, observer);
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
    await this.settled(this.a);
  }

  /** As after `boot`, but without new agents where all of the old ones run. */
  async ready(): Promise<void> {
    if (this.nodes.some((node) => !this.cluster.isRunning(node))) return this.boot();
    await this.lab.healAll();
    await this.settled(this.a);
  }

  /** Writes the Service `web` into the file, with all pods unless others are given. */
  service(change: { readonly pods?: readonly Pod[] }): void {
    const web = { name: 'web', ports: witnessedPorts, preferredNode: 'a', addresses: WEB };
    this.cluster.service({ ...web, ...change });
  }

  /** Resolves when all hear each other and one node answers for both addresses. */
  async settled(owner: Node, nodes: readonly Node[] = this.nodes): Promise<void> {
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
