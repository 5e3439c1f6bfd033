import * as fs from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { errorCode } from '../file/fingerprint.ts';
import type { SourceUpdate } from '../source.ts';
import { decodeLastState, encodeLastState } from './last-state-format.ts';

// `node:fs/promises` would do, but costs the agent 1.7 MiB of memory.
const open = promisify(fs.open);
const writeAll: (file: number, bytes: Uint8Array) => Promise<void> = promisify(fs.writeFile);
const sync = promisify(fs.fsync);
const close = promisify(fs.close);
const rename = promisify(fs.rename);
const changeMode = promisify(fs.fchmod);
const makeDirectory: (path: string, options: fs.MakeDirectoryOptions) => Promise<unknown> =
  promisify(fs.mkdir);
const read: (path: string) => Promise<Buffer> = promisify(fs.readFile);

const fileName = 'last-state';

/**
 * Keeps state and keys of an update in the directory, which is made where it is missing, for the time when an
 * agent starts and the API server is away. Only root can read it; a crash leaves the old or the new one. An
 * update without a state changes nothing. Not to be called again before it has resolved.
 * @throws Error that names the file
 */
export async function saveLastState(
  directory: string,
  { state, keys }: SourceUpdate,
): Promise<void> {
  if (state === undefined) return;
  const path = join(directory, fileName);
  try {
    await makeDirectory(directory, { recursive: true, mode: 0o700 });
    await writeDurably(`${path}.new`, encodeLastState({ state, keys }));
    await rename(`${path}.new`, path);
    await withFile(directory, 'r', sync);
  } catch (cause) {
    throw new Error(`the last known state cannot be kept in ${path} (${errorCode(cause)})`, {
      cause,
    });
  }
}

/** What was saved last; without a state where nothing was, or where it cannot be used, which is a problem. */
export async function loadLastState(directory: string): Promise<SourceUpdate> {
  const path = join(directory, fileName);
  const nothing = (message?: string): SourceUpdate => ({
    state: undefined,
    keys: [],
    problems:
      message === undefined ? [] : [{ object: `File/${path}`, field: '', value: '', message }],
  });
  let bytes: Uint8Array;
  try {
    bytes = await read(path);
  } catch (error) {
    const code = errorCode(error);
    if (code === 'ENOENT') return nothing();
    return nothing(
      `Cannot be read (${code}), so nothing is served until the API server answers. Remove it.`,
    );
  }
  const decoded = decodeLastState(bytes);
  if (decoded.ok) return { ...decoded.lastState, problems: [] };
  return nothing(
    `It ${decoded.message}. It is ignored, so nothing is served until the API server answers; the next state replaces it.`,
  );
}

/** Removes what was saved. */
export function forgetLastState(directory: string): void {
  for (const name of [fileName, `${fileName}.new`]) {
    fs.rmSync(join(directory, name), { force: true });
  }
}

async function writeDurably(path: string, parts: Iterable<Uint8Array>): Promise<void> {
  await withFile(path, 'w', async (file) => {
    // One that was there before may be open to others.
    await changeMode(file, 0o600);
    for (const part of parts) await writeAll(file, part);
    await sync(file);
  });
}

async function withFile(
  path: string,
  flags: 'r' | 'w',
  use: (file: number) => Promise<void>,
): Promise<void> {
  const file = await open(path, flags, 0o600);
  try {
    await use(file);
  } finally {
    await close(file);
  }
}
