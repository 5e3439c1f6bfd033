import { networkOf, prefixContains, type IpFamily, type Prefix } from '@fairlead/ip';

/**
 * The networks of one family that a list of source ranges lets in, none inside another; undefined where it
 * lets in everybody. As with kube-proxy a family that the list does not mention is open, and so is one with
 * a prefix of length 0: the same Service must not behave differently on the nodes where kube-proxy serves it.
 */
export function allowedSources(
  ranges: readonly Prefix[],
  family: IpFamily,
): readonly Prefix[] | undefined {
  const networks = ranges.filter((range) => range.family === family).map(networkOf);
  if (networks.length === 0 || networks.some(({ length }) => length === 0)) return undefined;
  const widestFirst = networks.toSorted((a, b) => a.length - b.length);
  const kept: Prefix[] = [];
  for (const network of widestFirst) {
    if (!kept.some((wider) => prefixContains(wider, network.address))) kept.push(network);
  }
  return kept;
}
