#!/usr/bin/env node
// Brings what the form of the demo that is asked for needs, and shows it: npm run demo [-- --kubernetes] [--keep]
// Runs on the system's own Node (20 or later), so it is plain JavaScript without dependencies.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const flags = process.argv.slice(2);

/** @param {string} node @param {string[]} args */
function run(node, ...args) {
  const child = spawnSync(node, args, { cwd: root, stdio: 'inherit' });
  if (child.error) throw child.error;
  if (child.status !== 0) process.exit(child.status ?? 1);
}

const part = flags.includes('--kubernetes') ? 'demo-kubernetes' : 'demo';
run(process.execPath, join(root, 'scripts', 'setup.mjs'), part);
run(join(root, 'node_modules', '.bin', 'node'), join(root, 'lab', 'demo', 'main.ts'), ...flags);
