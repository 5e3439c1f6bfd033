import { libc } from '../ffi.ts';
import { MapType, type BpfMap } from './bpf-map.ts';
import { mapMemory, MemoryProtection } from './mapped-memory.ts';
import { drainRing, type Ring } from './ring-records.ts';

/**
 * The reading end of a BPF ring buffer (BPF_MAP_TYPE_RINGBUF). There must be only one.
 * Its first page is ours to write: how far we have read. The next says how far the kernel has written, and after that
 * page come the data. Documentation/bpf/ringbuf.rst
 */
export class RingBuffer implements Disposable {
  readonly #map: BpfMap;
  readonly #memory: DisposableStack;
  readonly #ring: Ring;

  /**
   * The map is not owned: close it after this.
   * @throws RangeError where it is a map of another type
   */
  constructor(map: BpfMap) {
    if (map.type !== MapType.ringBuffer) {
      throw new RangeError(`map ${map.name} of type ${map.type} is no ring buffer`);
    }
    using memory = new DisposableStack();
    const page = libc.getpagesize();
    const size = map.maxEntries;
    const what = `ring buffer ${map.name}`;
    const readerSide = memory.use(mapMemory(map.fd, page, 0, MemoryProtection.readWrite, what));
    const writerSide = memory.use(
      mapMemory(map.fd, page + 2 * size, page, MemoryProtection.read, what),
    );
    this.#map = map;
    this.#ring = {
      consumed: new BigUint64Array(readerSide.buffer, 0, 1),
      produced: new BigUint64Array(writerSide.buffer, 0, 1),
      headers: new Int32Array(writerSide.buffer, page),
      data: new Uint8Array(writerSide.buffer, page),
      size,
    };
    this.#memory = memory.move();
  }

  /** Readable while there is a record to read. */
  get fd(): number {
    return this.#map.fd;
  }

  /**
   * Reads what the kernel has committed so far.
   * @param onRecord gets each record's bytes: a view that is valid during the call only
   * @returns how many records were read
   */
  drain(onRecord: (bytes: Uint8Array) => void): number {
    return drainRing(this.#ring, onRecord);
  }

  [Symbol.dispose](): void {
    this.#memory[Symbol.dispose]();
  }
}
