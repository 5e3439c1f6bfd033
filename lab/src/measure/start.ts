import type { Host } from '../host.ts';
import type { LabProcess } from '../lab-process.ts';
import type { Attempt } from './attempts.ts';
import type { Observation } from './observation.ts';
import { Recording } from './recording.ts';
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
