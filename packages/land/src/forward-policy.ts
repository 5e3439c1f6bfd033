import type { NodeName, Problem } from '@fairlead/cluster';
import { tableName } from './nft-table.ts';

/**
 * A problem for each base chain in forward, of any table but ours, whose policy is drop and that has no rule
 * for rewritten flows. An accept in a chain of our own does not help there: every chain has to let a packet
 * pass. And a rule of ours in a table that iptables keeps would make iptables itself refuse the table.
 */
export function forwardDropProblems(
  node: NodeName,
  list: (what: string) => string | undefined,
): readonly Problem[] {
  return droppingChains(list('chains') ?? '')
    .filter(({ table, chain }) => !acceptsRewritten(list(`chain ${table} ${chain}`) ?? ''))
    .map(({ table, chain }) => ({
      object: `Node/${node}`,
      field: 'nftables chain',
      value: `${table} ${chain}`,
      message: `This chain drops what is forwarded unless a rule in it accepts it, which may stop packets on their way to a pod. Accept rewritten flows there: ${remedy(table, chain)}`,
    }));
}

function remedy(table: string, chain: string): string {
  const iptables = { 'ip filter': 'iptables', 'ip6 filter': 'ip6tables' }[table];
  return iptables === undefined || chain !== 'FORWARD'
    ? `nft insert rule ${table} ${chain} ct status dnat accept`
    : `${iptables} -I FORWARD -m conntrack --ctstate DNAT -j ACCEPT`;
}

function droppingChains(listing: string): { readonly table: string; readonly chain: string }[] {
  const found = [];
  let [table, chain] = ['', ''];
  for (const line of listing.split('\n')) {
    table = /^table (.+) \{/u.exec(line)?.[1] ?? table;
    chain = /^\tchain (\S+) \{/u.exec(line)?.[1] ?? chain;
    const drops = /^\t\ttype filter hook forward .*policy drop;/u.test(line);
    // An ARP or bridge table does not see what is routed.
    if (drops && /^(?:ip|ip6|inet) /u.test(table) && table !== tableName)
      found.push({ table, chain });
  }
  return found;
}

function acceptsRewritten(chain: string): boolean {
  return chain.split('\n').some((line) => /\bct status dnat\b.*\baccept\b/u.test(line));
}
