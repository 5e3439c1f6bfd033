import { addressOf, errno, libc } from '../ffi.ts';
import { SystemError } from '../system-error.ts';

/** enum bpf_cmd, include/uapi/linux/bpf.h */
export const BpfCommand = {
  mapCreate: 0,
  mapLookup: 1,
  mapUpdate: 2,
  mapDelete: 3,
  mapNextKey: 4,
  pin: 6,
  getPinned: 7,
  programById: 13,
  info: 15,
  programQuery: 16,
  mapLookupBatch: 24,
  linkCreate: 28,
  linkUpdate: 29,
  linkById: 30,
  linkDetach: 34,
} as const;

export type BpfCommand = (typeof BpfCommand)[keyof typeof BpfCommand];

/** Room for union bpf_attr. Kernels that know a shorter one demand only that the rest is zero. */
const attributeSize = 128;

const systemCalls: Readonly<Partial<Record<NodeJS.Architecture, number>>> = {
  x64: 321,
  arm64: 280,
};

function systemCallNumber(): number {
  const number = systemCalls[process.arch];
  if (number === undefined) {
    throw new Error(`bpf(2) has no known number on ${process.arch}`);
  }
  return number;
}

const systemCall = systemCallNumber();

/**
 * The attributes of bpf(2) calls, followed by the memory they point to, in one buffer: what a pointer means
 * lives exactly as long as the pointer. It may be used for any number of calls.
 */
export class BpfCall {
  readonly #buffer: ArrayBuffer;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #base: bigint;

  /** @param dataSize bytes to point to */
  constructor(dataSize = 0) {
    this.#buffer = new ArrayBuffer(attributeSize + dataSize);
    this.#bytes = new Uint8Array(this.#buffer);
    this.#view = new DataView(this.#buffer);
    this.#base = addressOf(this.#buffer);
  }

  /** Sets a 32-bit field of union bpf_attr at its offset. */
  u32(offset: number, value: number): this {
    this.#view.setUint32(offset, value, true);
    return this;
  }

  u64(offset: number, value: bigint): this {
    this.#view.setBigUint64(offset, value, true);
    return this;
  }

  /** Makes the 64-bit field at `offset` point to the data from `dataOffset` on. */
  pointer(offset: number, dataOffset: number): this {
    return this.u64(offset, this.#base + BigInt(attributeSize + dataOffset));
  }

  /** Writes bytes into the attributes themselves (names are kept there). */
  bytes(offset: number, bytes: Uint8Array): this {
    this.#bytes.set(bytes, offset);
    return this;
  }

  /** A 32-bit field that the kernel wrote back. */
  result(offset: number): number {
    return this.#view.getUint32(offset, true);
  }

  /** The memory that fields point to. */
  data(offset: number, length: number): Uint8Array {
    return new Uint8Array(this.#buffer, attributeSize + offset, length);
  }

  /** The result (0, or a new descriptor), or the negative error number. */
  try(command: BpfCommand): number {
    const result = libc.syscall(systemCall, command, this.#bytes, attributeSize);
    return result < 0 ? -errno() : result;
  }

  /** @throws SystemError naming `what` */
  run(command: BpfCommand, what: string): number {
    const result = this.try(command);
    if (result < 0) {
      throw new SystemError(-result, 'bpf', what);
    }
    return result;
  }
}
