import {
  excludeLabel,
  matchesInterface,
  matchesSelector,
  type Announcement,
  type ClusterState,
  type LoadBalancerService,
  type NodeName,
  type Problem,
} from '@fairlead/cluster';
import {
  addressBits,
  addressFromInteger,
  addressToInteger,
  familyOf,
  formatPrefix,
  type IpAddress,
  type Prefix,
} from '@fairlead/ip';
import {
  inOrderOfName,
  namesInterfaces,
  onLinkPrefixes,
  selects,
  shadowedBy,
} from './selection.ts';

/** Which nodes may answer for an address. Who does so now is another matter, and changes. */
export type Reach =
  /** No agent has reported what its node has. */
  | { readonly kind: 'unknown' }
  | {
      readonly kind: 'reached';
      readonly method: 'ARP' | 'NDP';
      readonly nodes: number;
      /** Names, in order. */
      readonly interfaces: readonly string[];
    }
  /** Why no node can, and what to do. */
  | { readonly kind: 'nowhere'; readonly message: string };

interface Place {
  readonly node: NodeName;
  readonly interfaceName: string;
  /** Its node may not answer. */
  readonly excluded: boolean;
}

/** A network that nodes are on. */
interface Subnet {
  readonly text: string;
  readonly places: Place[];
}

const shown = 5;

/**
 * Where addresses of Services can be announced in the whole cluster, by what the agents report. Made once a
 * round: an address then costs a few look-ups, however many nodes there are.
 */
export class ReachIndex {
  /** Announcements that do not count for a Service that they select; filled by `reachOf`, once each. */
  readonly shadows = new Map<string, Problem>();
  readonly #nodes: ClusterState['nodes'];
  readonly #announcements: readonly Announcement[];
  readonly #reported: boolean;
  /** Every usable interface of every node. */
  readonly #places: Place[] = [];
  readonly #subnets = new Map<string, Subnet>();
  /** Lengths of prefixes by family, each once. */
  readonly #lengths = { 4: new Set<number>(), 6: new Set<number>() };
  readonly #selected = new Map<string, ReadonlySet<NodeName>>();
  readonly #answers = new Map<string, Reach>();

  constructor({ nodes, announcements }: Pick<ClusterState, 'nodes' | 'announcements'>) {
    this.#nodes = nodes;
    this.#announcements = inOrderOfName(announcements);
    this.#reported = nodes.some(({ report }) => report !== undefined);
    for (const { name: node, excluded, report } of nodes) {
      for (const { name: interfaceName, addresses } of report?.interfaces ?? []) {
        this.#add({ node, interfaceName, excluded }, onLinkPrefixes(addresses));
      }
    }
  }

