import koffi from 'koffi';

/*
 * Every C function Fairlead calls, and the only import of the FFI library.
 *
 * `void *` parameters take a typed array (its memory is used in place, in both directions, for the time of the call),
 * an address as `bigint`, or `null`. Functions follow the C convention: a negative result means that errno says why.
 */

/** What a `void *` parameter accepts. */
export type Memory = Uint8Array | Int32Array | BigUint64Array | bigint | null;

type Library = ReturnType<typeof koffi.load>;

/** Where this thread's errno lies: read as memory, since what JavaScript calls may itself change it. */
const errnoInPlace = new Int32Array(
  koffi.view(koffi.load(null).func('void *__errno_location()')() as bigint, 4),
);

let lastErrno = 0;

/** Makes JavaScript functions of C functions, from their prototypes. */
function bind<Functions extends object>(
  library: Library,
  prototypes: Readonly<Record<keyof Functions, string>>,
): Functions {
  const functions = Object.entries<string>(prototypes).map(([name, prototype]) => {
    const native = library.func(prototype);
    const kept = (...args: readonly unknown[]): unknown => {
      const result: unknown = native(...args);
      // At once: at the next call of any function V8 may collect garbage, and its futexes leave EAGAIN there.
      lastErrno = errnoInPlace[0]!;
      return result;
    };
    return [name, kept] as const;
  });
  return Object.fromEntries(functions) as Functions;
}

/** File descriptors, sockets, memory and scheduling. */
interface CLibrary {
  readonly close: (fd: number) => number;
  readonly read: (fd: number, to: Memory, size: number) => number;
  readonly write: (fd: number, from: Memory, size: number) => number;
  readonly eventfd: (value: number, flags: number) => number;
  readonly flock: (fd: number, operation: number) => number;
  readonly ppoll: (fds: Memory, count: number, timeout: Memory, signals: Memory) => number;
  readonly socket: (domain: number, type: number, protocol: number) => number;
  readonly bind: (fd: number, address: Memory, size: number) => number;
  readonly getsockname: (fd: number, address: Memory, size: Memory) => number;
  readonly setsockopt: (
    fd: number,
    level: number,
    name: number,
    value: Memory,
    size: number,
  ) => number;
  readonly sendto: (
    fd: number,
    from: Memory,
    size: number,
    flags: number,
    address: Memory,
    addressSize: number,
  ) => number;
  readonly recvmsg: (fd: number, message: Memory, flags: number) => number;
  readonly clock_gettime: (clock: number, to: Memory) => number;
  readonly sched_setscheduler: (thread: number, policy: number, parameter: Memory) => number;
  readonly fcntl: (fd: number, command: number, argument: number) => number;
  readonly getpagesize: () => number;
  readonly mmap: (
    at: Memory,
    size: number,
    protection: number,
    flags: number,
    fd: number,
    offset: number,
  ) => bigint;
  readonly munmap: (at: bigint, size: number) => number;
  readonly malloc_trim: (keep: number) => number;
  readonly madvise: (at: bigint, size: number, advice: number) => number;
  readonly mount: (
    source: string,
    target: string,
    type: string,
    flags: number,
    data: string,
  ) => number;
  readonly umount2: (target: string, flags: number) => number;
  readonly vsnprintf: (to: Memory, size: number, format: bigint, values: bigint) => number;
  /** syscall(2) with the four arguments that bpf(2) needs; integers are passed alike whether a function is variadic or not. */
  readonly syscall: (number: number, command: number, attributes: Memory, size: number) => number;
}

/** The C library that the process already runs on. */
export const libc = bind<CLibrary>(koffi.load(null), {
  close: 'int close(int fd)',
  read: 'long read(int fd, void *to, size_t size)',
  write: 'long write(int fd, void *from, size_t size)',
  eventfd: 'int eventfd(uint32_t value, int flags)',
  flock: 'int flock(int fd, int operation)',
  ppoll: 'int ppoll(void *fds, unsigned long count, void *timeout, void *signals)',
  socket: 'int socket(int domain, int type, int protocol)',
  bind: 'int bind(int fd, void *address, uint32_t size)',
  getsockname: 'int getsockname(int fd, void *address, void *size)',
  setsockopt: 'int setsockopt(int fd, int level, int name, void *value, uint32_t size)',
  sendto:
    'long sendto(int fd, void *from, size_t size, int flags, void *address, uint32_t addressSize)',
  recvmsg: 'long recvmsg(int fd, void *message, int flags)',
  clock_gettime: 'int clock_gettime(int clock, void *to)',
  sched_setscheduler: 'int sched_setscheduler(int thread, int policy, void *parameter)',
  fcntl: 'int fcntl(int fd, int command, long argument)',
  getpagesize: 'int getpagesize()',
  mmap: 'void *mmap(void *at, size_t size, int protection, int flags, int fd, int64_t offset)',
  munmap: 'int munmap(void *at, size_t size)',
  malloc_trim: 'int malloc_trim(size_t keep)',
  madvise: 'int madvise(void *at, size_t size, int advice)',
  mount:
    'int mount(const char *source, const char *target, const char *type, unsigned long flags, const char *data)',
  umount2: 'int umount2(const char *target, int flags)',
  vsnprintf: 'int vsnprintf(void *to, size_t size, void *format, void *values)',
  syscall: 'long syscall(long number, int command, void *attributes, uint32_t size)',
});

