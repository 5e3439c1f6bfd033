import type { NodeName } from '@fairlead/cluster';
import { addressToMappedBytes, type IpAddress } from '@fairlead/ip';
import {
  contentsOf,
  deleteStale,
  keyText,
  writeMissing,
  type ByteMap,
  type ContentsEntry,
} from './byte-map.ts';
import { encodeService, encodeServiceKey, encodeU32, type ServiceValue } from './layout.ts';
import type { SteerEntry, SteerPlan, TableKey } from '../plan.ts';

/** The value of an address; it has nothing to say yet. */
const IN_PLACE = encodeU32(0);

/** A change of which the taking away is still to come. */
export interface EntryChange {
  /** Addresses of which an entry, or its table, found no room. */
  readonly incomplete: ReadonlySet<IpAddress>;
  /** Takes away the entries that are no longer wanted. */
  prune(): void;
}

/**
 * Where packets go, by what they are addressed to. `addresses` has those of which every entry is in place:
 * it is written after them and taken away before.
 */
export class EntryStore {
  readonly #services: ByteMap;
  readonly #addresses: ByteMap;

  constructor(services: ByteMap, addresses: ByteMap) {
    this.#services = services;
    this.#addresses = addresses;
  }

  /**
   * Adds and changes what is wanted. An entry is replaced in one step.
   * @param slots where the plan's tables are
   * @param indexOf index of a node, undefined being kube-proxy
   */
  write(
    plan: SteerPlan,
    slots: ReadonlyMap<TableKey, number>,
    indexOf: (node: NodeName | undefined) => number,
  ): EntryChange {
    const incomplete = new Set<IpAddress>();
    const services = new Map<string, ContentsEntry & { readonly address: IpAddress }>();
    const addressKeys = new Map(plan.addresses.map((each) => [each, addressToMappedBytes(each)]));
    for (const entry of plan.entries) {
      const { address, protocol, port } = entry;
      const value = valueOf(entry, slots, indexOf);
      const key = encodeServiceKey(addressKeys.get(address)!, protocol, port);
      if (value === undefined) incomplete.add(address);
      else services.set(keyText(key), { key, value: encodeService(value), address });
    }
    const heldServices = contentsOf(this.#services.entries());
    const heldAddresses = contentsOf(this.#addresses.entries());
    const addresses = new Map<string, ContentsEntry & { readonly address: IpAddress }>();
    for (const [address, key] of addressKeys) {
      if (!incomplete.has(address)) addresses.set(keyText(key), { key, value: IN_PLACE, address });
    }
    deleteStale(this.#addresses, heldAddresses, addresses);
    for (const text of writeMissing(this.#services, heldServices, services)) {
      const { address } = services.get(text)!;
      incomplete.add(address);
      addresses.delete(keyText(addressKeys.get(address)!));
    }
    for (const text of writeMissing(this.#addresses, heldAddresses, addresses)) {
      incomplete.add(addresses.get(text)!.address);
    }
    if (incomplete.size > 0) deleteStale(this.#addresses, heldAddresses, addresses);
    return { incomplete, prune: () => deleteStale(this.#services, heldServices, services) };
  }

  /** Whether everything for this address is in place. */
  has(address: IpAddress): boolean {
    return this.#addresses.get(addressToMappedBytes(address)) !== undefined;
  }
}

function valueOf(
  { target, affinity }: SteerEntry,
  slots: ReadonlyMap<TableKey, number>,
  indexOf: (node: NodeName | undefined) => number,
): ServiceValue | undefined {
  switch (target.kind) {
    case 'table': {
      const slot = slots.get(target.key);
      return slot === undefined ? undefined : { kind: 'table', target: slot, affinity };
    }
    case 'node':
      return { kind: 'node', target: indexOf(target.node), affinity };
    case 'kube-proxy':
      return { kind: 'node', target: indexOf(undefined), affinity };
    default:
      return target satisfies never;
  }
}
