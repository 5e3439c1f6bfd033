import type { IpAddress } from '@fairlead/ip';
import type { Host } from '../host.ts';
import type { LabProcess } from '../lab-process.ts';
import type { Attempt } from './attempts.ts';
import type { Observation } from './observation.ts';
import { Recording } from './recording.ts';
import type { FrameMeaning, Sighting } from './sighting.ts';
import { startTool } from './start-tool.ts';

export interface ObserverOptions {
  readonly addresses: readonly string[];
  /** Time between two questions; default 5. */
  readonly everyMs?: number | undefined;
  /** Default the device of the host's first network card. */
  readonly device?: string | undefined;
}

/** Begins to ask who has the addresses, and to record who says it has. */
export async function startObserver(
  host: Host,
  { addresses, everyMs, device = host.nic.device }: ObserverOptions,
): Promise<Recording<Observation>> {
  const flags = { interface: device, address: addresses, every: everyMs };
  return new Recording<Observation>(await startTool(host, 'observer', flags));
}

export interface ConnectorOptions {
  readonly addresses: readonly string[];
  readonly port: number;
  /** Default TCP only. */
  readonly protocols?: readonly ('tcp' | 'udp')[] | undefined;
  /** Time from one attempt to the next; default 10. */
  readonly everyMs?: number | undefined;
  /** After which an attempt has failed; default 250. */
  readonly patienceMs?: number | undefined;
  /** Default without end. */
  readonly count?: number | undefined;
}

/**
 * Begins to ask through addresses, again and again, and to record what becomes of it. To measure with a warm
 * neighbour cache wait for a first answer.
 */
export async function startConnector(
  host: Host,
  options: ConnectorOptions,
): Promise<Recording<Attempt>> {
  const { addresses: address, port, protocols: protocol, count } = options;
  const { everyMs: every, patienceMs: patience } = options;
  const flags = { address, port, protocol, count, every, patience };
  return new Recording<Attempt>(await startTool(host, 'connector', flags));
}

export interface PodServerOptions {
  /** How it names itself in its answers; default the host's name. */
  readonly pod?: string | undefined;
  /** Here it tells whom it sees. */
  readonly ports?: readonly number[] | undefined;
  /** Here it sends back what it gets. */
  readonly echoPorts?: readonly number[] | undefined;
  /** Print every request. */
  readonly log?: boolean | undefined;
}

/** Starts what a pod offers: TCP and UDP, IPv4 and IPv6 on each port. */
export function startPodServer(host: Host, options: PodServerOptions): Promise<LabProcess> {
  const { pod = host.name, ports: port, echoPorts: echo, log } = options;
  return startTool(host, 'pod-server', { pod, port, echo, log });
}

/**
 * Begins to record what hosts send, at their ports of a switch.
 * @param at the switch's own namespace, see `Lab.inside`
 * @param without what is not recorded
 */
export async function startWireTap(
  at: Host,
  ports: readonly string[],
  without: readonly FrameMeaning['meaning'][] = [],
): Promise<Recording<Sighting>> {
  return new Recording<Sighting>(await startTool(at, 'wire-tap', { port: ports, without }));
}

export interface MembersOptions {
  readonly cluster: string;
  readonly keyFile: string;
  /** Nodes that are played; their addresses must be the host's. */
  readonly members: readonly NamedAddress[];
  /** All other nodes of the cluster. */
  readonly peers: readonly NamedAddress[];
  /** Send to these addresses only; default to all. */
  readonly only?: readonly IpAddress[] | undefined;
  /** Speak rules newer than ours: such as ours can follow, or not. */
  readonly newer?: 'compatible' | 'incompatible' | undefined;
}

interface NamedAddress {
  readonly node: string;
  readonly address: IpAddress;
}

/** Starts nodes that do nothing but send heartbeats by the real rules, in one process. */
export function startMembers(host: Host, options: MembersOptions): Promise<LabProcess> {
  const { cluster, members, peers, only, newer } = options;
  const flag = ({ node, address }: NamedAddress): string => `${node}=${address}`;
  return startTool(host, 'members', {
    interface: host.nic.device,
    cluster,
    'key-file': options.keyFile,
    member: members.map(flag),
    peer: peers.map(flag),
    only,
    newer,
  });
}
