import { mkdirSync, statfsSync } from 'node:fs';
import { errno, libc } from '../ffi.ts';
import { check, Errno, SystemError } from '../system-error.ts';

/** BPF_FS_MAGIC, include/uapi/linux/magic.h */
const bpfFileSystem = 0xcafe4a11;

/** mount(2), umount2(2) */
const MountFlag = { noSuid: 2, noDevices: 4, noExecute: 8 } as const;
const detachMount = 2;

/** Makes `directory` a bpffs of our own, for our user only. Does nothing where it is one already. */
export function mountBpffs(directory: string): void {
  mkdirSync(directory, { recursive: true });
  if (isBpffs(directory)) {
    return;
  }
  const flags = MountFlag.noSuid | MountFlag.noDevices | MountFlag.noExecute;
  check(libc.mount('bpf', directory, 'bpf', flags, 'mode=0700'), 'mount', `bpffs on ${directory}`);
}

/** Takes away the bpffs, and with it everything pinned there that nobody else uses. Returns whether there was one. */
export function unmountBpffs(directory: string): boolean {
  if (libc.umount2(directory, detachMount) === 0) {
    return true;
  }
  const reason = errno();
  if (reason === Errno.EINVAL || reason === Errno.ENOENT) {
    return false;
  }
  throw new SystemError(reason, 'umount', directory);
}

function isBpffs(directory: string): boolean {
  return statfsSync(directory).type === bpfFileSystem;
}
