import { familyOf, formatPrefix, type IpAddress, type Prefix } from '@fairlead/ip';
import { applyProfile } from './host-profile.ts';
import { Host, type HostContext } from './host.ts';
import { InterfaceNames, type LinkIdentities } from './name-allocation.ts';
import type { Namespace } from './namespace.ts';
import type { Nic } from './nic.ts';
import { requireAddress } from './requested-address.ts';
import { tools } from './requirements.ts';
import { SetupScript } from './setup-script.ts';

export interface PodOptions {
  /** Without prefix lengths: `10.244.1.5`. */
  readonly addresses: readonly string[];
}

/** A pod: a host behind a node, to which a veth pair leads. */
export class Pod extends Host {
  readonly node: Node;
  readonly addresses: readonly IpAddress[];

  constructor(
    name: string,
    namespace: Namespace,
    context: HostContext,
    node: Node,
    addresses: readonly IpAddress[],
  ) {
    super(name, namespace, [], context);
    this.node = node;
    this.addresses = addresses;
  }
}

/** What a node needs of its lab to make pods. */
interface PodContext extends HostContext {
  readonly identities: LinkIdentities;
  readonly addNamespace: (host: string) => Promise<Namespace>;
}

/** The pods' way out, the same on every node: nobody but the pods at a link ever sees them. */
const podGateways = { 4: '169.254.1.1', 6: 'fe80::1' } as const;

/** A node of a cluster: forwards, filters reverse paths strictly, has pods. */
export class Node extends Host {
  readonly podPrefixes: readonly Prefix[];
  readonly pods: Pod[] = [];
  readonly #context: PodContext;
  readonly #interfaces = new InterfaceNames();

  constructor(
    name: string,
    namespace: Namespace,
    nics: readonly Nic[],
    context: PodContext,
    podPrefixes: readonly Prefix[],
  ) {
    super(name, namespace, nics, context);
    this.podPrefixes = podPrefixes;
    this.#context = context;
    for (const { interfaceName, device } of nics) {
      for (const taken of new Set([interfaceName, device])) this.#interfaces.take(taken);
    }
  }

  /** Its first address of the family, if it has one. */
  addressOf(family: 4 | 6): IpAddress | undefined {
    return this.nics.flatMap(({ addresses }) => addresses).find((a) => a.family === family)
      ?.address;
  }

  /** Starts a pod, routed as most network plugins do: a veth pair, no bridge. */
  async pod(name: string, options: PodOptions): Promise<Pod> {
    const addresses = options.addresses.map(requireAddress);
    const namespace = await this.#context.addNamespace(name);
    const port = this.#interfaces.take(`pod-${name}`);
    await namespace.setUp(this.#podScript(addresses, port));
    await this.namespace.setUp(this.#nodeScript(addresses, port));
    const pod = new Pod(name, namespace, this.#context, this, addresses);
    this.pods.push(pod);
    return pod;
  }

  #podScript(addresses: readonly IpAddress[], port: string): SetupScript {
    const { identities } = this.#context;
    const [inside, outside] = [identities.next(), identities.next()];
    const script = new SetupScript();
    applyProfile(script, 'pod');
    script
      .ip('link set dev lo up')
      .ip(
        `link add name eth0 index ${inside.index} address ${inside.mac} type veth peer name ${port} ` +
          `index ${outside.index} address ${outside.mac} netns ${this.namespace.name}`,
      );
    for (const address of addresses)
      script.ip(`addr add ${hostPrefix(address)} dev eth0${noDad(address)}`);
    script.ip('link set dev eth0 up');
    for (const family of new Set(addresses.map(familyOf))) {
      const gateway = podGateways[family];
      if (family === 4) script.ip(`route add ${gateway}/32 dev eth0 scope link`);
      script.ip(`route add default via ${gateway} dev eth0`);
    }
    return script.command(tools().ethtool, '-K', 'eth0', 'tx', 'off');
  }

  #nodeScript(addresses: readonly IpAddress[], port: string): SetupScript {
    const script = new SetupScript()
      .ip(`addr add ${podGateways[4]}/32 dev ${port} scope link`)
      .ip(`addr add ${podGateways[6]}/64 dev ${port} nodad`)
      .ip(`link set dev ${port} up`);
    for (const address of addresses) {
      // What the node itself sends to a pod comes from its own address, as with every plugin.
      const own = this.addressOf(familyOf(address));
      const source = own === undefined ? '' : ` src ${own}`;
      script.ip(`route add ${hostPrefix(address)} dev ${port}${source}`);
    }
    return script.command(tools().ethtool, '-K', port, 'tx', 'off');
  }
}

/** The `ip` lines by which one node reaches the pods of another that is on the same link. */
export function podRoutes(from: Node, to: Node): string[] {
  return to.podPrefixes.flatMap((prefix) => {
    const via = linkAddress(from, to, prefix.family);
    return via === undefined ? [] : [`route add ${formatPrefix(prefix)} via ${via}`];
  });
}

function linkAddress(from: Node, to: Node, family: 4 | 6): IpAddress | undefined {
  const here = new Set(from.nics.map((nic) => nic.switch));
  return to.nics
    .filter((nic) => here.has(nic.switch))
    .flatMap(({ addresses }) => addresses)
    .find((address) => address.family === family)?.address;
}

function hostPrefix(address: IpAddress): string {
  return `${address}/${familyOf(address) === 4 ? 32 : 128}`;
}

function noDad(address: IpAddress): string {
  return familyOf(address) === 6 ? ' nodad' : '';
}
