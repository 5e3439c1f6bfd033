import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { drainRing, type Ring } from './ring-records.ts';

const size = 256;

/** A ring buffer as the kernel fills it; what one mapping of the data shows, the other shows too. */
class Writer {
  readonly ring: Ring;
  readonly #memory = new ArrayBuffer(2 * size);
  #position = 0;

  constructor() {
    this.ring = {
      consumed: new BigUint64Array(1),
      produced: new BigUint64Array(1),
      headers: new Int32Array(this.#memory),
      data: new Uint8Array(this.#memory),
      size,
    };
  }

  /** Reserves room for a record and returns how to end the work on it; undefined where there is no room. */
  reserve(bytes: Uint8Array): ((discard: boolean) => void) | undefined {
    const length = (bytes.length + 8 + 7) & ~7;
    if (this.#position + length - Number(this.ring.consumed[0]) > size) {
      return undefined;
    }
    const at = this.#position % size;
    this.#write(
      at,
      Uint8Array.from([...u32((bytes.length | 0x8000_0000) >>> 0), 0, 0, 0, 0, ...bytes]),
    );
    this.#position += length;
    this.ring.produced[0] = BigInt(this.#position);
    return (discard) => this.#write(at, u32(bytes.length | (discard ? 0x4000_0000 : 0)));
  }

  #write(at: number, bytes: Uint8Array): void {
    for (const [index, byte] of bytes.entries()) {
      this.ring.data[(at + index) % size] = byte;
      this.ring.data[((at + index) % size) + size] = byte;
    }
  }
}

function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}

function drain(ring: Ring): Uint8Array[] {
  const records: Uint8Array[] = [];
  drainRing(ring, (bytes) => records.push(bytes.slice()));
  return records;
}

test('records come out in the order of their reservation, discarded ones not at all', () => {
  const writer = new Writer();
  const first = writer.reserve(Uint8Array.of(1));
  const second = writer.reserve(Uint8Array.of(2, 2));
  const third = writer.reserve(Uint8Array.of(3, 3, 3));
  second?.(true);
  third?.(false);
  assert.deepEqual(drain(writer.ring), [], 'the first is still being written');
  first?.(false);
  assert.deepEqual(drain(writer.ring), [Uint8Array.of(1), Uint8Array.of(3, 3, 3)]);
  assert.deepEqual(drain(writer.ring), []);
  assert.equal(writer.ring.consumed[0], writer.ring.produced[0]);
});

test('whatever is written and however often it is read, nothing is lost, doubled or cut', () => {
  const step = fc.record({
    bytes: fc.uint8Array({ minLength: 1, maxLength: 60 }),
    discard: fc.boolean(),
    read: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
      const writer = new Writer();
      const written: Uint8Array[] = [];
      const read: Uint8Array[] = [];
      for (const { bytes, discard, read: now } of steps) {
        const commit = writer.reserve(bytes);
        commit?.(discard);
        if (commit && !discard) {
          written.push(bytes);
        }
        if (now) {
          read.push(...drain(writer.ring));
        }
      }
      read.push(...drain(writer.ring));
      assert.deepEqual(read, written);
    }),
  );
});

test('a record whose reader throws counts as read', () => {
  const writer = new Writer();
  writer.reserve(Uint8Array.of(1))?.(false);
  writer.reserve(Uint8Array.of(2))?.(false);
  assert.throws(() =>
    drainRing(writer.ring, () => {
      throw new Error('no');
    }),
  );
  assert.deepEqual(drain(writer.ring), [Uint8Array.of(2)]);
});
