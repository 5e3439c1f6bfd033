import { existsSync, unlinkSync } from 'node:fs';
import { Descriptor } from '../descriptor.ts';
import { Errno, SystemError } from '../system-error.ts';
import { BpfCall, BpfCommand } from './bpf-call.ts';

function pathCall(path: string): BpfCall {
  const text = Buffer.from(`${path}\0`);
  const call = new BpfCall(text.length).pointer(0, 0);
  call.data(0, text.length).set(text);
  return call;
}

/** Gives a BPF object a name in a bpffs, where it lives on without any process. Throws SystemError EEXIST where the name is taken. */
export function pin(fd: number, path: string): void {
  pathCall(path).u32(8, fd).run(BpfCommand.pin, `pin ${path}`);
}

/** The object pinned at a path, or undefined where there is none. */
export function openPinned(path: string): Descriptor | undefined {
  const result = pathCall(path).try(BpfCommand.getPinned);
  if (result === -Errno.ENOENT) {
    return undefined;
  }
  if (result < 0) {
    throw new SystemError(-result, 'bpf', `open pinned ${path}`);
  }
  return new Descriptor(result, path);
}

/** Removes the name; the object goes with its last user. Returns whether there was one. */
export function unpin(path: string): boolean {
  if (!existsSync(path)) {
    return false;
  }
  unlinkSync(path);
  return true;
}
