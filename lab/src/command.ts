import { execFile, type ExecFileException } from 'node:child_process';

/** What a program that ran to its end left. */
export interface CommandResult {
  /** Its exit code; 128 + the signal's number where a signal ended it, as in a shell. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  /** Default 10 000; then it is killed. */
  readonly timeoutMs?: number | undefined;
  /** Its standard input. */
  readonly input?: string | undefined;
  /** Return the result of a failed program instead of throwing. */
  readonly mayFail?: boolean | undefined;
  readonly environment?: Readonly<Record<string, string>> | undefined;
  readonly directory?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A program could not be started, was killed or exited with another code than 0. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly result: CommandResult;

  constructor(argv: readonly string[], result: CommandResult, cause: unknown) {
    const said = (result.stderr.trim() || result.stdout.trim()).slice(-2_000);
    super(`${argv.join(' ')}: exit code ${result.code}: ${said}`, { cause });
    this.result = result;
  }
}

const signalNumbers: Readonly<Partial<Record<NodeJS.Signals, number>>> = {
  SIGINT: 2,
  SIGKILL: 9,
  SIGTERM: 15,
};

/**
 * Runs a program to its end.
 * @throws CommandError unless it exits with 0 or may fail.
 */
export function runCommand(
  argv: readonly [program: string, ...rest: string[]],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const { timeoutMs = 10_000, input = '', mayFail = false, directory, signal } = options;
  const [program, ...rest] = argv;
  const { promise, resolve, reject } = Promise.withResolvers<CommandResult>();
  const child = execFile(
    program,
    rest,
    {
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
      maxBuffer: 64 * 1024 * 1024,
      env: options.environment ?? process.env,
      ...(directory === undefined ? {} : { cwd: directory }),
      ...(signal === undefined ? {} : { signal }),
    },
    (error, stdout, stderr) => {
      const result = { code: exitCode(error), stdout, stderr };
      const started = error === null || typeof error.code === 'number' || error.signal !== null;
      if (error === null || (mayFail && started && !error.killed)) resolve(result);
      else reject(new CommandError(argv, result, error));
    },
  );
  // A program that does not read its input closes it: that is its affair.
  child.stdin?.on('error', () => undefined);
  child.stdin?.end(input);
  return promise;
}

function exitCode(error: ExecFileException | null): number {
  if (error === null) return 0;
  if (typeof error.code === 'number') return error.code;
  return error.signal ? 128 + (signalNumbers[error.signal] ?? 0) : 127;
}
