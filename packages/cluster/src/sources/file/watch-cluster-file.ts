import { setTimeout as delay } from 'node:timers/promises';
import type { ServiceOptions } from '../../objects/read-options.ts';
import type { SourceUpdate } from '../source.ts';
import { ClusterFile } from './cluster-file.ts';
import { DirectoryWatches } from './directory-watches.ts';

export interface ClusterFileOptions extends ServiceOptions {
  /** How long the files must have been quiet before they are read: an editor writes in several steps. */
  readonly quietMs?: number;
  /** How often to look without having been told of a change, for file systems that tell nothing. */
  readonly recheckMs?: number;
}

/** After this many quiet times a file that does not come to rest is read nevertheless. */
const mostQuietTimes = 20;

/**
 * Follows a standalone file and the key file it names until the signal aborts, and then resolves. Calls
 * back at once with what they hold, and again whenever that changes. A file that is missing or broken
 * leaves the last good state in force. Rejects with whatever `onUpdate` throws.
 */
export async function watchClusterFile(
  path: string,
  onUpdate: (update: SourceUpdate) => void,
  signal: AbortSignal,
  { quietMs = 50, recheckMs = 5000, ...options }: ClusterFileOptions = {},
): Promise<void> {
  const file = new ClusterFile(path, options);
  let wake = () => {};
  using watches = new DirectoryWatches(() => wake());
  let seen: string | undefined;
  while (!signal.aborted) {
    const woken = new Promise<void>((resolve) => {
      wake = resolve;
    });
    // First watch, then look, then read: whatever changes from here on wakes us.
    await watches.follow(file.paths);
    const present =
      seen === undefined ? await file.fingerprint() : await settled(file, seen, quietMs, signal);
    if (present === seen) {
      await wakeOrTimeout(woken, recheckMs, signal);
      continue;
    }
    seen = present;
    const update = await file.read();
    if (update !== undefined && !signal.aborted) onUpdate(update);
  }
}

/** What the files look like once they stay the same for a while, or at once if nothing has changed. */
async function settled(
  file: ClusterFile,
  seen: string,
  quietMs: number,
  signal: AbortSignal,
): Promise<string> {
  let present = await file.fingerprint();
  for (let times = 0; present !== seen && times < mostQuietTimes; times++) {
    await wakeOrTimeout(undefined, quietMs, signal);
    const next = await file.fingerprint();
    if (next === present || signal.aborted) break;
    present = next;
  }
  return present;
}

async function wakeOrTimeout(
  woken: Promise<void> | undefined,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<void> {
  const over = new AbortController();
  const timeout = delay(timeoutMs, undefined, { signal: AbortSignal.any([signal, over.signal]) });
  // The only error of a delay is that it was aborted, which ends the wait just as well.
  const ended = timeout.catch(() => {});
  await (woken === undefined ? ended : Promise.race([woken, ended]));
  over.abort();
}
