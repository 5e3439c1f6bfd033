import { matchesInterface, remember, type Announcement } from '@fairlead/cluster';
import {
  familyOf,
  prefixContains,
  type IpAddress,
  type MacAddress,
  type Prefix,
} from '@fairlead/ip';
import type { InterfaceAddress, NetworkInterface } from '@fairlead/linux';
import { onLinkPrefixes } from './selection.ts';

/** An interface on which addresses can be announced. */
export interface Usable {
  readonly device: NetworkInterface & { readonly mac: MacAddress };
  readonly addresses: readonly IpAddress[];
  readonly prefixes: readonly Prefix[];
  /** Its name is none of those that are to be used. */
  readonly excluded: boolean;
}

/** The interface that takes part in a network. */
export interface Segment extends Usable {
  /** The node's other interfaces in the same subnet. */
  readonly twins: readonly Usable[];
}

/**
 * One interface for each network that this node is on: members tell nodes apart by their names, so two in one
 * network would look like a node that starts anew all the time. Of several that one is used which an Announcement
 * names, else which has an address that the Node object has, else the first by index.
 */
export const usableSegments = remember(
  (
    interfaces: readonly NetworkInterface[],
    addresses: readonly InterfaceAddress[],
    globs: readonly string[],
    announcements: readonly Announcement[],
    nodeAddresses: readonly IpAddress[],
  ): readonly Segment[] => {
    let left = interfaces.flatMap((device) => usable(device, addresses, globs));
    const rank = ({ device, addresses: own }: Usable): number => {
      const named = announcements.some((each) => matchesInterface(each.interfaces, device.name));
      const known = own.some((address) => nodeAddresses.includes(address));
      return (named ? 0 : 2) + (known ? 0 : 1);
    };
    const segments: Segment[] = [];
    const inOrder = left.toSorted((a, b) => rank(a) - rank(b) || a.device.index - b.device.index);
    for (const each of inOrder) {
      if (each.excluded || !left.includes(each)) continue;
      left = left.filter((other) => other !== each);
      const twins = left.filter((other) => shareSubnet(each, other));
      left = left.filter((other) => !twins.includes(other));
      segments.push({ ...each, twins });
    }
    return segments.toSorted((a, b) => a.device.index - b.device.index);
  },
);

/** It speaks ARP, holds an address and is no port of another one. */
function usable(
  device: NetworkInterface,
  addresses: readonly InterfaceAddress[],
  globs: readonly string[],
): readonly Usable[] {
  const { mac } = device;
  if (mac === undefined || !device.up || device.loopback || device.noArp || !device.broadcast) {
    return [];
  }
  if (device.master !== undefined) return [];
  const held = addresses.filter(
    (each) => each.interfaceIndex === device.index && !each.dadFailed && !each.linkLocal,
  );
  const prefixes = onLinkPrefixes(
    held.map(({ address, prefixLength }) => {
      return { family: familyOf(address), address, length: prefixLength };
    }),
  );
  if (prefixes.length === 0) return [];
  const excluded = globs.length > 0 && !matchesInterface(globs, device.name);
  return [
    { device: { ...device, mac }, addresses: held.map((each) => each.address), prefixes, excluded },
  ];
}

function shareSubnet(one: Usable, other: Usable): boolean {
  return one.prefixes.some((a) =>
    other.prefixes.some((b) => prefixContains(a, b.address) || prefixContains(b, a.address)),
  );
}
