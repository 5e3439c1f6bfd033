import type { IpAddress } from '@fairlead/ip';
import type { Host } from '../host.ts';
import { Lab } from '../lab.ts';
import type { Recording } from '../measure/recording.ts';
import type { FrameMeaning, Sighting } from '../measure/sighting.ts';
import { startWireTap } from '../measure/start.ts';
import { monotonicMs } from '../monotonic-clock.ts';
import type { Node } from '../node.ts';
import { waitFor } from '../wait-for.ts';
import { StandaloneCluster } from './standalone-cluster.ts';

const SERVICES = 1_000;
/** Nearly used up: all Services have an IPv6 address, a hundred an IPv4 address as well. */
const POOL = ['192.0.2.100-192.0.2.199', '2001:db8::1:0/118'];

/** Three nodes with a thousand Services among them, and all frames that the nodes send. */
export class ThousandServices implements AsyncDisposable {
  readonly lab: Lab;
  readonly cluster: StandaloneCluster;
  readonly observer: Host;
  readonly wire: Recording<Sighting>;

  private constructor(parts: Pick<ThousandServices, 'lab' | 'cluster' | 'observer' | 'wire'>) {
    this.lab = parts.lab;
    this.cluster = parts.cluster;
    this.observer = parts.observer;
    this.wire = parts.wire;
  }

  /**
   * All agents run, and every address has an owner.
   * @param without what is not recorded of the wire
   */
  static async create(
    name: string,
    without: readonly FrameMeaning['meaning'][] = [],
  ): Promise<ThousandServices> {
    const lab = await Lab.create({ name });
    const cluster = await StandaloneCluster.create(lab);
    const observer = await lab.client('observer', {
      nics: [{ switch: cluster.lan, addresses: ['192.0.2.51/24', '2001:db8::51/64'] }],
    });
    await lab.settled();
    const { nodes, pods } = cluster;
    cluster.write({
      pool: POOL,
      services: Array.from({ length: SERVICES }, (_, index) => ({ name: `web-${index}`, pods })),
    });
    const ports = nodes.map(({ nic }) => nic.port);
    const wire = await startWireTap(lab.inside(cluster.lan), ports, without);
    const thousand = new ThousandServices({ lab, cluster, observer, wire });
    await cluster.startAgents();
    await thousand.settled();
    return thousand;
  }

  /** Resolves with the owner of each address when every address has one, and all nodes agree on whom. */
  settled(nodes: readonly Node[] = this.cluster.nodes): Promise<ReadonlyMap<IpAddress, string>> {
    return waitFor(() => this.#owners(nodes), {
      what: `every address to be answered for by one of ${nodes.map(({ name }) => name).join()}`,
      deadlineMs: 120_000,
      everyMs: 500,
    });
  }

  /** Resolves with what was sent during a span of so many ms, not over yet, in which no address was announced. */
  quiet(ms: number): Promise<readonly Sighting[]> {
    const calledMs = monotonicMs();
    return waitFor(
      () => {
        const { records } = this.wire;
        const lastMs = records.at(-1)?.atMs ?? 0;
        const recent = records.filter(({ atMs }) => atMs > lastMs - ms);
        const whole = lastMs - (records[0]?.atMs ?? lastMs) > ms;
        // What was seen is printed and read a little later.
        return (
          lastMs > calledMs &&
          whole &&
          !recent.some(({ meaning }) => meaning === 'announcement') &&
          recent
        );
      },
      { what: `${ms} ms without an announcement`, deadlineMs: 60_000 + 2 * ms, everyMs: 200 },
    );
  }

  /** What was announced after a moment and before another, by which ports, in order of time. */
  announced(fromMs: number, toMs = Infinity) {
    return this.wire.records.flatMap((seen) =>
      seen.meaning === 'announcement' && seen.atMs > fromMs && seen.atMs < toMs ? [seen] : [],
    );
  }

  /** Addresses of hosts themselves: their kernels ask and answer for these now and then. */
  get hostAddresses(): ReadonlySet<IpAddress> {
    const nics = this.lab.hosts.flatMap((host) => host.nics);
    return new Set([
      ...nics.map(({ linkLocal }) => linkLocal),
      ...nics.flatMap(({ addresses }) => addresses.map(({ address }) => address)),
    ]);
  }

  async #owners(nodes: readonly Node[]): Promise<ReadonlyMap<IpAddress, string> | undefined> {
    const owners = new Map<IpAddress, string>();
    const all = await Promise.all(nodes.map((node) => this.cluster.status(node)));
    for (const { node, services } of all) {
      for (const { address, here } of services.flatMap(({ addresses }) => addresses)) {
        if (here !== 'answers') continue;
        if (owners.has(address)) return undefined;
        owners.set(address, node);
      }
    }
    const agreed = all.every(({ services, segments }) => {
      const addresses = services.flatMap((service) => service.addresses);
      return (
        services.length === SERVICES &&
        segments.every(({ standing }) => standing === 'active') &&
        services.every((service) => service.addresses.length > 0) &&
        addresses.every(
          ({ address, owner }) => owner !== undefined && owner === owners.get(address),
        )
      );
    });
    return agreed ? owners : undefined;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.lab[Symbol.asyncDispose]();
  }
}
