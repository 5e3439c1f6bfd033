import type { SetupScript } from './setup-script.ts';

/** What a host is in a lab, which decides how its kernel is set. */
export type HostKind = 'node' | 'pod' | 'client' | 'router' | 'foreign';

/** Sets what interfaces that are made later inherit. Nothing of the machine's own settings is relied on. */
export function applyProfile(script: SetupScript, kind: HostKind): void {
  const forwards = kind === 'node' || kind === 'router' ? 1 : 0;
  // Forwarding first: the kernel resets other settings when it changes.
  script.sysctl('net/ipv4/ip_forward', forwards).sysctl('net/ipv6/conf/all/forwarding', forwards);
  for (const scope of ['all', 'default']) {
    script
      .sysctl(`net/ipv4/conf/${scope}/rp_filter`, kind === 'node' ? 1 : 0)
      .sysctl(`net/ipv6/conf/${scope}/accept_dad`, 0)
      .sysctl(`net/ipv6/conf/${scope}/accept_ra`, 0)
      .sysctl(`net/ipv6/conf/${scope}/disable_ipv6`, 0);
  }
}

/**
 * Makes a host believe what it once learned about its neighbours: it moves only when it is told, not when
 * it happens to ask again.
 */
export function keepNeighbours(script: SetupScript, device: string): void {
  const hourMs = 3_600_000;
  for (const family of ['ipv4', 'ipv6']) {
    script.sysctl(`net/${family}/neigh/${device}/base_reachable_time_ms`, hourMs);
  }
}
