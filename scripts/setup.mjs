#!/usr/bin/env node
// Brings what a command needs and nothing else: `node scripts/setup.mjs [run|check|test|demo|bench|kubernetes]`.
// Runs on the system's own Node (20 or later), so it is plain JavaScript without dependencies.
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readFileSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureKubernetesBinaries } from './kubernetes-binaries.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

/** `kubernetes` is what demo and benchmarks ask for besides, where they start a real one. */
const PARTS = ['run', 'check', 'test', 'demo', 'bench', 'kubernetes'];
const KUBERNETES_PARTS = ['test', 'kubernetes'];
const part = process.argv[2] ?? 'run';
if (!PARTS.includes(part)) {
  console.error(`setup: unknown part '${part}'; known are ${PARTS.join(', ')}`);
  process.exit(2);
}

/** What the machine must have beside npm's packages, and what proves that it is there. */
const SYSTEM_NEEDS = [
  { package: 'clang', command: 'clang', why: 'compiles the BPF programs' },
  { package: 'libbpf-dev', path: '/usr/include/bpf/bpf_helpers.h', why: 'headers of BPF programs' },
  { package: 'linux-libc-dev', path: '/usr/include/linux/bpf.h', why: 'headers of the kernel' },
  { package: 'libbpf1', library: 'libbpf.so.1', why: 'loads the BPF programs' },
  { package: 'libnftables1', library: 'libnftables.so.1', why: 'talks to nftables' },
  { package: 'libatomic1', library: 'libatomic.so.1', why: 'Node 26 links to it' },
  { package: 'nftables', command: 'nft', why: 'faults of the lab' },
  { package: 'iproute2', command: 'ip', why: 'namespaces of the lab' },
  { package: 'util-linux', command: 'nsenter', why: 'programs in namespaces of the lab' },
  { package: 'mount', command: 'umount', why: 'file systems of the lab' },
  { package: 'ethtool', command: 'ethtool', why: 'checksum offload of the lab' },
  { package: 'bpftool', command: 'bpftool', why: 'tests detach programs by it', parts: ['test'] },
  { package: 'curl', command: 'curl', why: 'tests ask for metrics by it', parts: ['test'] },
  {
    package: 'procps',
    command: 'sysctl',
    why: 'faults change settings by it',
    parts: ['test', 'bench'],
  },
  {
    package: 'openssl',
    command: 'openssl',
    why: 'keys of the API server',
    parts: KUBERNETES_PARTS,
  },
  { package: 'iptables', command: 'iptables', why: 'kube-proxy needs it', parts: KUBERNETES_PARTS },
  { package: 'tar', command: 'tar', why: 'unpacks released binaries', parts: KUBERNETES_PARTS },
];

const started = Date.now();
/** @param {string} text */
const say = (text) => console.error(`setup: ${text}`);

/** @param {string} command @param {string[]} args @param {Record<string, string>} [env] */
function run(command, args, env = {}) {
  const child = spawnSync(command, args, {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, ...env },
  });
  if (child.error) throw child.error;
  if (child.status !== 0) {
    say(`'${[command, ...args].join(' ')}' failed (${child.signal ?? `exit ${child.status}`})`);
    process.exit(1);
  }
}

/** @param {string} name */
function onPath(name) {
  const directories = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  return directories.some((directory) => {
    try {
      accessSync(join(directory, name), constants.X_OK);
      return true;
    } catch (error) {
      if (error.code === 'ENOENT' || error.code === 'EACCES' || error.code === 'ENOTDIR') {
        return false;
      }
      throw error;
    }
  });
}

/** @param {string} soname */
function libraryInstalled(soname) {
  const machine = process.arch === 'arm64' ? 'aarch64-linux-gnu' : 'x86_64-linux-gnu';
  return ['/usr/lib', '/lib', '/usr/lib64', '/usr/local/lib']
    .flatMap((directory) => [directory, join(directory, machine)])
    .some((directory) => existsSync(join(directory, soname)));
}

/** @param {typeof SYSTEM_NEEDS[number]} need */
function present(need) {
  if (need.command !== undefined) return onPath(need.command);
  if (need.path !== undefined) return existsSync(need.path);
  return libraryInstalled(need.library);
}

function installSystemPackages() {
  const needs = SYSTEM_NEEDS.filter((need) => (need.parts ?? [part]).includes(part));
  const missing = needs.filter((need) => !present(need));
  if (missing.length === 0) return;
  const packages = missing.map((need) => need.package).join(' ');
  for (const need of missing) say(`missing: ${need.package} (${need.why})`);
  if (process.getuid?.() !== 0 || !onPath('apt-get')) {
    const reason = onPath('apt-get') ? 'not running as root' : 'no apt-get on this machine';
    say(`cannot install them here (${reason}). Install, under Debian's names: ${packages}`);
    say(`as in: sudo apt-get install --no-install-recommends ${packages}`);
    process.exit(1);
  }
  say(`installing ${packages} …`);
  const quiet = { DEBIAN_FRONTEND: 'noninteractive' };
  run('apt-get', ['update', '-qq'], quiet);
  run(
    'apt-get',
    ['install', '-y', '-qq', '--no-install-recommends', ...packages.split(' ')],
    quiet,
  );
  const still = needs.filter((need) => !present(need));
  if (still.length > 0) {
    say(`still missing after installing: ${still.map((need) => need.package).join(', ')}`);
    process.exit(1);
  }
}

/** `node_modules` holds exactly what the lock file says when npm wrote its own copy after it. */
function installNpmPackages() {
  const installed = join(root, 'node_modules', '.package-lock.json');
  const wanted = join(root, 'package-lock.json');
  const fresh = existsSync(installed) && statSync(installed).mtimeMs >= statSync(wanted).mtimeMs;
  if (fresh && existsSync(join(root, 'node_modules', '.bin', 'node'))) return;
  say('installing npm packages …');
  run('npm', ['ci', '--no-fund', '--no-audit', '--loglevel=error']);
  if (!existsSync(join(root, 'node_modules', '.bin', 'node'))) {
    say(
      `no Node for ${process.platform}-${process.arch}: linux on x64 or arm64 with glibc is needed`,
    );
    process.exit(1);
  }
}

/** Node 20 cannot run TypeScript: the build runs on the Node that npm brought. */
function build() {
  run(join(root, 'node_modules', '.bin', 'node'), [join(root, 'scripts', 'build.ts')]);
}

const { version } = JSON.parse(readFileSync(join(root, 'packages', 'ip', 'package.json'), 'utf8'));
if (Number(process.versions.node.split('.')[0]) < 20) {
  say(
    `Node ${process.versions.node} is too old to set up Fairlead ${version}: install Node 20 or later`,
  );
  process.exit(1);
}
installNpmPackages();
if (part !== 'check') installSystemPackages();
if (part !== 'check' && part !== 'kubernetes') build();
if (KUBERNETES_PARTS.includes(part)) {
  try {
    await ensureKubernetesBinaries(say);
  } catch (error) {
    say(error.message);
    process.exit(1);
  }
}
if (Date.now() - started > 2000) say(`done in ${((Date.now() - started) / 1000).toFixed(1)} s`);
