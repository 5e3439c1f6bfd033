/** A mistake in how a command was called. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Runs a command. A mistake in how it was called is told in one line, without a stack. */
export async function withUsage(program: string, run: () => Promise<void>): Promise<void> {
  try {
    await run();
  } catch (error) {
    if (!(error instanceof Error) || !isUsage(error)) throw error;
    console.error(`${program}: ${error.message}`);
    process.exitCode = 1;
  }
}

/** Ours, or what parseArgs throws. */
function isUsage(error: Error): boolean {
  return (
    error instanceof UsageError ||
    ('code' in error && String(error.code).startsWith('ERR_PARSE_ARGS'))
  );
}

/**
 * The value of a flag that counts something.
 * @throws UsageError
 */
export function wholeNumber(flag: string, value: string, least = 1): number {
  const number = Number(value);
  if (value !== '' && Number.isInteger(number) && number >= least) return number;
  throw new UsageError(`${flag} is a whole number from ${least} on, not ${JSON.stringify(value)}`);
}

/**
 * What a flag names, as in `a,b`.
 * @throws UsageError
 */
export function chosenByName<T extends { readonly name: string }>(
  flag: string,
  value: string,
  all: readonly T[],
): T[] {
  return value.split(',').map((name) => {
    const found = all.find((each) => each.name === name);
    if (found !== undefined) return found;
    const known = all.map((each) => each.name).join(', ');
    throw new UsageError(`${flag}: there is no '${name}'; known are ${known}`);
  });
}
