import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Descriptor } from '../descriptor.ts';
import { libbpf } from '../ffi.ts';
import { SystemError } from '../system-error.ts';
import { PinnedMapMismatch } from './bpf-errors.ts';
import { BpfMap } from './bpf-map.ts';
import { BpfProgram } from './bpf-program.ts';
import { setConstants } from './object-constants.ts';
import { OpenObject, type ObjectMap } from './open-object.ts';

export interface LoadOptions {
  /** A directory in a bpffs: maps pinned there under their names are used again, the others are pinned there. Global variables are not. */
  readonly pinDirectory?: string;
  /** Sizes of maps, by name, instead of those in the object file. */
  readonly maxEntries?: Readonly<Record<string, number>>;
  /** Values of `const volatile` variables, by name, in the program's layout. */
  readonly constants?: Readonly<Record<string, Uint8Array>>;
}

/** The programs and maps of an object file that clang made, loaded by libbpf. Closing it takes nothing from the kernel that is pinned or attached. */
export class BpfObject implements Disposable {
  readonly path: string;
  readonly #owned = new DisposableStack();
  readonly #maps = new Map<string, BpfMap>();
  readonly #programs = new Map<string, BpfProgram>();

  private constructor(path: string) {
    this.path = path;
  }

  /**
   * Loads all programs of a file. From the main thread only: libbpf has one place for its messages.
   * @throws BpfLoadError with the verifier's last lines
   * @throws PinnedMapMismatch where a pinned map has another type or size; nothing was loaded or changed then
   * @throws RangeError for a map or constant that the file does not have
   */
  static load(path: string, options: LoadOptions = {}): BpfObject {
    // libbpf's own memory goes at the end of this function: we keep descriptors of our own.
    using opened = new OpenObject(path);
    setSizes(opened, options.maxEntries ?? {});
    setConstants(opened.handle, options.constants ?? {});
    if (options.pinDirectory !== undefined) {
      reusePinnedMaps(opened, options.pinDirectory);
    }
    opened.load();
    const loaded = new BpfObject(path);
    try {
      loaded.#takeOver(opened);
      if (options.pinDirectory !== undefined) {
        loaded.#pinMaps(opened, options.pinDirectory);
      }
      return loaded;
    } catch (error) {
      loaded[Symbol.dispose]();
      throw error;
    }
  }

  #takeOver(opened: OpenObject): void {
    for (const { handle, name } of opened.maps) {
      const fd = libbpf().bpf_map__fd(handle);
      const map = new BpfMap(Descriptor.duplicate(fd, `map ${name}`), name);
      this.#maps.set(name, this.#owned.use(map));
    }
    for (const { name, fd } of opened.programs()) {
      const program = new BpfProgram(Descriptor.duplicate(fd, `program ${name}`), name);
      this.#programs.set(name, this.#owned.use(program));
    }
  }

  #pinMaps(opened: OpenObject, directory: string): void {
    mkdirSync(directory, { recursive: true });
    for (const { name } of pinnable(opened)) {
      try {
        this.map(name).pin(join(directory, name));
      } catch (error) {
        // It was reused.
        if (!(error instanceof SystemError && error.errno === 'EEXIST')) {
          throw error;
        }
      }
    }
  }

  /** @throws RangeError where the object file has no such map */
  map(name: string): BpfMap {
    return this.#find(this.#maps, 'map', name);
  }

  /** @throws RangeError where the object file has no such program */
  program(name: string): BpfProgram {
    return this.#find(this.#programs, 'program', name);
  }

  #find<T>(all: ReadonlyMap<string, T>, kind: string, name: string): T {
    const found = all.get(name);
    if (found === undefined) {
      const known = Array.from(all.keys()).join(', ');
      throw new RangeError(`${this.path} has no ${kind} ${name}, only ${known}`);
    }
    return found;
  }

  [Symbol.dispose](): void {
    this.#owned[Symbol.dispose]();
  }
}

function pinnable(opened: OpenObject): readonly ObjectMap[] {
  return opened.maps.filter(({ internal }) => !internal);
}

function setSizes(opened: OpenObject, maxEntries: Readonly<Record<string, number>>): void {
  const wanted = new Map(Object.entries(maxEntries));
  for (const { handle, name } of opened.maps) {
    const size = wanted.get(name);
    if (size !== undefined) {
      succeed(libbpf().bpf_map__set_max_entries(handle, size), 'bpf_map__set_max_entries', name);
      wanted.delete(name);
    }
  }
  for (const name of wanted.keys()) {
    throw new RangeError(`${opened.path} has no map ${name} to give a size`);
  }
}

function reusePinnedMaps(opened: OpenObject, directory: string): void {
  for (const { handle, name } of pinnable(opened)) {
    reusePinned(handle, join(directory, name));
  }
}

function reusePinned(map: bigint, path: string): void {
  using pinned = BpfMap.openPinned(path);
  if (pinned === undefined) {
    return;
  }
  const library = libbpf();
  const fields = [
    ['type', pinned.type, library.bpf_map__type(map)],
    ['key size', pinned.keySize, library.bpf_map__key_size(map)],
    ['value size', pinned.declaredValueSize, library.bpf_map__value_size(map)],
    ['max entries', pinned.maxEntries, library.bpf_map__max_entries(map)],
    ['flags', pinned.flags, library.bpf_map__map_flags(map)],
  ] as const;
  for (const [field, is, wanted] of fields) {
    if (is !== wanted) {
      throw new PinnedMapMismatch(path, field, is, wanted);
    }
  }
  succeed(library.bpf_map__reuse_fd(map, pinned.fd), 'bpf_map__reuse_fd', path);
}

function succeed(result: number, call: string, detail: string): void {
  if (result < 0) {
    throw new SystemError(-result, call, detail);
  }
}
