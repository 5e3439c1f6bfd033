import type { NodeName, Problem } from '@fairlead/cluster';
import { tableName } from './nft-table.ts';

/** The base chains in forward, of any table but ours, whose policy is drop: `ip filter FORWARD`. */
export function droppingChains(chains: string): readonly string[] {
  const found: string[] = [];
  let [table, chain] = ['', ''];
  for (const line of chains.split('\n')) {
    table = /^table (.+) \{/u.exec(line)?.[1] ?? table;
    chain = /^\tchain (\S+) \{/u.exec(line)?.[1] ?? chain;
    const drops = /^\t\ttype filter hook forward .*policy drop;/u.test(line);
    // An ARP or bridge table does not see what is routed.
    if (drops && /^(?:ip|ip6|inet) /u.test(table) && table !== tableName)
      found.push(`${table} ${chain}`);
  }
  return found;
}

/**
 * A problem for each of these chains that has no rule for rewritten flows. An accept in a chain of our own does not
 * help there: every chain has to let a packet pass. And a rule of ours in a table that iptables keeps would make
 * iptables itself refuse the table.
 * @param list `nft list` of what is named, or empty
 */
export function forwardDropProblems(
  node: NodeName,
  dropping: readonly string[],
  list: (what: string) => string,
): readonly Problem[] {
  return dropping
    .filter((chain) => !acceptsRewritten(list(`chain ${chain}`)))
    .map((chain) => ({
      object: `Node/${node}`,
      field: 'nftables chain',
      value: chain,
      message: `This chain drops what is forwarded unless a rule in it accepts it, which may stop packets on their way to a pod. Accept rewritten flows there: ${remedy(chain)}`,
    }));
}

function remedy(chain: string): string {
  const iptables = { 'ip filter FORWARD': 'iptables', 'ip6 filter FORWARD': 'ip6tables' }[chain];
  return iptables === undefined
    ? `nft insert rule ${chain} ct status dnat accept`
    : `${iptables} -I FORWARD -m conntrack --ctstate DNAT -j ACCEPT`;
}

function acceptsRewritten(chain: string): boolean {
  return chain.split('\n').some((line) => /\bct status dnat\b.*\baccept\b/u.test(line));
}
