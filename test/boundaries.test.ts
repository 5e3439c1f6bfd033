import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempDisposableSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';

const root = join(import.meta.dirname, '..');

/** One file each: where it is, what it imports, whether lint lets it. */
const imports = [
  ['packages/ip/src/a.ts', '@fairlead/wire', false],
  ['packages/linux/src/a.ts', '@fairlead/ip', true],
  ['packages/linux/src/b.ts', '@fairlead/cluster', false],
  ['packages/linux/src/c.ts', '@fairlead/lab/failover', false],
  ['packages/linux/src/d.ts', '../../../apps/fairlead/src/version.ts', false],
  ['packages/linux/src/e.ts', './bpf/map.ts', true],
  ['packages/linux/src/f.ts', 'koffi', true],
  ['packages/membership/src/a.ts', '@fairlead/linux', true],
  ['packages/membership/src/b.ts', '@fairlead/l2', false],
  ['packages/kube/src/a.ts', '@fairlead/lab/kubernetes', false],
  ['packages/kube/src/a.kube.test.ts', '@fairlead/lab/kubernetes', true],
  ['packages/kube/src/b.kube.test.ts', '@fairlead/cluster', false],
  ['packages/cluster/src/a.ts', '@fairlead/kube', true],
  ['packages/cluster/src/b.ts', '@fairlead/linux', false],
  ['packages/cluster/src/testing/a.ts', '@fairlead/lab/kubernetes', true],
  ['packages/land/src/a.ts', '@fairlead/cluster/testing', true],
  ['packages/land/src/b.ts', '@fairlead/steer', false],
  ['packages/land/src/c.ts', '@fairlead/lab/kubernetes', false],
  ['packages/land/src/d.ts', '../../steer/src/rows.ts', false],
  ['packages/land/src/e.ts', 'koffi', false],
  ['apps/fairlead/src/a.ts', '@fairlead/land', true],
  ['apps/fairlead/src/b.ts', '@fairlead/lab/kubernetes', false],
  ['apps/fairlead/src/testing/a.ts', '@fairlead/lab', true],
  ['lab/src/a.ts', '@fairlead/land', true],
  ['lab/src/b.ts', '../../packages/ip/src/address.ts', false],
] as const;

test('lint lets a file import packages of the rows above its own, by what they export', () => {
  using scratch = mkdtempDisposableSync(join(tmpdir(), 'fairlead-boundaries-'));
  const tree = scratch.path;
  copyFileSync(join(root, '.oxlintrc.json'), join(tree, '.oxlintrc.json'));
  for (const [file, from] of imports) {
    mkdirSync(join(tree, dirname(file)), { recursive: true });
    writeFileSync(join(tree, file), `import { a } from '${from}';\n\nexport const b = a;\n`);
  }
  const lint = spawnSync(join(root, 'node_modules', '.bin', 'oxlint'), ['--format=unix'], {
    cwd: tree,
    encoding: 'utf8',
  });
  const refused = lint.stdout
    .split('\n')
    .filter((line) => line.includes('no-restricted-imports'))
    .map((line) => line.split(':')[0]);
  const forbidden = imports.filter(([, , allowed]) => !allowed).map(([file]) => file);
  assert.deepEqual(new Set(refused), new Set(forbidden), lint.stderr);
});
