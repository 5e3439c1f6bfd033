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

  /** @returns whether it wrote */
  async #look(signal: AbortSignal): Promise<boolean> {
    const { client, node, report, isMissing } = this.#options;
    const status = await report(this.#written);
    if (status === undefined) return false;
    if (isDeepStrictEqual(status, this.#written) && !isMissing()) return false;
    // Goes with its node; a Node made anew under the same name gets a report of its own.
    const { metadata } = await client.get(resources.nodes, { name: node }, { signal });
    const owner = { apiVersion: 'v1', kind: 'Node', name: node, uid: metadata?.uid ?? '' };
    const object = { metadata: { name: node, ownerReferences: [owner] }, status };
    await client.apply(ownResources.nodeReports, object, { signal, force: true });
    this.#written = status;
    return true;
  }
}
