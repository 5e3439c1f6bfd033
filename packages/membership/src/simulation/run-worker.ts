import { parentPort, workerData } from 'node:worker_threads';
import { runHistories, seedRange } from './run.ts';

/** What a worker thread is told to play. */
export interface WorkerTask {
  readonly first: number;
  readonly count: number;
  readonly step: number;
}

const { first, count, step } = workerData as WorkerTask;
parentPort?.postMessage(runHistories(seedRange(first, count, step)));
