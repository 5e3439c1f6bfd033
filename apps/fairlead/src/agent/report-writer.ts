import { isDeepStrictEqual } from 'node:util';
import { ownResources, type NodeReportStatus } from '@fairlead/cluster';
import { resources, sleep, type KubeClient } from '@fairlead/kube';

export interface ReportWriterOptions {
  readonly client: KubeClient;
  readonly node: string;
  /** What is so now, given what was said last; undefined until there is something to say. */
  readonly report: (
    previous: NodeReportStatus | undefined,
  ) => Promise<NodeReportStatus | undefined>;
  /** Whether the API server has none of this node, as where somebody has deleted it. */
  readonly isMissing: () => boolean;
  readonly onFailure: (error: Error) => void;
}

/** The last report must not hold up an agent that ends. */
const LAST_WITHIN_MS = 2000;

/** Between two writes: a flapping node must not become a burden to the API server. */
const WRITE_EVERY_MS = 5000;
/** Ownership changes by heartbeats, of which the main thread hears nothing: it looks this often. */
const LOOK_EVERY_MS = 1000;

/** Keeps this node's NodeReport true: looks often, writes when something has changed, and seldom. */
export class ReportWriter {
  readonly #options: ReportWriterOptions;
  #written: NodeReportStatus | undefined;

  constructor(options: ReportWriterOptions) {
    this.#options = options;
  }

  /** Until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const wrote = await this.#look(signal).catch((error: unknown) => {
        if (!signal.aborted) this.#options.onFailure(error as Error);
        return true;
      });
      const pauseMs = wrote ? WRITE_EVERY_MS : LOOK_EVERY_MS;
      // Where it is aborted the loop ends.
      await sleep(this.#options.client.clock, pauseMs, signal).catch(() => undefined);
    }
  }

  /** Says that this node takes part no more: nobody else could say so once the agent has ended. */
  async conclude(): Promise<void> {
    if (this.#written === undefined) return;
    const status = { ...this.#written, class: 'Out' as const, held: [] };
    try {
      await this.#write(status, AbortSignal.timeout(LAST_WITHIN_MS));
    } catch (error) {
      this.#options.onFailure(error as Error);
    }
  }

  /** @returns whether it wrote */
  async #look(signal: AbortSignal): Promise<boolean> {
    const { report, isMissing } = this.#options;
    const status = await report(this.#written);
    if (status === undefined) return false;
    if (isDeepStrictEqual(status, this.#written) && !isMissing()) return false;
    await this.#write(status, signal);
    return true;
  }

  async #write(status: NodeReportStatus, signal: AbortSignal): Promise<void> {
    const { client, node } = this.#options;
    // Goes with its node; a Node made anew under the same name gets a report of its own.
    const { metadata } = await client.get(resources.nodes, { name: node }, { signal });
    const owner = { apiVersion: 'v1', kind: 'Node', name: node, uid: metadata?.uid ?? '' };
    const object = { metadata: { name: node, ownerReferences: [owner] }, status };
    await client.apply(ownResources.nodeReports, object, { signal, force: true });
    this.#written = status;
  }
}
