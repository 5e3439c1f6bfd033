// Builds the shipped form into dist/: one CommonJS file per thread and one object per BPF program.
// Does nothing where dist/ is newer than all sources.
import { spawnSync } from 'node:child_process';
import { existsSync, globSync, mkdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { rolldown } from 'rolldown';

const root = join(import.meta.dirname, '..');
const dist = join(root, 'dist');

/** One file per thread, so that each loads only its own code. */
const BUNDLES = [
  { entry: 'apps/fairlead/src/main.ts', file: 'fairlead.cjs' },
  { entry: 'packages/announce/src/packet-worker/main.ts', file: 'packet-worker.cjs' },
];

function newest(paths: readonly string[]): number {
  return Math.max(0, ...paths.map((path) => statSync(join(root, path)).mtimeMs));
}

function upToDate(output: string, sources: readonly string[]): boolean {
  return existsSync(output) && statSync(output).mtimeMs >= newest(sources);
}

async function buildBundles(): Promise<void> {
  const sources = globSync(['packages/*/src/**/*.{ts,json}', 'apps/*/src/**/*.{ts,json}'], {
    cwd: root,
  });
  sources.push('package-lock.json', 'scripts/build.ts');
  for (const { entry, file } of BUNDLES) {
    const output = join(dist, file);
    if (upToDate(output, sources)) continue;
    const bundle = await rolldown({
      input: join(root, entry),
      platform: 'node',
      external: ['koffi'],
    });
    // V8 keeps the whole text in memory, and two bytes for each character where one is not Latin-1.
    await bundle.write({
      file: output,
      format: 'cjs',
      codeSplitting: false,
      charset: 'ascii',
      comments: { legal: true, jsdoc: false, annotation: false },
    });
    await bundle.close();
  }
}

function buildBpfPrograms(): void {
  mkdirSync(join(dist, 'bpf'), { recursive: true });
  const headers = globSync('bpf/*.h', { cwd: root });
  const machine = process.arch === 'arm64' ? 'aarch64-linux-gnu' : 'x86_64-linux-gnu';
  for (const source of globSync('bpf/*.bpf.c', { cwd: root })) {
    const output = join(dist, 'bpf', `${basename(source, '.bpf.c')}.bpf.o`);
    if (upToDate(output, [source, ...headers])) continue;
    const flags = ['-O2', '-g', '-Wall', '-Werror', '-target', 'bpf', `-I/usr/include/${machine}`];
    const clang = spawnSync('clang', [...flags, '-c', join(root, source), '-o', output], {
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    if (clang.status !== 0) throw new Error(`clang could not compile ${source}`);
  }
}

buildBpfPrograms();
await buildBundles();
