import { Descriptor } from '../descriptor.ts';
import { Errno, SystemError } from '../system-error.ts';
import { BpfCall, BpfCommand } from './bpf-call.ts';
import { objectInfo, readName } from './object-info.ts';

/** A loaded BPF program. */
export class BpfProgram implements Disposable {
  /** In full, as in C; the kernel keeps 15 characters of it. */
  readonly name: string;
  /** Unique in this kernel until it is rebooted. */
  readonly id: number;
  readonly #descriptor: Descriptor;

  /** Takes over a descriptor of a program. */
  constructor(descriptor: Descriptor, name: string) {
    this.#descriptor = descriptor;
    this.name = name;
    this.id = objectInfo(descriptor.fd, `program ${name}`).getUint32(4, true);
  }

  /** Throws when closed. */
  get fd(): number {
    return this.#descriptor.fd;
  }

  [Symbol.dispose](): void {
    this.#descriptor[Symbol.dispose]();
  }
}

/** The kernel's name (15 characters at most) of a program that is loaded by anybody, or undefined where it is gone. */
export function programName(id: number): string | undefined {
  const result = new BpfCall().u32(0, id).try(BpfCommand.programById);
  if (result === -Errno.ENOENT) {
    return undefined;
  }
  if (result < 0) {
    throw new SystemError(-result, 'bpf', `program ${id}`);
  }
  using descriptor = new Descriptor(result, `program ${id}`);
  return readName(objectInfo(descriptor.fd, `program ${id}`), 64);
}
