import { readFile, realpath, stat, type BigIntStats } from 'node:fs';
import { promisify } from 'node:util';

// `node:fs/promises` would do, but costs the agent 1.7 MiB of memory.
const read: (path: string, encoding: 'utf8') => Promise<string> = promisify(readFile);
const describe: (path: string, options: { bigint: true }) => Promise<BigIntStats> = promisify(stat);
const follow: (path: string) => Promise<string> = promisify(realpath);

/** The text of a file. */
export function readText(path: string): Promise<string> {
  return read(path, 'utf8');
}

/** What a file is like, links followed. */
export function describeFile(path: string): Promise<BigIntStats> {
  return describe(path, { bigint: true });
}

/** Where a path leads when all links are followed. */
export function realPath(path: string): Promise<string> {
  return follow(path);
}
