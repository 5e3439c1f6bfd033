import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

const include = { x64: 'x86_64-linux-gnu', arm64: 'aarch64-linux-gnu' } as const;

/** Compiles testdata/NAME.bpf.c into a directory, and returns the object file's path. */
export function compileTestObject(
  directory: string,
  name: string,
  defines: readonly string[] = [],
): string {
  const source = join(import.meta.dirname, 'testdata', `${name}.bpf.c`);
  const object = join(directory, `${name}${defines.join('')}.bpf.o`);
  const architecture = process.arch === 'arm64' ? include.arm64 : include.x64;
  const options = ['-O2', '-g', '-target', 'bpf', `-I/usr/include/${architecture}`];
  const definitions = defines.map((define) => `-D${define}`);
  execFileSync('clang', [...options, ...definitions, '-c', source, '-o', object]);
  return object;
}
