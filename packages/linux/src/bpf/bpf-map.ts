import { basename } from 'node:path';
import { Descriptor } from '../descriptor.ts';
import { Errno, SystemError } from '../system-error.ts';
import { BpfCall, BpfCommand } from './bpf-call.ts';
import { visitBatches, type MapEntry } from './lookup-batch.ts';
import { mapMemory, MemoryProtection, type MappedMemory } from './mapped-memory.ts';
import { kernelName, objectInfo, readName } from './object-info.ts';
import { openPinned, pin } from './pin.ts';
import { possibleCpus } from './possible-cpus.ts';

/** enum bpf_map_type, include/uapi/linux/bpf.h */
export const MapType = {
  hash: 1,
  array: 2,
  perCpuHash: 5,
  perCpuArray: 6,
  lruPerCpuHash: 10,
  ringBuffer: 27,
} as const;

/** include/uapi/linux/bpf.h */
const MapFlag = { mappable: 1 << 10, inner: 1 << 12 } as const;

const perCpuTypes: ReadonlySet<number> = new Set([
  MapType.perCpuHash,
  MapType.perCpuArray,
  MapType.lruPerCpuHash,
]);

export interface ArrayMapOptions {
  /** Cut to 15 characters. */
  readonly name: string;
  /** Bytes. */
  readonly valueSize: number;
  readonly maxEntries: number;
  /** May be written and read by {@link BpfMap.mmap}; default true. */
  readonly mappable?: boolean;
  /** May stand in an outer map next to arrays of other lengths (that one's inner map must say BPF_F_INNER_MAP too); default false. */
  readonly inner?: boolean;
}

/**
 * A BPF map. Keys and values are bytes in the layout that the program declares; their sizes are checked here,
 * as the kernel reads and writes what it expects and would go beyond a shorter buffer.
 */
export class BpfMap implements Disposable {
  /** In full where it came from an object file or a pin of that name, else the 15 characters that the kernel keeps. */
  readonly name: string;
  /** Unique in this kernel until it is rebooted; what a lookup in a map of maps gives. */
  readonly id: number;
  /** enum bpf_map_type */
  readonly type: number;
  readonly flags: number;
  /** Bytes. */
  readonly keySize: number;
  /** Bytes; of a per-CPU map the values of all possible CPUs together, each padded to a multiple of 8. */
  readonly valueSize: number;
  /** Bytes, as the program declares it: of one CPU's value. */
  readonly declaredValueSize: number;
  readonly maxEntries: number;
  readonly #descriptor: Descriptor;
  readonly #call: BpfCall;
  readonly #key: Uint8Array;
  readonly #value: Uint8Array;
  #memory: MappedMemory | undefined;

  /** Takes over a descriptor of the map that is probably called so. */
  constructor(descriptor: Descriptor, name: string) {
    this.#descriptor = descriptor;
    const info = objectInfo(descriptor.fd, `map ${name}`);
    const shortName = readName(info, 24);
    this.name = name.startsWith(shortName) ? name : shortName;
    this.type = info.getUint32(0, true);
    this.id = info.getUint32(4, true);
    this.keySize = info.getUint32(8, true);
    this.declaredValueSize = info.getUint32(12, true);
    this.valueSize = perCpuTypes.has(this.type)
      ? roundUp8(this.declaredValueSize) * possibleCpus()
      : this.declaredValueSize;
    this.maxEntries = info.getUint32(16, true);
    this.flags = info.getUint32(20, true);
    // struct { map_fd u32; key u64; value or next key u64; flags u64 }
    const secondSize = Math.max(this.keySize, this.valueSize);
    const second = roundUp8(this.keySize);
    this.#call = new BpfCall(second + secondSize)
      .u32(0, descriptor.fd)
      .pointer(8, 0)
      .pointer(16, second);
    this.#key = this.#call.data(0, this.keySize);
    this.#value = this.#call.data(second, secondSize);
  }

  /** The map pinned at a path, or undefined where nothing is. */
  static openPinned(path: string): BpfMap | undefined {
    const descriptor = openPinned(path);
    return descriptor && new BpfMap(descriptor, basename(path));
  }

  /** A new array map; it goes with its last user. */
  static createArray(options: ArrayMapOptions): BpfMap {
    const { name, valueSize, maxEntries, mappable = true, inner = false } = options;
    const flags = (mappable ? MapFlag.mappable : 0) | (inner ? MapFlag.inner : 0);
    const what = `array map ${name}`;
    const fd = new BpfCall()
      .u32(0, MapType.array)
      .u32(4, 4)
      .u32(8, valueSize)
      .u32(12, maxEntries)
      .u32(16, flags)
      .bytes(28, Buffer.from(kernelName(name), 'latin1'))
      .run(BpfCommand.mapCreate, `create ${what} of ${maxEntries} × ${valueSize} bytes`);
    return new BpfMap(new Descriptor(fd, what), name);
  }

  /** For a poller (ring buffers), and as the value to put into a map of maps. Throws when closed. */
  get fd(): number {
    return this.#descriptor.fd;
  }

