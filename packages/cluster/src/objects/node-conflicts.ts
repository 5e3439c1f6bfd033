import type { IpAddress } from '@fairlead/ip';
import type { ClusterNode, NodeName, Problem } from '../state.ts';

/** Addresses that two nodes claim to have: packets and heartbeats would go to the wrong one. */
export function doubleNodeAddresses(nodes: readonly ClusterNode[]): Problem[] {
  const owners = new Map<IpAddress, NodeName>();
  return nodes.flatMap(({ name, addresses }) =>
    addresses.flatMap((address) => {
      const owner = owners.get(address);
      owners.set(address, owner ?? name);
      if (owner === undefined || owner === name) return [];
      return [
        {
          object: `Node/${name}`,
          field: 'status.addresses',
          value: address,
          message: `Is the address of Node/${owner} too. Correct one of the two.`,
        },
      ];
    }),
  );
}
