const initialCapacity = 64;

/**
 * Writes bytes, big-endian. A value that does not fit its field is a mistake of ours, never of a peer:
 * RangeError, and nothing was written.
 */
export class Writer {
  #bytes: Uint8Array;
  #view: DataView;
  readonly #growing: boolean;
  #length = 0;

  /** @param target Absent: grows as needed. A number: room for that many bytes. Bytes: written from their start on. */
  constructor(target?: number | Uint8Array) {
    this.#growing = target === undefined;
    this.#bytes = target instanceof Uint8Array ? target : new Uint8Array(target ?? initialCapacity);
    this.#view = viewOf(this.#bytes);
  }

  /** How many bytes were written so far. */
  get length(): number {
    return this.#length;
  }

  u8(value: number): this {
    checkUnsigned(value, 8);
    const start = this.#claim(1);
    this.#view.setUint8(start, value);
    return this;
  }

  u16(value: number): this {
    checkUnsigned(value, 16);
    const start = this.#claim(2);
    this.#view.setUint16(start, value);
    return this;
  }

  u32(value: number): this {
    checkUnsigned(value, 32);
    const start = this.#claim(4);
    this.#view.setUint32(start, value);
    return this;
  }

  u64(value: bigint): this {
    if (BigInt.asUintN(64, value) !== value) {
      throw new RangeError(`a 64-bit field holds 0 to 2^64 - 1, not ${value}`);
    }
    const start = this.#claim(8);
    this.#view.setBigUint64(start, value);
    return this;
  }

  bytes(value: Uint8Array): this {
    const start = this.#claim(value.length);
    this.#bytes.set(value, start);
    return this;
  }

  /** Overwrites two bytes written before: a length or a checksum known only afterwards. */
  patchU16(offset: number, value: number): this {
    checkUnsigned(value, 16);
    if (!Number.isSafeInteger(offset) || offset < 0 || offset + 2 > this.#length) {
      throw new RangeError(
        `bytes ${offset} and ${offset + 1} are not among the ${this.#length} written`,
      );
    }
    this.#view.setUint16(offset, value);
    return this;
  }

  /** What was written so far: a view, which further writes may or may not change. */
  finish(): Uint8Array {
    return new Uint8Array(this.#bytes.buffer, this.#bytes.byteOffset, this.#length);
  }

  /** Makes room for `length` bytes and returns where they begin. Call it before `#view` is read: it may replace it. */
  #claim(length: number): number {
    const start = this.#length;
    const needed = start + length;
    if (needed > this.#bytes.length) {
      if (!this.#growing) {
        throw new RangeError(`${needed} bytes do not fit into ${this.#bytes.length}`);
      }
      const grown = new Uint8Array(Math.max(needed, 2 * this.#bytes.length));
      grown.set(this.#bytes);
      this.#bytes = grown;
      this.#view = viewOf(grown);
    }
    this.#length = needed;
    return start;
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function checkUnsigned(value: number, bits: 8 | 16 | 32): void {
  if (!Number.isInteger(value) || value < 0 || value >= 2 ** bits) {
    throw new RangeError(`a ${bits}-bit field holds 0 to 2^${bits} - 1, not ${value}`);
  }
}
