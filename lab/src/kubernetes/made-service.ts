import type { Host } from '../host.ts';
import { Recording } from '../measure/recording.ts';
import { startTool } from '../measure/start-tool.ts';

/** A Service was created. Times are `monotonicMs`. */
export interface MadeService {
  readonly kind: 'made';
  readonly name: string;
  /** When the API server was asked to. */
  readonly askedMs: number;
  /** When its answer was there. */
  readonly answeredMs: number;
}

/** Its status has an address. */
export interface PublishedService {
  readonly kind: 'published';
  readonly name: string;
  readonly atMs: number;
}

/** What the Service of a round is called, from 0 on. */
export function madeName(round: number): string {
  return `made-${round}`;
}

export interface ServiceMakerOptions {
  readonly kubeconfig: string;
  readonly rounds: number;
  /** That every one of the Services asks for. */
  readonly addresses: readonly string[];
}

/** Begins to make Services and to delete them again, one at a time; ends by itself after the last. */
export async function startServiceMaker(
  host: Host,
  { kubeconfig, rounds, addresses }: ServiceMakerOptions,
): Promise<Recording<MadeService | PublishedService>> {
  const flags = { kubeconfig, rounds, address: addresses };
  return new Recording<MadeService | PublishedService>(
    await startTool(host, 'service-maker', flags),
  );
}
