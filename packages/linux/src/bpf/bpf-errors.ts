const shownLines = 12;

/** libbpf or the kernel did not take an object file. */
export class BpfLoadError extends Error {
  readonly path: string;
  /** The program that the verifier refused, if it came that far. */
  readonly program: string | undefined;
  /** All that the verifier said. The message has the last lines of it. */
  readonly verifierLog: string;

  constructor(
    path: string,
    messages: readonly string[],
    verifierLog: string,
    options?: ErrorOptions,
  ) {
    const last = verifierLog.trimEnd().split('\n').slice(-shownLines).join('\n');
    super(
      [`cannot load ${path}`, ...messages, last].filter((part) => part !== '').join('\n'),
      options,
    );
    this.name = 'BpfLoadError';
    this.path = path;
    this.program = messages
      .map((text) => /prog '([^']+)': BPF program load failed/.exec(text)?.[1])
      .find(Boolean);
    this.verifierLog = verifierLog;
  }
}

/** A map of the object file is pinned already, and the pinned one is different: another version made it. */
export class PinnedMapMismatch extends Error {
  readonly path: string;
  readonly field: string;
  readonly pinned: number;
  readonly wanted: number;

  constructor(path: string, field: string, pinned: number, wanted: number) {
    super(`map pinned at ${path} has ${field} ${pinned}, the object file wants ${wanted}`);
    this.name = 'PinnedMapMismatch';
    this.path = path;
    this.field = field;
    this.pinned = pinned;
    this.wanted = wanted;
  }
}
