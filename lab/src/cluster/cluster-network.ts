import type { Host } from '../host.ts';
import type { Lab } from '../lab.ts';
import { startPodServer } from '../measure/start.ts';
import type { Node, Pod } from '../node.ts';
import type { HostOptions } from '../plug-in.ts';
import type { Switch } from '../switch.ts';

export interface ClusterNetworkOptions {
  /** Names; default three: a, b, c. */
  readonly nodes?: readonly string[] | undefined;
  /** Names of nodes that have a pod, each called `web-NODE`; default the last two. */
  readonly podsOn?: readonly string[] | undefined;
  /** Put the nodes' network cards into bridges. */
  readonly bridged?: boolean | undefined;
  /** The switch that they are on; default a new one. */
  readonly lan?: Switch | undefined;
  /** The number of the first node, from which its addresses follow; default 1: 192.0.2.11. */
  readonly firstNumber?: number | undefined;
  /** What a node has beside its network card on the LAN. */
  readonly more?: ((number: number) => HostOptions) | undefined;
}

/** Nodes on one switch, of which some have a pod; one client. */
export interface ClusterNetwork {
  readonly lan: Switch;
  readonly nodes: readonly Node[];
  readonly pods: readonly Pod[];
  readonly client: Host;
}

/** Makes the network, with what the pods serve: 8080 tells whom a pod sees, 9090 sends back what it gets. */
export async function createClusterNetwork(
  lab: Lab,
  options: ClusterNetworkOptions = {},
): Promise<ClusterNetwork> {
  const { nodes: names = ['a', 'b', 'c'], bridged = false, firstNumber = 1, more } = options;
  const { podsOn = names.slice(-2) } = options;
  const lan = options.lan ?? (await lab.switch('lan'));
  const nodes: Node[] = [];
  const pods: Pod[] = [];
  for (const [index, name] of names.entries()) {
    const number = firstNumber + index;
    const { nics = [], ...rest } = more?.(number) ?? {};
    const addresses = [`192.0.2.${10 + number}/24`, `2001:db8::${10 + number}/64`];
    const node = await lab.node(name, {
      ...rest,
      nics: [{ switch: lan, addresses, bridged }, ...nics],
      podPrefixes: [`10.244.${number}.0/24`, `fd00:10:244:${number}::/64`],
    });
    nodes.push(node);
    if (!podsOn.includes(name)) continue;
    const podAddresses = [`10.244.${number}.5`, `fd00:10:244:${number}::5`];
    pods.push(await node.pod(`web-${name}`, { addresses: podAddresses }));
  }
  await Promise.all(pods.map((pod) => startPodServer(pod, { ports: [8080], echoPorts: [9090] })));
  const client =
    lab.hosts.find(({ name }) => name === 'client') ??
    (await lab.client('client', {
      nics: [{ switch: lan, addresses: ['192.0.2.50/24', '2001:db8::50/64'] }],
    }));
  await lab.settled();
  return { lan, nodes, pods, client };
}

/** A host that watches from beside: what it learns does not help the client. */
export async function addObserver(lab: Lab, lan: Switch): Promise<Host> {
  const observer = await lab.client('observer', {
    nics: [{ switch: lan, addresses: ['192.0.2.51/24', '2001:db8::51/64'] }],
  });
  await lab.settled();
  return observer;
}