/** The error number of this thread's last call that failed, if that was the last call through here. */
export function errno(): number {
  return lastErrno;
}

/**
 * The address of a buffer's first byte, for C structures that hold pointers.
 * It stays the same as long as the buffer is reachable; keep a reference for as long as C may use it.
 */
export function addressOf(buffer: ArrayBuffer): bigint {
  return koffi.address(buffer);
}

/** A buffer over memory that C owns: no copy, and no protection once that memory is gone. */
export function viewMemory(address: bigint, size: number): ArrayBuffer {
  return koffi.view(address, size);
}

/** Calls back from the event loop whenever `fd` is readable, until `close`. */
export interface ReadinessHandle {
  close(): void;
}

/** Watches a descriptor on the event loop (no thread is blocked). The descriptor must outlive the handle. */
export function watchReadable(fd: number, onReadable: () => void): ReadinessHandle {
  return koffi.node.poll(fd, { readable: true }, onReadable);
}

/** libnftables(3) */
interface NftablesLibrary {
  readonly nft_ctx_new: (flags: number) => bigint | null;
  readonly nft_ctx_free: (context: bigint) => void;
  readonly nft_ctx_buffer_output: (context: bigint) => number;
  readonly nft_ctx_buffer_error: (context: bigint) => number;
  readonly nft_ctx_get_output_buffer: (context: bigint) => string | null;
  readonly nft_ctx_get_error_buffer: (context: bigint) => string | null;
  readonly nft_ctx_output_set_flags: (context: bigint, flags: number) => void;
  readonly nft_run_cmd_from_buffer: (context: bigint, commands: string) => number;
}

let loadedLibnftables: NftablesLibrary | undefined;

/** libnftables, loaded into the process at the first call. */
export function libnftables(): NftablesLibrary {
  loadedLibnftables ??= bind<NftablesLibrary>(koffi.load('libnftables.so.1'), {
    nft_ctx_new: 'void *nft_ctx_new(uint32_t flags)',
    nft_ctx_free: 'void nft_ctx_free(void *context)',
    nft_ctx_buffer_output: 'int nft_ctx_buffer_output(void *context)',
    nft_ctx_buffer_error: 'int nft_ctx_buffer_error(void *context)',
    nft_ctx_get_output_buffer: 'const char *nft_ctx_get_output_buffer(void *context)',
    nft_ctx_get_error_buffer: 'const char *nft_ctx_get_error_buffer(void *context)',
    nft_ctx_output_set_flags: 'void nft_ctx_output_set_flags(void *context, uint32_t flags)',
    nft_run_cmd_from_buffer: 'int nft_run_cmd_from_buffer(void *context, const char *commands)',
  });
  return loadedLibnftables;
}

