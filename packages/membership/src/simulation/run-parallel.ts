import { Worker } from 'node:worker_threads';
import type { RunResult } from './run.ts';
import type { WorkerTask } from './run-worker.ts';
import { mergeWorst, type Worst } from './statistics.ts';

export { asNewerVersion } from './newer-version.ts';
export { formatWorst } from './statistics.ts';

/** Plays that many histories from seed `first` on, spread over worker threads. */
export async function runParallel(
  first: number,
  count: number,
  threads: number,
): Promise<RunResult> {
  const tasks = Array.from({ length: threads }, (_, index) =>
    runWorker({
      first: first + index,
      count: Math.ceil((count - index) / threads),
      step: threads,
    }),
  );
  const results = await Promise.all(tasks);
  const worst = new Map<string, Worst>();
  for (const result of results) mergeWorst(worst, result.worst);
  return {
    failures: results.flatMap(({ failures }) => failures),
    worst: [...worst.values()],
  };
}

async function runWorker(task: WorkerTask): Promise<RunResult> {
  const { promise, resolve, reject } = Promise.withResolvers<RunResult>();
  const worker = new Worker(new URL('run-worker.ts', import.meta.url), { workerData: task });
  worker.once('message', resolve);
  worker.once('error', reject);
  worker.once('exit', () => reject(new Error(`a worker ended early: ${JSON.stringify(task)}`)));
  return promise;
}
