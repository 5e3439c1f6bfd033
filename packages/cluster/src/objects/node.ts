import { parseAddress } from '@fairlead/ip';
import type { NodeObject } from '../schemas/node.ts';
import { itemPath } from '../shape/field-path.ts';
import type { ClusterNode, NodeName } from '../state.ts';
import { converted, type Converted } from './converted.ts';

/** Any value of this label takes a node out (KEP-1143). */
export const excludeLabel = 'node.kubernetes.io/exclude-from-external-load-balancers';

/** A node with the InternalIPs that can be read. */
export function readNode({ metadata, status }: NodeObject): Converted<ClusterNode> {
  const addresses = status.addresses.flatMap(({ type, address }, index) =>
    type === 'InternalIP' ? [{ text: address, index, address: parseAddress(address) }] : [],
  );
  const ready = status.conditions.find(({ type }) => type === 'Ready');
  const node: ClusterNode = {
    name: metadata.name as NodeName,
    labels: metadata.labels,
    addresses: addresses.flatMap(({ address }) => address ?? []),
    ready: ready === undefined || ready.status === 'True',
    excluded:
      Object.hasOwn(metadata.labels, excludeLabel) || metadata.deletionTimestamp !== undefined,
  };
  const faults = addresses
    .filter(({ address }) => address === undefined)
    .map(({ text, index }) => ({
      field: `${itemPath('status.addresses', index)}.address`,
      value: text,
      message: 'Not an IP address. Write one, as in 192.0.2.11 or 2001:db8::11.',
    }));
  return converted(node, faults);
}
