import type { Fault, Faults } from './fault.ts';
import { renderFrameLoss, type FrameLoss } from './fault-rules.ts';
import { InterfaceNames, type LinkIdentity } from './name-allocation.ts';
import type { Namespace } from './namespace.ts';
import { tools } from './requirements.ts';
import { SetupScript } from './setup-script.ts';
import { waitFor } from './wait-for.ts';

export interface SwitchOptions {
  /** Whether multicast goes only to the ports that joined the group (MLD, IGMP); default true. */
  readonly snooping?: boolean | undefined;
}

/** An interface of a host at its port of a switch. */
export interface Plug {
  readonly switch: Switch;
  /** The port's name, in the switch's namespace. */
  readonly port: string;
  /** The solicited-node groups it is a member of by its own addresses. */
  readonly groups: readonly string[];
}

/** A host, or one interface of it. */
export interface Plugged {
  readonly name: string;
  readonly plugs: readonly Plug[];
}

const bridgeName = 'br0';

/** One L2 network: a namespace with a bridge. */
export class Switch {
  readonly name: string;
  readonly namespace: Namespace;
  readonly snooping: boolean;
  readonly #faults: Faults;
  readonly #ports = new InterfaceNames();
  readonly #plugs: Plug[] = [];
  #lossCount = 0;

  constructor(name: string, namespace: Namespace, faults: Faults, options: SwitchOptions) {
    this.name = name;
    this.namespace = namespace;
    this.snooping = options.snooping ?? true;
    this.#faults = faults;
    this.#ports.take(bridgeName);
  }

  async setUp({ mac }: LinkIdentity): Promise<void> {
    const script = new SetupScript();
    // A switch does not route, and netfilter's IP chains are not for what passes through it.
    for (const family of ['ip', 'ip6', 'arp']) {
      script.sysctl(`net/bridge/bridge-nf-call-${family}tables`, 0);
    }
    const snooping = this.snooping ? 1 : 0;
    script
      .sysctl('net/ipv6/conf/default/accept_dad', 0)
      .sysctl('net/ipv6/conf/default/accept_ra', 0)
      .ip('link set dev lo up')
      // Snooping filters only while there is a querier, and after its first query has had its time for
      // answers: 10 s by default, here 10 hundredths of a second. A port that comes up is asked twice: by default
      // with 31 s between, for which a host would be deaf that was not ready for the first question.
      .ip(
        `link add name ${bridgeName} address ${mac} type bridge stp_state 0 ` +
          `mcast_snooping ${snooping} mcast_query_response_interval 10 mcast_startup_query_interval 100`,
      )
      .ip(`link set dev ${bridgeName} addrgenmode none`)
      .ip(`addr add fe80::f1:5/64 dev ${bridgeName} nodad`)
      .ip(`link set dev ${bridgeName} up`);
    // Not before there is an address to ask from: a querier that finds none does not filter.
    if (this.snooping) script.ip(`link set dev ${bridgeName} type bridge mcast_querier 1`);
    await this.namespace.setUp(script);
  }

  /** A name for a further port. */
  newPort(wanted: string): string {
    return this.#ports.take(wanted);
  }

  /** Takes a port into service whose other end is plugged into a host. */
  async connect(plug: Plug): Promise<void> {
    if (!this.#plugs.includes(plug)) this.#plugs.push(plug);
    await this.namespace.setUp(
      new SetupScript()
        .ip(`link set dev ${plug.port} addrgenmode none`)
        .ip(`link set dev ${plug.port} master ${bridgeName} up`),
    );
  }

  /** Port by port the groups that the switch knows as joined there. */
  async joinedGroups(): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
    const { stdout } = await this.namespace.run([tools().bridge, '-json', 'mdb', 'show']);
    const joined = new Map<string, Set<string>>();
    for (const { mdb = [] } of JSON.parse(stdout) as readonly MdbAnswer[]) {
      for (const { port, grp } of mdb) {
        joined.set(port, (joined.get(port) ?? new Set()).add(grp));
      }
    }
    return joined;
  }

  /** Resolves once a snooping switch knows where all addresses of the hosts are, so that it filters none of them. */
  async settled(): Promise<void> {
    if (!this.snooping) return;
    const what = `switch ${this.name} to know the groups of its ports`;
    await waitFor(
      async () => {
        const joined = await this.joinedGroups();
        return this.#plugs.every(({ port, groups }) =>
          groups.every((group) => joined.get(port)?.has(group)),
        );
      },
      { what, everyMs: 20 },
    );
  }

  /** The names of the ports at which somebody is plugged in. */
  portsOf(...plugged: readonly Plugged[]): string[] {
    const here = (plug: Plug): boolean => plug.switch === this;
    return plugged.flatMap(({ plugs }) => plugs.filter(here).map(({ port }) => port));
  }

  /**
   * Nothing passes between the groups any more. Who is in no group still reaches everybody: a switch split
   * into two groups of nodes, seen by clients on both sides.
   */
  split(...groups: readonly (readonly Plugged[])[]): Promise<Fault> {
    const names = groups.map((group) => group.map(({ name }) => name).join('+'));
    const ports = groups.map((group) => this.portsOf(...group));
    return this.#faults.begin(`${this.name} split: ${names.join(' | ')}`, () =>
      this.lose({ kind: 'between', groups: ports }),
    );
  }

  /** Loses frames, until the function returned is called. */
  async lose(loss: FrameLoss): Promise<() => Promise<void>> {
    const table = `fault${++this.#lossCount}`;
    await this.#nft(renderFrameLoss(table, loss));
    return () => this.#nft(`delete table bridge ${table}`);
  }

  async #nft(script: string): Promise<void> {
    await this.namespace.run([tools().nft, '-f', '-'], { input: script });
  }
}

interface MdbAnswer {
  readonly mdb?: readonly { readonly port: string; readonly grp: string }[];
}
