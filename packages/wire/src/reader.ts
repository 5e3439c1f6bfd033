import { ProtocolError } from './protocol-error.ts';

/**
 * A cursor over bytes, big-endian. Every read checks the length first and throws ProtocolError `truncated`
 * at the place where the missing value begins; the cursor stays there.
 */
export class Reader {
  readonly #bytes: Uint8Array;
  readonly #base: number;
  readonly #end: number;
  #at: number;

  /**
   * @param base Where `bytes` begins in the whole input: added to every offset that is reported.
   * @param start The first byte to read,
   * @param end and the one behind the last.
   */
  constructor(bytes: Uint8Array, base = 0, start = 0, end = bytes.length) {
    this.#bytes = bytes;
    this.#base = base;
    this.#at = start;
    this.#end = end;
  }

  /** Where the next read begins, in bytes from the start of the whole input. */
  get offset(): number {
    return this.#base + this.#at;
  }

  /** How many bytes are left. */
  get remaining(): number {
    return this.#end - this.#at;
  }

  // The three that are read by the ten thousand a second look at the length by themselves, and put the value together
  // from its bytes: without V8's last compiler a call costs more than the rest, one of DataView included.

  u8(): number {
    const at = this.#at;
    if (at + 1 > this.#end) this.#advance(1);
    this.#at = at + 1;
    return this.#bytes[at] ?? 0;
  }

  u16(): number {
    const at = this.#at;
    if (at + 2 > this.#end) this.#advance(2);
    this.#at = at + 2;
    const bytes = this.#bytes;
    return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
  }

  u32(): number {
    const at = this.#at;
    if (at + 4 > this.#end) this.#advance(4);
    this.#at = at + 4;
    const bytes = this.#bytes;
    const high = ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
    return high * 0x1_0000 + (((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0));
  }

  u64(): bigint {
    const { buffer, byteOffset } = this.#bytes;
    return new DataView(buffer, byteOffset).getBigUint64(this.#advance(8));
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
    const start = this.#advance(length);
    return new Reader(this.#bytes, this.#base, start, start + length);
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
