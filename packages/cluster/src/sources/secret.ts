import { inspect } from 'node:util';

/** Bytes that are never printed: neither by a logger, nor in JSON, nor by `console.log`. */
export class Secret {
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** The bytes themselves, for the one place that needs them. */
  reveal(): Uint8Array {
    return this.#bytes;
  }

  equals(other: Secret): boolean {
    return Buffer.compare(this.#bytes, other.#bytes) === 0;
  }

  toString(): string {
    return '[secret]';
  }

  toJSON(): string {
    return '[secret]';
  }

  [inspect.custom](): string {
    return '[secret]';
  }
}
