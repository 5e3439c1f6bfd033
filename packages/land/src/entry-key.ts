import type { LandEntry, LandPod } from './plan.ts';

type EntryAddress = Pick<LandEntry, 'address' | 'protocol' | 'port'>;

/**
 * An entry as part of the name of a chain, set or counter: `10.0.0.1/tcp/80`, `fd00__1/tcp/80`. Names in
 * nftables have no colons, and addresses no underscores, so different entries have different keys. Nothing
 * that a user chose freely, such as a Service's name, is part of it.
 */
export function entryKey({ address, protocol, port }: EntryAddress): string {
  return `${nameable(address)}/${protocol.toLowerCase()}/${port}`;
}

/** A pod likewise: `10.244.1.5/8080`. */
export function podKey({ address, port }: LandPod): string {
  return `${nameable(address)}/${port}`;
}

function nameable(address: string): string {
  return address.replaceAll(':', '_');
}