/** bpf/libbpf.h, bpf/btf.h. Pointers to what libbpf owns are addresses. */
interface BpfLibrary {
  readonly bpf_object__open_file: (path: string, options: Memory) => bigint | null;
  readonly bpf_object__load: (object: bigint) => number;
  readonly bpf_object__close: (object: bigint) => void;
  readonly bpf_object__btf: (object: bigint) => bigint | null;
  readonly bpf_object__next_map: (object: bigint, after: bigint | null) => bigint | null;
  readonly bpf_object__next_program: (object: bigint, after: bigint | null) => bigint | null;
  readonly bpf_map__name: (map: bigint) => string;
  readonly bpf_map__fd: (map: bigint) => number;
  readonly bpf_map__type: (map: bigint) => number;
  readonly bpf_map__key_size: (map: bigint) => number;
  readonly bpf_map__value_size: (map: bigint) => number;
  readonly bpf_map__max_entries: (map: bigint) => number;
  readonly bpf_map__map_flags: (map: bigint) => number;
  readonly bpf_map__set_max_entries: (map: bigint, count: number) => number;
  readonly bpf_map__is_internal: (map: bigint) => boolean;
  readonly bpf_map__reuse_fd: (map: bigint, fd: number) => number;
  readonly bpf_map__set_pin_path: (map: bigint, path: string | null) => number;
  readonly bpf_map__initial_value: (map: bigint, size: Memory) => bigint | null;
  readonly bpf_program__name: (program: bigint) => string;
  readonly bpf_program__fd: (program: bigint) => number;
  readonly btf__find_by_name_kind: (btf: bigint, name: string, kind: number) => number;
  readonly btf__type_by_id: (btf: bigint, id: number) => bigint | null;
  readonly btf__name_by_offset: (btf: bigint, offset: number) => string | null;
  readonly libbpf_set_print: (callback: bigint | null) => bigint | null;
}

let loadedLibbpf: BpfLibrary | undefined;

/** libbpf, loaded into the process at the first call. It prints nothing; see {@link collectLibbpfMessages}. */
export function libbpf(): BpfLibrary {
  if (loadedLibbpf === undefined) {
    loadedLibbpf = bind<BpfLibrary>(koffi.load('libbpf.so.1'), {
      bpf_object__open_file: 'void *bpf_object__open_file(const char *path, void *options)',
      bpf_object__load: 'int bpf_object__load(void *object)',
      bpf_object__close: 'void bpf_object__close(void *object)',
      bpf_object__btf: 'void *bpf_object__btf(void *object)',
      bpf_object__next_map: 'void *bpf_object__next_map(void *object, void *after)',
      bpf_object__next_program: 'void *bpf_object__next_program(void *object, void *after)',
      bpf_map__name: 'const char *bpf_map__name(void *map)',
      bpf_map__fd: 'int bpf_map__fd(void *map)',
      bpf_map__type: 'uint32_t bpf_map__type(void *map)',
      bpf_map__key_size: 'uint32_t bpf_map__key_size(void *map)',
      bpf_map__value_size: 'uint32_t bpf_map__value_size(void *map)',
      bpf_map__max_entries: 'uint32_t bpf_map__max_entries(void *map)',
      bpf_map__map_flags: 'uint32_t bpf_map__map_flags(void *map)',
      bpf_map__set_max_entries: 'int bpf_map__set_max_entries(void *map, uint32_t count)',
      bpf_map__is_internal: 'bool bpf_map__is_internal(void *map)',
      bpf_map__reuse_fd: 'int bpf_map__reuse_fd(void *map, int fd)',
      bpf_map__set_pin_path: 'int bpf_map__set_pin_path(void *map, const char *path)',
      bpf_map__initial_value: 'void *bpf_map__initial_value(void *map, void *size)',
      bpf_program__name: 'const char *bpf_program__name(void *program)',
      bpf_program__fd: 'int bpf_program__fd(void *program)',
      btf__find_by_name_kind:
        'int btf__find_by_name_kind(void *btf, const char *name, uint32_t kind)',
      btf__type_by_id: 'void *btf__type_by_id(void *btf, uint32_t id)',
      btf__name_by_offset: 'const char *btf__name_by_offset(void *btf, uint32_t offset)',
      libbpf_set_print: 'void *libbpf_set_print(void *callback)',
    });
    loadedLibbpf.libbpf_set_print(null);
  }
  return loadedLibbpf;
}

const longestMessage = 8192;

/**
 * Runs `work` and hands over what libbpf has to say meanwhile, warnings only.
 * A `va_list` is passed as an address on x86-64 and on arm64, so it can be handed on to vsnprintf as it came.
 */
export function collectLibbpfMessages<T>(onMessage: (message: string) => void, work: () => T): T {
  const library = libbpf();
  const text = Buffer.alloc(longestMessage);
  const callback = koffi.register(
    (level: number, format: bigint, values: bigint) => {
      if (level === 0) {
        const length = libc.vsnprintf(text, text.length, format, values);
        onMessage(text.toString('utf8', 0, Math.min(length, text.length - 1)).trimEnd());
      }
      return 0;
    },
    koffi.pointer(koffi.proto('int', ['int', 'void *', 'void *'])),
  );
  try {
    library.libbpf_set_print(callback);
    return work();
  } finally {
    library.libbpf_set_print(null);
    koffi.unregister(callback);
  }
}
