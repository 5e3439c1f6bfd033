import { execFile } from 'node:child_process';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { UsageError } from '../../scripts/usage.ts';

const run = promisify(execFile);

export interface GoPrograms {
  /** Where the programs are, each named as its package. */
  readonly directory: string;
  /** Where the module's sources are. */
  readonly sources: string;
}

/**
 * Programs of a Go module as it is published, built once and kept in the cache.
 * @param packages their paths below the module
 * @throws UsageError where there is no Go, Error where it cannot build them
 */
export async function goPrograms(
  module: string,
  version: string,
  packages: readonly string[],
): Promise<GoPrograms> {
  const name = module.slice(module.lastIndexOf('/') + 1);
  const directory = join(homedir(), '.cache', 'fairlead', `${name}-${version}`);
  console.log(`Building ${name} ${version} with Go, which takes minutes the first time …\n`);
  const wanted = packages.map((each) => `${module}/${each}@v${version}`);
  try {
    await run('go', ['install', ...wanted], { env: { ...process.env, GOBIN: directory } });
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') {
      throw new UsageError(`${name} is built with Go, which is not on the PATH: install it`);
    }
    throw new Error(`${name} cannot be built: is a module proxy in reach?`, { cause });
  }
  const { stdout } = await run('go', ['mod', 'download', '-json', `${module}@v${version}`]);
  const { Dir: sources } = JSON.parse(stdout) as { readonly Dir: string };
  return { directory, sources };
}