  /** The value, a copy, or undefined where the key is not there. */
  get(key: Uint8Array): Uint8Array | undefined {
    this.#setKey(key);
    const result = this.#call.try(BpfCommand.mapLookup);
    if (result === -Errno.ENOENT) {
      return undefined;
    }
    this.#throwIf(result, 'look up');
    return this.#value.slice(0, this.valueSize);
  }

  /** Sets or replaces a value. Throws SystemError: E2BIG or ENOMEM where the map is full. */
  set(key: Uint8Array, value: Uint8Array): void {
    this.#setKey(key);
    if (value.length !== this.valueSize) {
      throw new RangeError(
        `map ${this.name}: value has ${value.length} bytes, not ${this.valueSize}`,
      );
    }
    this.#value.set(value);
    this.#throwIf(this.#call.try(BpfCommand.mapUpdate), 'update');
  }

  /** Returns whether the key was there. */
  delete(key: Uint8Array): boolean {
    this.#setKey(key);
    // The kernel insists that what a command does not use is zero.
    const result = this.#call.u64(16, 0n).try(BpfCommand.mapDelete);
    this.#call.pointer(16, roundUp8(this.keySize));
    if (result === -Errno.ENOENT) {
      return false;
    }
    this.#throwIf(result, 'delete');
    return true;
  }

  /** All keys, each once, of a map that may change meanwhile. */
  keys(): Uint8Array[] {
    return this.#batch()?.map(({ key }) => key) ?? this.#walk();
  }

  /** All keys with their values, of a map that may change meanwhile. */
  entries(): MapEntry[] {
    const lookUp = (key: Uint8Array): MapEntry[] => {
      const value = this.get(key);
      return value === undefined ? [] : [{ key, value }];
    };
    return this.#batch() ?? this.#walk().flatMap(lookUp);
  }

  /**
   * Visits all entries of a map that may change meanwhile, without memory for all of them; one may come twice. The
   * bytes are overwritten after the visit.
   */
  visit(visit: (key: Uint8Array, value: Uint8Array) => void): void {
    if (visitBatches(this, { visit, restart: () => {} })) {
      return;
    }
    for (const key of this.#walk()) {
      const value = this.get(key);
      if (value !== undefined) {
        visit(key, value);
      }
    }
  }

  #batch(): MapEntry[] | undefined {
    const entries: MapEntry[] = [];
    const visited = visitBatches(this, {
      visit: (key, value) => entries.push({ key: key.slice(), value: value.slice() }),
      restart: () => entries.splice(0),
    });
    return visited ? entries : undefined;
  }

  /** The keys one by one, for maps that cannot be listed in batches. */
  #walk(): Uint8Array[] {
    const keys = new Map<string, Uint8Array>();
    let previous: Uint8Array | undefined;
    // A key that is deleted while we stand on it makes the kernel begin again from the first.
    for (let steps = 0; steps < 2 * this.maxEntries + 16; steps += 1) {
      const key = this.#nextKey(previous);
      if (key === undefined) {
        break;
      }
      keys.set(Buffer.from(key).toString('latin1'), key);
      previous = key;
    }
    return Array.from(keys.values());
  }

  /**
   * The values of an array map as live memory, shared with the kernel and all other users: value `i` begins at
   * `i` × {@link stride}. Until this object is closed; then the buffer is detached. The same one for each call.
   */
  mmap(): ArrayBuffer {
    this.#memory ??= mapMemory(
      this.fd,
      this.stride * this.maxEntries,
      0,
      MemoryProtection.readWrite,
      `map ${this.name}`,
    );
    return this.#memory.buffer;
  }

  /** Bytes from one value of an array map to the next. */
  get stride(): number {
    return roundUp8(this.valueSize);
  }

  /** Pins the map; see {@link pin}. */
  pin(path: string): void {
    pin(this.fd, path);
  }

  [Symbol.dispose](): void {
    this.#memory?.[Symbol.dispose]();
    this.#memory = undefined;
    this.#descriptor[Symbol.dispose]();
  }

  #setKey(key: Uint8Array): void {
    if (this.#descriptor.closed) {
      throw new Error(`map ${this.name} is closed`);
    }
    if (key.length !== this.keySize) {
      throw new RangeError(`map ${this.name}: key has ${key.length} bytes, not ${this.keySize}`);
    }
    this.#key.set(key);
  }

  #nextKey(previous: Uint8Array | undefined): Uint8Array | undefined {
    this.#setKey(previous ?? this.#key);
    if (previous === undefined) {
      this.#call.u64(8, 0n);
    }
    const result = this.#call.try(BpfCommand.mapNextKey);
    this.#call.pointer(8, 0);
    if (result === -Errno.ENOENT) {
      return undefined;
    }
    this.#throwIf(result, 'list');
    return this.#value.slice(0, this.keySize);
  }

  #throwIf(result: number, doing: string): void {
    if (result < 0) {
      throw new SystemError(-result, 'bpf', `${doing} in map ${this.name}`);
    }
  }
}

function roundUp8(size: number): number {
  return (size + 7) & ~7;
}
