import type { TrafficPolicy } from '@fairlead/cluster';

/**
 * For the tests: rules of the shape that kube-proxy's nftables mode has for an external address, in tables of
 * their own. Under Cluster a packet is marked and masqueraded, under Local it only goes to a pod.
 */
export function kubeProxyRules(policy: TrafficPolicy): string {
  const mark =
    policy === 'Cluster' ? 'meta mark set meta mark or 0x4000' : 'meta mark set meta mark';
  const table = (ip: 'ip' | 'ip6', address: string, pod: string) => `
    table ${ip} kube-proxy {
      counter services { }
      chain prerouting {
        type nat hook prerouting priority -100; policy accept;
        ${ip} daddr ${address} meta l4proto { tcp, udp } th dport 80 counter name services goto external
      }
      chain external {
        ${mark}
        meta l4proto { tcp, udp } dnat to ${pod}:8080
      }
      chain postrouting {
        type nat hook postrouting priority 100; policy accept;
        meta mark & 0x4000 == 0x4000 masquerade
      }
    }`;
  return `${table('ip', '198.51.100.1', '10.244.1.5')}\n${table('ip6', '2001:db8:100::1', '[fd00:244::5]')}`;
}
