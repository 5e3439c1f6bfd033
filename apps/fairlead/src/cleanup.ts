import { existsSync, rmdirSync, rmSync } from 'node:fs';
import { Responder } from '@fairlead/announce';
import { forgetLastState } from '@fairlead/cluster';
import { LandDriver } from '@fairlead/land';
import { FileLock, Nftables, unmountBpffs } from '@fairlead/linux';
import { SteerDriver } from '@fairlead/steer';
import { OperatorError } from './operator-error.ts';
import type { StateDirectory } from './state-directory.ts';

/**
 * Removes all that an agent left in this network namespace and in the state directory; what others own
 * stays. Can be repeated. Returns what was removed, a line each.
 */
export function cleanup(directory: StateDirectory): string[] {
  if (process.getuid?.() !== 0) {
    throw new OperatorError('cleanup changes the kernel: run it as root');
  }
  const done: string[] = [];
  using lock = existsSync(directory.path) ? FileLock.acquire(directory.lock) : undefined;
  if (lock === undefined && existsSync(directory.path)) {
    throw new OperatorError(
      `an agent (process ${FileLock.ownerOf(directory.lock) ?? 'unknown'}) runs with --state-dir ${directory.path}. Stop it first.`,
    );
  }
  Responder.removeAll(directory.bpffs);
  done.push('answers to ARP and NDP: removed');
  SteerDriver.removeAll(directory.bpffs);
  done.push('steering: removed');
  using land = new LandDriver(new Nftables());
  land.remove();
  done.push('landing (nftables table inet fairlead): removed');
  unmountBpffs(directory.bpffs);
  removeStateDirectory(directory);
  done.push(`what an agent keeps in ${directory.path} and ${directory.last}: removed`);
  return done;
}

/** Only what is ours: somebody may have named a directory that holds other things too. */
function removeStateDirectory({ path, bpffs, socket, lock, last }: StateDirectory): void {
  forgetLastState(last);
  for (const ours of [socket, lock]) rmSync(ours, { force: true });
  for (const directory of [last, bpffs, path]) removeIfEmpty(directory);
}

/** In a pod it stays: there it is where a directory of the node is mounted. */
function removeIfEmpty(directory: string): void {
  try {
    rmdirSync(directory);
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (!['ENOENT', 'ENOTEMPTY', 'EBUSY', 'EROFS'].includes(code)) throw error;
  }
}