  reachOf(
    service: Pick<LoadBalancerService, 'key' | 'labels'>,
    address: IpAddress,
    pool: string,
  ): Reach {
    if (!this.#reported) return { kind: 'unknown' };
    const chosen = this.#choose(service, pool);
    if (namesInterfaces(chosen)) {
      return this.#remember(`${familyOf(address)} ${chosen.name}`, () =>
        this.#judge(address, chosen, this.#named(chosen)),
      );
    }
    const subnets = this.#subnetsOf(address);
    if (subnets.length === 0) return { kind: 'nowhere', message: this.#noSubnet(address) };
    const key = [chosen?.name ?? '', ...subnets.map(({ text }) => text)].join(' ');
    return this.#remember(key, () =>
      this.#judge(
        address,
        chosen,
        subnets.flatMap(({ places }) => places),
      ),
    );
  }

  #add(place: Place, prefixes: readonly Prefix[]): void {
    if (prefixes.length === 0) return;
    this.#places.push(place);
    for (const prefix of prefixes) {
      const text = formatPrefix(prefix);
      const subnet = this.#subnets.get(text) ?? { text, places: [] };
      subnet.places.push(place);
      this.#subnets.set(text, subnet);
      this.#lengths[prefix.family].add(prefix.length);
    }
  }

  #choose(
    service: Pick<LoadBalancerService, 'key' | 'labels'>,
    pool: string,
  ): Announcement | undefined {
    let chosen: Announcement | undefined;
    for (const each of this.#announcements) {
      if (!selects(each, service, pool)) continue;
      if (chosen === undefined) chosen = each;
      else if (!this.shadows.has(each.name)) {
        this.shadows.set(each.name, shadowedBy(chosen, each, service));
      }
    }
    return chosen;
  }

  #subnetsOf(address: IpAddress): Subnet[] {
    const family = familyOf(address);
    const integer = addressToInteger(address);
    return Array.from(this.#lengths[family]).flatMap((length) => {
      const hostBits = BigInt(addressBits(family) - length);
      const network = addressFromInteger(family, (integer >> hostBits) << hostBits);
      return this.#subnets.get(`${network}/${length}`) ?? [];
    });
  }

  #named({ interfaces }: Announcement): readonly Place[] {
    return this.#places.filter(({ interfaceName }) => matchesInterface(interfaces, interfaceName));
  }

  #judge(address: IpAddress, chosen: Announcement | undefined, places: readonly Place[]): Reach {
    const admitted = chosen === undefined ? undefined : this.#nodesOf(chosen);
    const selected = places.filter(({ node }) => admitted?.has(node) ?? true);
    const usable = selected.filter(({ excluded }) => !excluded);
    if (usable.length === 0) {
      const message =
        selected.length > 0
          ? onlyExcluded(address, selected)
          : noNode(address, chosen, places.length > 0);
      return { kind: 'nowhere', message };
    }
    return {
      kind: 'reached',
      method: familyOf(address) === 4 ? 'ARP' : 'NDP',
      nodes: new Set(usable.map(({ node }) => node)).size,
      interfaces: [...new Set(usable.map(({ interfaceName }) => interfaceName))].sort(),
    };
  }

  #nodesOf({ name, nodeSelector }: Announcement): ReadonlySet<NodeName> {
    const known = this.#selected.get(name);
    if (known !== undefined) return known;
    const nodes = this.#nodes.filter(({ labels }) => matchesSelector(nodeSelector, labels));
    const names = new Set(nodes.map((node) => node.name));
    this.#selected.set(name, names);
    return names;
  }

  #noSubnet(address: IpAddress): string {
    const family = familyOf(address);
    const there = [...this.#subnets.keys()]
      .filter((text) => text.includes(':') === (family === 6))
      .sort();
    const named =
      there.length === 0 ? `no node has a subnet of IPv${family}` : `nodes have ${listOf(there)}`;
    return `${address} lies in no subnet of a node: ${named}. Use a pool inside a subnet of the nodes, or give the nodes an address in this one.`;
  }

  #remember(key: string, judge: () => Reach): Reach {
    const known = this.#answers.get(key);
    // What names the address itself is not for others.
    if (known !== undefined && known.kind !== 'nowhere') return known;
    const reach = judge();
    this.#answers.set(key, reach);
    return reach;
  }
}

function onlyExcluded(address: IpAddress, places: readonly Place[]): string {
  const nodes = [...new Set(places.map(({ node }) => node))].sort();
  return `${address} can be announced nowhere: every node that could (${listOf(nodes)}) has the label ${excludeLabel} or is being deleted. Remove the label (kubectl label node ${nodes.slice(0, shown).join(' ')} ${excludeLabel}-).`;
}

function listOf(items: readonly string[]): string {
  return `${items.slice(0, shown).join(', ')}${items.length > shown ? ', …' : ''}`;
}

function noNode(
  address: IpAddress,
  chosen: Announcement | undefined,
  interfacesThere: boolean,
): string {
  if (chosen === undefined) return `${address} can be announced by no node.`;
  const { name, interfaces } = chosen;
  if (!interfacesThere) {
    return `${address} can be announced nowhere: no node has an interface that Announcement ${name} names in spec.interfaces (${interfaces.join(', ')}). Correct the names.`;
  }
  return `${address} can be announced nowhere: spec.nodeSelector of Announcement ${name} selects no node that is on its network. Correct the selector, or label nodes.`;
}
