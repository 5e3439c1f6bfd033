import { addressOf, collectLibbpfMessages, errno, libbpf } from '../ffi.ts';
import { SystemError } from '../system-error.ts';
import { BpfLoadError } from './bpf-errors.ts';

/** A map of an object file, before and after it is loaded. */
export interface ObjectMap {
  readonly handle: bigint;
  /** In full: of a map that is reused libbpf knows only the kernel's 15 characters afterwards. */
  readonly name: string;
  /** Global variables, which libbpf keeps in maps too. */
  readonly internal: boolean;
}

/** Room for the verifier's words; the kernel takes memory only for what is written. */
const logSize = 4 * 1024 * 1024;

/** struct bpf_object_open_opts up to the log level: size u64 at 0, log buffer 56, log size 64. */
const openOptionsSize = 80;

/** An object file in the hands of libbpf. Its memory goes when this is closed, and descriptors that were not duplicated with it. */
export class OpenObject implements Disposable {
  readonly path: string;
  readonly handle: bigint;
  readonly maps: readonly ObjectMap[];
  /** libbpf keeps its address until the object is closed. */
  readonly #log = new Uint8Array(new ArrayBuffer(logSize));
  readonly #messages: string[] = [];

  /** @throws BpfLoadError */
  constructor(path: string) {
    this.path = path;
    const options = new DataView(new ArrayBuffer(openOptionsSize));
    options.setBigUint64(0, BigInt(openOptionsSize), true);
    options.setBigUint64(56, addressOf(this.#log.buffer), true);
    options.setBigUint64(64, BigInt(logSize), true);
    const [handle, reason] = this.#listen(() => {
      const opened = libbpf().bpf_object__open_file(path, new Uint8Array(options.buffer));
      return [opened, errno()] as const;
    });
    if (handle === null) {
      const cause = new SystemError(reason, 'bpf_object__open_file', path);
      throw new BpfLoadError(path, this.#messages, '', { cause });
    }
    this.handle = handle;
    this.maps = Array.from(iterate(handle, libbpf().bpf_object__next_map), (map) => ({
      handle: map,
      name: libbpf().bpf_map__name(map),
      internal: libbpf().bpf_map__is_internal(map),
    }));
    for (const map of this.maps) {
      // Where maps are pinned is the caller's choice, not the C source's.
      libbpf().bpf_map__set_pin_path(map.handle, null);
    }
  }

  /** @throws BpfLoadError */
  load(): void {
    const result = this.#listen(() => libbpf().bpf_object__load(this.handle));
    if (result < 0) {
      const log = Buffer.from(this.#log.buffer, 0, this.#log.indexOf(0)).toString('utf8');
      const cause = new SystemError(-result, 'bpf_object__load', this.path);
      throw new BpfLoadError(this.path, this.#messages, log, { cause });
    }
  }

  /** The programs that were loaded, with descriptors that end with this object. */
  programs(): { readonly name: string; readonly fd: number }[] {
    const programs = iterate(this.handle, libbpf().bpf_object__next_program);
    return Array.from(programs, (program) => ({
      name: libbpf().bpf_program__name(program),
      fd: libbpf().bpf_program__fd(program),
      // None where the section's name begins with "?": not loaded unless asked for.
    })).filter(({ fd }) => fd >= 0);
  }

  #listen<T>(call: () => T): T {
    return collectLibbpfMessages((message) => this.#messages.push(message), call);
  }

  [Symbol.dispose](): void {
    libbpf().bpf_object__close(this.handle);
  }
}

function* iterate(
  object: bigint,
  next: (object: bigint, after: bigint | null) => bigint | null,
): Generator<bigint> {
  for (let item = next(object, null); item !== null; item = next(object, item)) {
    yield item;
  }
}
