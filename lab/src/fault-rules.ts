/** Frames lost at a switch. Its ports are meant as the hosts behind them see it: `in` is what a host receives. */
export type FrameLoss =
  | { readonly kind: 'port'; readonly port: string; readonly lost: 'in' | 'out' | 'both' }
  /** What passes from a port of one group to a port of another. Ports in no group reach all. */
  | { readonly kind: 'between'; readonly groups: readonly (readonly string[])[] }
  | ({ readonly kind: 'matching' } & MatchingLoss);

interface MatchingLoss {
  readonly match: FrameMatch;
  /** Only frames from these ports; all if left out. */
  readonly from?: readonly string[] | undefined;
  /** Only frames to these ports; all if left out. */
  readonly to?: readonly string[] | undefined;
  readonly share?: LossShare | undefined;
}

/** Which frames. */
export interface FrameMatch {
  readonly protocol: 'arp' | 'ndp' | 'icmp' | 'udp' | 'tcp' | 'any';
  /** Of UDP or TCP, at either end. */
  readonly port?: number | undefined;
  readonly family?: 4 | 6 | undefined;
}

/** Which part of them is lost; all if there is none. */
export type LossShare =
  /** Each with this probability: 0.05 is one in twenty. */
  | { readonly probability: number }
  /** Each nth, counted. */
  | { readonly everyNth: number };

/**
 * The nft script that makes a switch lose the frames: one table of its own, so that deleting the table
 * heals it. The bridge family without conntrack, as not every kernel has that for bridges.
 * @throws RangeError for a share or port out of range.
 */
export function renderFrameLoss(table: string, loss: FrameLoss): string {
  return [`table bridge ${table} {`, ...chains(loss).map((line) => `  ${line}`), '}', ''].join(
    '\n',
  );
}

function chains(loss: FrameLoss): string[] {
  switch (loss.kind) {
    case 'port': {
      const { port, lost } = loss;
      const into = lost === 'out' ? [] : [`oifname ${quoted(port)} drop`];
      const outOf = lost === 'in' ? [] : [`iifname ${quoted(port)} drop`];
      return [
        ...baseChain('prerouting', outOf),
        ...baseChain('postrouting', into),
        // Queries for group members, which the switch itself sends, do not come by postrouting.
        ...baseChain('output', into),
      ];
    }
    case 'between':
      return baseChain('forward', pairs(loss.groups));
    case 'matching': {
      const ends = [portSet('iifname', loss.from), portSet('oifname', loss.to)];
      const matches = frameMatches(loss.match).map((match) =>
        [...ends, match, 'goto lose'].filter((part) => part !== '').join(' '),
      );
      return [
        'chain lose {',
        `  ${shareMatch(loss.share)}drop`,
        '}',
        ...baseChain('forward', matches),
      ];
    }
    default:
      return loss satisfies never;
  }
}

function baseChain(hook: string, rules: readonly string[]): string[] {
  if (rules.length === 0) return [];
  const lines = rules.map((rule) => `  ${rule}`);
  return [`chain ${hook} {`, `  type filter hook ${hook} priority -200;`, ...lines, '}'];
}

function pairs(groups: readonly (readonly string[])[]): string[] {
  return groups.flatMap((from) =>
    groups
      .filter((to) => to !== from && from.length > 0 && to.length > 0)
      .map((to) => `${portSet('iifname', from)} ${portSet('oifname', to)} drop`),
  );
}

function portSet(key: string, ports: readonly string[] | undefined): string {
  return ports === undefined ? '' : `${key} { ${ports.map(quoted).join(', ')} }`;
}

/** One nft match for each way in which a frame can fit; at most one of them fits. */
function frameMatches({ protocol, port, family }: FrameMatch): string[] {
  const type = family === undefined ? '' : `ether type ${family === 4 ? 'ip' : 'ip6'} `;
  switch (protocol) {
    case 'any':
      return [type.trim()];
    case 'arp':
      return ['ether type arp'];
    case 'ndp':
      return ['icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert }'];
    case 'icmp':
      return [`${type}meta l4proto { icmp, icmpv6 }`];
    case 'udp':
    case 'tcp': {
      if (port === undefined) return [`${type}meta l4proto ${protocol}`];
      if (!Number.isInteger(port) || port < 1 || port > 65_535) {
        throw new RangeError(`a port is between 1 and 65535, not ${port}`);
      }
      // The chain ends at the first that fits, so a frame with the port at both ends counts once.
      return ['sport', 'dport'].map((end) => `${type}${protocol} ${end} ${port}`);
    }
    default:
      return protocol satisfies never;
  }
}

function shareMatch(share: LossShare | undefined): string {
  if (share === undefined) return '';
  if ('everyNth' in share) {
    const { everyNth } = share;
    if (Number.isInteger(everyNth) && everyNth > 0) return `numgen inc mod ${everyNth} 0 `;
    throw new RangeError(`everyNth is a whole number from 1 on, not ${everyNth}`);
  }
  const { probability } = share;
  if (!(probability >= 0 && probability <= 1)) {
    throw new RangeError(`a probability is between 0 and 1, not ${probability}`);
  }
  return `numgen random mod 10000 < ${Math.round(probability * 10_000)} `;
}

function quoted(name: string): string {
  return `"${name}"`;
}
