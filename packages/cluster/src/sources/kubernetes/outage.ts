import { ApiError, ConnectionError, type KubeClient, type Reachability } from '@fairlead/kube';
import type { Problem } from '../../state.ts';

/** So long everybody may be away without it being worth a word: an API server that restarts is back by then. */
const graceMs = 10_000;

/** Whether the API server as a whole serves us, and since when it does not. */
export class Outage implements Disposable {
  readonly #client: Pick<KubeClient, 'clock' | 'server'>;
  readonly #onChange: () => void;
  #began: { readonly ms: number; readonly date: Date; readonly error: Error } | undefined;
  /** What the last question came to. */
  #unreachable: Error | undefined;
  #timer: Disposable | undefined;
  /** When the newest question was asked that the server answered. */
  #answeredMs = -Infinity;

  constructor(client: Pick<KubeClient, 'clock' | 'server'>, onChange: () => void) {
    this.#client = client;
    this.#onChange = onChange;
  }

  /** Something could not be asked. It may be the server, or one connection only. */
  suspect(error: Error): void {
    if (this.#began !== undefined || !isAboutServer(error)) return;
    this.#began = { ms: this.#client.clock.nowMs(), date: this.#client.clock.date(), error };
    this.#timer = this.#client.clock.schedule(graceMs, this.#onChange);
  }

  /** What the probe has found out. */
  probed(state: Reachability): void {
    if (state.reachable) return;
    this.suspect(state.error);
    this.#unreachable = isAboutServer(state.error) ? state.error : undefined;
    this.#onChange();
  }

  /** The server has answered a question that was asked at `askedMs`. */
  reached(askedMs: number): void {
    this.#unreachable = undefined;
    this.#answeredMs = askedMs;
    if (this.#began === undefined || askedMs < this.#began.ms) return;
    this.#end();
    this.#onChange();
  }

  hasAnsweredSince(ms: number): boolean {
    return this.#answeredMs >= ms;
  }

  get problem(): Problem | undefined {
    const began = this.#began;
    if (began === undefined || this.#unreachable === undefined) return undefined;
    if (this.#client.clock.nowMs() - began.ms < graceMs) return undefined;
    const message = `Has not served us since ${began.date.toISOString()}: ${began.error.message}. The last known state is used until it does. ${advice(began.error)}`;
    return { object: `KubernetesAPI/${this.#client.server}`, field: '', value: '', message };
  }

  [Symbol.dispose](): void {
    this.#end();
  }

  #end(): void {
    this.#began = undefined;
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
  }
}

/** Any other refusal is about one kind of object. */
function isAboutServer(error: Error): boolean {
  return !(error instanceof ApiError) || error.code === 401 || error.code >= 500;
}

function advice(error: Error): string {
  if (error instanceof ConnectionError) return 'See that it runs and can be reached from here.';
  if (error instanceof ApiError && error.code === 401) return 'Renew the credentials.';
  return 'See what it, or what stands in front of it, has in its log.';
}
