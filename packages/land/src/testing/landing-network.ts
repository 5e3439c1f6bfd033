import { parseMac, type MacAddress } from '@fairlead/ip';
import { Host } from './host.ts';

/**
 * For the tests: client – router – LAN – node with two pods, and on the same LAN `elsewhere`, which has the
 * addresses itself. The router sends packets for our addresses to the node, as if they were announced by it
 * or steered to it.
 */
export class LandingNetwork implements Disposable {
  readonly #hosts = new DisposableStack();
  readonly client: Host;
  readonly router: Host;
  readonly node: Host;
  readonly pods: readonly [Host, Host];
  readonly elsewhere: Host;

  private constructor() {
    const start = (): Host => this.#hosts.use(new Host());
    this.client = start();
    this.router = start();
    this.node = start();
    this.pods = [start(), start()];
    this.elsewhere = start();
  }

  static async start(): Promise<LandingNetwork> {
    const network = new LandingNetwork();
    try {
      const { client, router, node, pods, elsewhere } = network;
      for (const host of [client, router, node, ...pods, elsewhere]) await host.ready;
      network.#connect();
      const ports = [8080, 8081];
      await network.pods[0].call('serve', { pod: 'pod-1', ports });
      await network.pods[1].call('serve', { pod: 'pod-2', ports });
      await network.elsewhere.call('serve', { pod: 'elsewhere', ports: [80] });
    } catch (error) {
      network[Symbol.dispose]();
      throw error;
    }
    return network;
  }

  /** Whom the router sends packets for our addresses to. */
  steerTo(target: 'node' | 'elsewhere'): void {
    const host = target === 'node' ? 11 : 12;
    this.router.run(`ip route replace 198.51.100.0/24 via 192.0.2.${host}
      ip -6 route replace 2001:db8:100::/64 via 2001:db8:2::${host}`);
  }

  /** Where the client sends what leaves its network. */
  get gateway(): MacAddress {
    const link = this.router.run('ip -o link show to-client');
    const mac = parseMac(/link\/ether (\S+)/u.exec(link)?.[1] ?? '');
    if (mac === undefined) throw new Error(`no MAC address in ${link}`);
    return mac;
  }

  [Symbol.dispose](): void {
    this.#hosts[Symbol.dispose]();
  }

  #connect(): void {
    const { client, router, node, pods, elsewhere } = this;
    for (const host of [client, router, node, ...pods, elsewhere]) host.run(beginning);
    router.run(`${forwarding}
      ip link add lan type bridge
      ip link add to-client type veth peer name eth0 netns ${client.pid}
      ip link add to-node type veth peer name eth0 netns ${node.pid}
      ip link add to-elsewhere type veth peer name eth0 netns ${elsewhere.pid}
      ip link set to-node master lan up
      ip link set to-elsewhere master lan up
      ${addressed('to-client', '203.0.113.1/24', '2001:db8:3::1/64')}
      ${addressed('lan', '192.0.2.1/24', '2001:db8:2::1/64')}`);
    const more = Array.from({ length: 20 }, (_, at) => at + 20);
    client.run(`${addressed('eth0', '203.0.113.10/24', '2001:db8:3::10/64')}
      ${more.map(further).join('\n')}
      ${routed('203.0.113.1', '2001:db8:3::1')}`);
    elsewhere.run(`${addressed('eth0', '192.0.2.12/24', '2001:db8:2::12/64')}
      ${addressed('lo', '198.51.100.1/32', '2001:db8:100::1/128')}
      ${routed('192.0.2.1', '2001:db8:2::1')}`);
    node.run(`${forwarding}
      for each in all default; do echo 1 > /proc/sys/net/ipv4/conf/$each/rp_filter; done
      ip link add pods type bridge
      ip link add pod-1 type veth peer name eth0 netns ${pods[0].pid}
      ip link add pod-2 type veth peer name eth0 netns ${pods[1].pid}
      ip link set pod-1 master pods up
      ip link set pod-2 master pods up
      echo 1 > /proc/sys/net/ipv4/conf/eth0/rp_filter
      ${addressed('eth0', '192.0.2.11/24', '2001:db8:2::11/64')}
      ${addressed('pods', '10.244.1.1/24', 'fd00:244::1/64')}
      ${routed('192.0.2.1', '2001:db8:2::1')}`);
    pods.forEach((pod, at) => {
      pod.run(`${addressed('eth0', `10.244.1.${at + 5}/24`, `fd00:244::${at + 5}/64`)}
        ${routed('10.244.1.1', 'fd00:244::1')}`);
    });
    this.steerTo('node');
  }
}

/** Without duplicate address detection, which takes a second; without filtering of bridged packets. */
const beginning = `ip link set lo up
  echo 0 > /proc/sys/net/ipv6/conf/default/accept_dad
  echo 0 > /proc/sys/net/ipv6/conf/all/accept_dad
  for each in ip ip6; do
    if [ -e /proc/sys/net/bridge/bridge-nf-call-\${each}tables ]; then
      echo 0 > /proc/sys/net/bridge/bridge-nf-call-\${each}tables
    fi
  done`;

const forwarding = `echo 1 > /proc/sys/net/ipv4/ip_forward
  echo 1 > /proc/sys/net/ipv6/conf/all/forwarding`;

function addressed(name: string, ipv4: string, ipv6: string): string {
  return `ip link set ${name} up
    ip address add ${ipv4} dev ${name}
    ip address add ${ipv6} dev ${name} nodad`;
}

/** An address of the client that only those use who ask for it. */
function further(at: number): string {
  return `ip address add 203.0.113.${at}/24 dev eth0
    ip address add 2001:db8:3::${at}/64 dev eth0 nodad preferred_lft 0`;
}

function routed(ipv4: string, ipv6: string): string {
  return `ip route add default via ${ipv4}
    ip -6 route add default via ${ipv6}`;
}
