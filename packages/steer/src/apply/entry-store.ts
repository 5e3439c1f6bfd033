import { listChange, type NodeName } from '@fairlead/cluster';
import { addressToMappedBytes, type IpAddress } from '@fairlead/ip';
import {
  contentsOf,
  deleteStale,
  hasRoom,
  keyText,
  writeMissing,
  type ByteMap,
  type ContentsEntry,
} from './byte-map.ts';
import { encodeService, encodeServiceKey, encodeU32, NodeIndex } from './layout.ts';
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

/** What was written, whole and without a gap. */
interface Written {
  readonly plan: SteerPlan;
  /** Slots and indices as they were. */
  readonly slots: ReadonlyMap<TableKey, number>;
  readonly indices: ReadonlyMap<NodeName | undefined, number>;
}

/** Where things are that entries name. */
interface Places {
  /** Where the plan's tables are. */
  readonly slots: ReadonlyMap<TableKey, number>;
  /** Index of a node, undefined being kube-proxy. */
  readonly indexOf: (node: NodeName | undefined) => number;
}

const none: ReadonlySet<IpAddress> = new Set();

/**
 * Where packets go, by what they are addressed to. `addresses` has those of which every entry is in place:
 * it is written after them and taken away before.
 *
 * The first time, and after `forget`, the kernel's maps are read back and compared, which takes time for
 * thousands of Services. In between what was written last counts, and a change costs what it changes.
 */
export class EntryStore {
  readonly #services: ByteMap;
  readonly #addresses: ByteMap;
  #written: Written | undefined;

  constructor(services: ByteMap, addresses: ByteMap) {
    this.#services = services;
    this.#addresses = addresses;
  }

  /** Has the next `write` read back what the kernel holds. */
  forget(): void {
    this.#written = undefined;
  }

  /** Adds and changes what is wanted. An entry is replaced in one step. */
  write(
    plan: SteerPlan,
    slots: ReadonlyMap<TableKey, number>,
    indexOf: (node: NodeName | undefined) => number,
  ): EntryChange {
    const known = this.#written;
    // Whatever fails from here on leaves the kernel with something that we do not know.
    this.#written = undefined;
    const places = { slots, indexOf };
    return (known && this.#writeChanges(known, plan, places)) ?? this.#writeAll(plan, places);
  }

  /** Whether everything for this address is in place. */
  has(address: IpAddress): boolean {
    return this.#addresses.get(addressToMappedBytes(address)) !== undefined;
  }

  /** Compares with what the kernel holds. */
  #writeAll(plan: SteerPlan, places: Places): EntryChange {
    const incomplete = new Set<IpAddress>();
    const services = new Map<string, ContentsEntry & { readonly address: IpAddress }>();
    const addressKeys = new Map(plan.addresses.map((each) => [each, addressToMappedBytes(each)]));
    for (const entry of plan.entries) {
      const { address, protocol, port } = entry;
      const target = targetOf(entry, places);
      const key = encodeServiceKey(addressKeys.get(address)!, protocol, port);
      if (target === undefined) incomplete.add(address);
      else services.set(keyText(key), { key, value: bytesOf(entry, target), address });
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
    return {
      incomplete,
      prune: () => {
        deleteStale(this.#services, heldServices, services);
        if (incomplete.size === 0) this.#written = written(plan, places);
      },
    };
  }

  /** Undefined where that does not do, and everything has to be looked at. */
  #writeChanges(known: Written, plan: SteerPlan, places: Places): EntryChange | undefined {
    if (!isWhereItWas(known, plan, places)) return undefined;
    const entries = listChange(known.plan.entries, plan.entries);
    const addresses = listChange(known.plan.addresses, plan.addresses);
    const after = new Map<string, ContentsEntry>();
    for (const entry of entries.fresh) {
      const target = targetOf(entry, places);
      if (target === undefined) return undefined;
      const key = keyOf(entry);
      after.set(keyText(key), { key, value: bytesOf(entry, target) });
    }
    const held = new Map<string, ContentsEntry>();
    const before = { slots: known.slots, indexOf: indexIn(known) };
    for (const entry of entries.gone) {
      const key = keyOf(entry);
      const target = targetOf(entry, before) ?? NodeIndex.none;
      held.set(keyText(key), { key, value: bytesOf(entry, target) });
    }
    for (const address of addresses.gone) this.#addresses.delete(addressToMappedBytes(address));
    if (writeMissing(this.#services, held, after).size > 0) return undefined;
    for (const address of addresses.fresh) {
      const key = addressToMappedBytes(address);
      if (!hasRoom(() => this.#addresses.set(key, IN_PLACE))) return undefined;
    }
    return {
      incomplete: none,
      prune: () => {
        deleteStale(this.#services, held, after);
        this.#written = written(plan, places, known);
      },
    };
  }
}

/** @param before what counted until now: most of it still does */
function written(plan: SteerPlan, { slots, indexOf }: Places, before?: Written): Written {
  const indices = new Map(before?.indices);
  const { entries } = plan;
  const named = before === undefined ? entries : listChange(before.plan.entries, entries).fresh;
  for (const { target } of named) {
    const node = target.kind === 'node' ? target.node : undefined;
    if (!indices.has(node)) indices.set(node, indexOf(node));
  }
  return { plan, slots, indices };
}

function indexIn({ indices }: Written): Places['indexOf'] {
  return (node) => indices.get(node) ?? NodeIndex.none;
}

/** Whether entries that stay name the same tables and nodes by the same numbers. */
function isWhereItWas({ slots, indices }: Written, plan: SteerPlan, places: Places): boolean {
  const missing = new Set<TableKey>();
  for (const [key, slot] of slots) {
    const now = places.slots.get(key);
    if (now === undefined) missing.add(key);
    else if (now !== slot) return false;
  }
  for (const [node, index] of indices) if (places.indexOf(node) !== index) return false;
  if (missing.size === 0) return true;
  return !plan.entries.some(({ target }) => target.kind === 'table' && missing.has(target.key));
}

function keyOf({ address, protocol, port }: SteerEntry): Uint8Array {
  return encodeServiceKey(addressToMappedBytes(address), protocol, port);
}

/** Slot or index of what the entry names; undefined where its table has no slot. */
function targetOf({ target }: SteerEntry, { slots, indexOf }: Places): number | undefined {
  switch (target.kind) {
    case 'table':
      return slots.get(target.key);
    case 'node':
      return indexOf(target.node);
    case 'kube-proxy':
      return indexOf(undefined);
    default:
      return target satisfies never;
  }
}

function bytesOf({ target: { kind }, affinity }: SteerEntry, target: number): Uint8Array {
  return encodeService({ kind: kind === 'table' ? 'table' : 'node', target, affinity });
}
