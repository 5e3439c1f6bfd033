// Puts together what a container image of Fairlead holds, and nothing else:
//   node scripts/image-tree.ts DIRECTORY
// The directory is then /opt/fairlead of the image (deploy/image/Dockerfile). Needs dist/ (scripts/build.ts).
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';

const root = join(import.meta.dirname, '..');
const platform = `linux-${process.arch}`;
const node = `node_modules/node-${platform}/bin/node`;

/** Relative to the root, as `bin/fairlead` expects them around itself; directories with all that is in them. */
const CONTENTS = [
  'LICENSE',
  'bin/fairlead',
  'dist',
  node,
  `node_modules/node-${platform}/LICENSE`,
  'node_modules/koffi/LICENSE.txt',
  'node_modules/koffi/package.json',
  'node_modules/koffi/index.cjs',
  'node_modules/koffi/src/koffi/index.cjs',
  'node_modules/koffi/src/koffi/src/static.cjs',
  `node_modules/@koromix/koffi-${platform}/package.json`,
  `node_modules/@koromix/koffi-${platform}/index.js`,
  `node_modules/@koromix/koffi-${platform}/linux_${process.arch}`,
];

const [target] = process.argv.slice(2);
if (target === undefined) throw new Error('name the directory to fill');
if (existsSync(target) && readdirSync(target).length > 0) {
  throw new Error(`${target} is not empty: name another directory`);
}
for (const path of CONTENTS) {
  const from = join(root, path);
  if (!existsSync(from)) throw new Error(`${from} is missing: run npm run setup`);
  const to = join(target, path);
  mkdirSync(dirname(to), { recursive: true });
  cpSync(from, to, { recursive: true });
}
// Whoever runs it may be no owner of the files.
chmodSync(join(target, 'bin/fairlead'), 0o755);
const programs = join(target, 'node_modules/.bin');
mkdirSync(programs, { recursive: true });
symlinkSync(join('../..', node), join(programs, 'node'));
