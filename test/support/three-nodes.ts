import {
  Lab,
  StandaloneCluster,
  waitFor,
  type ClusterFileContents,
  type Host,
  type Node,
} from '@fairlead/lab';
import { ECHO_PORT, Witness, type WitnessOptions } from './witness.ts';

const PORTS = (['TCP', 'UDP'] as const).flatMap((protocol) => [
  { protocol, port: 80, targetPort: 8080 },
  { protocol, port: ECHO_PORT, targetPort: 9090 },
]);

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
    const observer = await lab.client('observer', {
      nics: [{ switch: cluster.lan, addresses: ['192.0.2.51/24', '2001:db8::51/64'] }],
    });
    await lab.settled();
    return new ThreeNodes(lab, cluster, observer);
  }

  get nodes(): readonly Node[] {
    return this.cluster.nodes;
  }

  /** All that is broken is mended, and all agents are new: whatever happened before is forgotten. */
  async boot(contents: Partial<ClusterFileContents> = {}): Promise<void> {
    await this.lab.healAll();
    await this.cluster.killAgents();
    this.cluster.write({ excludedNodes: [], more: [], ...contents });
    this.cluster.service({ name: 'web', ports: PORTS, preferredNode: 'a' });
    await this.cluster.startAgents();
    await this.settled(this.a);
  }

  /** Resolves when all hear each other and one node answers for both addresses. */
  async settled(owner: Node, nodes: readonly Node[] = this.nodes): Promise<void> {
    await waitFor(
      async () => {
        const all = await Promise.all(nodes.map((node) => this.cluster.status(node)));
        return all.every((status) => {
          const addresses = status.services.flatMap((each) => each.addresses);
          const here = status.node === owner.name ? 'answers' : 'passes on to the owner';
          return (
            status.nodes.filter(({ live }) => live).length === nodes.length &&
            status.segments.every(({ standing }) => standing === 'active') &&
            addresses.length > 0 &&
            addresses.every((each) => each.here === here && each.owner === owner.name)
          );
        });
      },
      { what: `${owner.name} to answer and all to agree`, deadlineMs: 45_000, everyMs: 50 },
    );
  }

  async witness(options: Pick<WitnessOptions, 'traffic'> = {}): Promise<Witness> {
    const { lab, observer, cluster } = this;
    const addresses = await cluster.addressesOf('web');
    return Witness.begin({ lab, observer, client: cluster.client, addresses, ...options });
  }

  /** What stands in the way of a node's segment, in its own words. */
  async segmentProblems(node: Node): Promise<string> {
    const { segments } = await this.cluster.status(node);
    return segments.flatMap(({ problems }) => problems).join('\n');
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.lab[Symbol.asyncDispose]();
  }
}
