import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mountBpffs, unmountBpffs } from './bpf/bpffs.ts';
import { listInterfaces } from './netlink/list.ts';

/*
 * For tests that run in network and mount namespaces of their own, which the test runner makes.
 */

/** Runs shell commands and returns what they print. */
export function shell(commands: string): string {
  return execFileSync('sh', ['-e'], { encoding: 'utf8', input: commands });
}

/** The index of an interface that must be there. */
export function indexOf(name: string): number {
  const found = listInterfaces().find((candidate) => candidate.name === name);
  if (found === undefined) {
    throw new Error(`no interface ${name}`);
  }
  return found.index;
}

/** A directory that is gone after the test. */
export function temporaryDirectory(): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), 'linux-test-'));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

/** An empty directory in a bpffs that is gone after the test. The kernel may have put files of its own into its root. */
export function temporaryBpffs(): Disposable & { readonly path: string } {
  const directory = temporaryDirectory();
  mountBpffs(directory.path);
  const path = join(directory.path, 'empty');
  mkdirSync(path);
  return {
    path,
    [Symbol.dispose]: () => {
      unmountBpffs(directory.path);
      directory[Symbol.dispose]();
    },
  };
}

/** How many descriptors this process has open. */
export function openDescriptors(): number {
  return readdirSync('/proc/self/fd').length;
}

/** Waits until something is so, and fails loudly where it never is. */
export async function until(what: string, holds: () => boolean, withinMs = 5000): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!holds()) {
    if (performance.now() > deadline) {
      throw new Error(`not within ${withinMs} ms: ${what}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
