import type { Host } from '../host.ts';
import { Recording } from './recording.ts';
import type { SequenceResult } from './sequence-tally.ts';
import { startTool } from './start-tool.ts';

export interface NumberedOptions {
  readonly address: string;
  /** Where an echo listens. */
  readonly port: number;
  readonly protocol: 'tcp' | 'udp';
  /** Numbers a second; default 1 000. */
  readonly rate?: number | undefined;
  /** How long to wait for a next straggler at the end; default 1 000. */
  readonly graceMs?: number | undefined;
}

export interface NumberedResult extends SequenceResult {
  readonly kind: 'result';
  /** The client's own port: by it a pod's connection can be told. */
  readonly localPort: number;
  /** The first error of the socket; a TCP connection ends with it. */
  readonly error?: string;
}

/** Numbers on their way through an address and back. */
export class NumberedFlow implements AsyncDisposable {
  readonly #recording: Recording<NumberedResult>;

  private constructor(recording: Recording<NumberedResult>) {
    this.#recording = recording;
  }

  /** @throws Error where the first connection fails. */
  static async start(host: Host, options: NumberedOptions): Promise<NumberedFlow> {
    const { graceMs: grace, ...flags } = options;
    return new NumberedFlow(new Recording(await startTool(host, 'numbered', { ...flags, grace })));
  }

  /** Stops sending, waits for stragglers and counts. */
  async stop(): Promise<NumberedResult> {
    const result = (await this.#recording.stop()).at(-1);
    if (result === undefined) throw new Error(`${this.#recording.process.name} has no result`);
    return result;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#recording[Symbol.asyncDispose]();
  }
}
