import { ProtocolError } from './protocol-error.ts';

/**
 * A cursor over bytes, big-endian. Every read checks the length first and throws ProtocolError `truncated`
 * at the place where the missing value begins; the cursor stays there.
 */
export class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #base: number;
  #at = 0;

  /** @param base Where `bytes` begins in the whole input: added to every offset that is reported. */
  constructor(bytes: Uint8Array, base = 0) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#base = base;
  }

  /** Where the next read begins, in bytes from the start of the whole input. */
  get offset(): number {
    return this.#base + this.#at;
  }

  /** How many bytes are left. */
  get remaining(): number {
    return this.#bytes.length - this.#at;
  }

  u8(): number {
    return this.#view.getUint8(this.#advance(1));
  }

  u16(): number {
    return this.#view.getUint16(this.#advance(2));
  }

  u32(): number {
    return this.#view.getUint32(this.#advance(4));
  }

  u64(): bigint {
    return this.#view.getBigUint64(this.#advance(8));
  }

  /** The next `length` bytes: a view of the input, not a copy. */
  bytes(length: number): Uint8Array {
    const start = this.#advance(length);
    // Not subarray: of a Buffer, that would be a Buffer again.
    return new Uint8Array(this.#bytes.buffer, this.#bytes.byteOffset + start, length);
  }

  /** All that is left. */
  rest(): Uint8Array {
    return this.bytes(this.remaining);
  }

  /** A reader of the next `length` bytes alone, whose offsets are still those of the whole input. */
  take(length: number): Reader {
    const base = this.offset;
    return new Reader(this.bytes(length), base);
  }

  skip(length: number): void {
    this.#advance(length);
  }

  /** @throws ProtocolError `trailing-bytes` where something is left. */
  expectEnd(): void {
    if (this.remaining > 0) {
      throw new ProtocolError('trailing-bytes', this.offset, `${this.remaining} bytes too many`);
    }
  }

  #advance(length: number): number {
    if (!Number.isSafeInteger(length) || length < 0) {
      throw new RangeError(`a length is a whole number of bytes, not ${length}`);
    }
    if (length > this.remaining) {
      throw new ProtocolError(
        'truncated',
        this.offset,
        `${length} bytes wanted, ${this.remaining} left`,
      );
    }
    const start = this.#at;
    this.#at += length;
    return start;
  }
}
