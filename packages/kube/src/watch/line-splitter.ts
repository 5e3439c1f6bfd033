import { ProtocolError } from '@fairlead/wire';

const newline = 0x0a;

/** Cuts a stream of bytes into lines without copying more than the pieces of a line that came in parts. */
export class LineSplitter {
  readonly #maximumBytes: number;
  #pieces: Uint8Array[] = [];
  #length = 0;
  /** Where the current line began in the stream. */
  #lineStart = 0;

  constructor(maximumBytes: number) {
    this.#maximumBytes = maximumBytes;
  }

  /** Bytes of a line that has not ended. */
  get pending(): number {
    return this.#length;
  }

  /** @throws ProtocolError `line-too-long`: then no more can be read */
  *push(chunk: Uint8Array): Generator<Line, void, undefined> {
    let from = 0;
    while (from < chunk.length) {
      const end = chunk.indexOf(newline, from);
      const piece = chunk.subarray(from, end === -1 ? chunk.length : end);
      if (this.#length + piece.length > this.#maximumBytes) {
        throw new ProtocolError(
          'line-too-long',
          this.#lineStart,
          `more than ${this.#maximumBytes} bytes without a line feed`,
        );
      }
      if (end === -1) {
        // Copied, which a Buffer's own slice() would not do: the memory of the chunk is the socket's.
        this.#pieces.push(new Uint8Array(piece));
        this.#length += piece.length;
        return;
      }
      const offset = this.#lineStart;
      const bytes = this.#length === 0 ? piece : Buffer.concat([...this.#pieces, piece]);
      this.#pieces = [];
      this.#length = 0;
      this.#lineStart = offset + bytes.length + 1;
      yield { bytes, offset };
      from = end + 1;
    }
  }
}

export interface Line {
  /** Without its line feed. */
  readonly bytes: Uint8Array;
  /** Where it began in the stream. */
  readonly offset: number;
}
