import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { OperatorError } from './operator-error.ts';

export const DEFAULT_STATE_DIRECTORY = '/run/fairlead';
/** `/run` is empty after a reboot. */
const DEFAULT_LAST_DIRECTORY = '/var/lib/fairlead';

/** Where an agent keeps what must outlive it, and where `status` finds it. */
export interface StateDirectory {
  readonly path: string;
  /** A BPF file system: the pins that keep forwarding while no agent runs. */
  readonly bpffs: string;
  readonly socket: string;
  /** Locked while an agent runs on this node. */
  readonly lock: string;
  /** What outlives a reboot too: the last known state. */
  readonly last: string;
}

/** The longest path a Unix socket can have (`sun_path` in unix(7), less its final zero). */
const SOCKET_PATH_LIMIT = 107;

export function stateDirectory(path: string): StateDirectory {
  const socket = join(path, 'agent.sock');
  if (Buffer.byteLength(socket) > SOCKET_PATH_LIMIT) {
    throw new OperatorError(
      `--state-dir ${path} is too long: the socket in it may have ${SOCKET_PATH_LIMIT} bytes. Use a shorter path.`,
    );
  }
  const last = path === DEFAULT_STATE_DIRECTORY ? DEFAULT_LAST_DIRECTORY : join(path, 'last');
  return { path, bpffs: join(path, 'bpf'), socket, lock: join(path, 'agent.lock'), last };
}

export function createStateDirectory(directory: StateDirectory): void {
  try {
    // Readable by root only: the socket in it tells everything the agent knows.
    mkdirSync(directory.path, { recursive: true, mode: 0o700 });
    mkdirSync(directory.bpffs, { recursive: true, mode: 0o700 });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new OperatorError(
      `--state-dir ${directory.path} cannot be created (${reason}). Run the agent as root or name another directory.`,
      { cause },
    );
  }
}
