#!/usr/bin/env node
// Brings the programs of Kubernetes that the lab starts as processes: etcd, kube-apiserver,
// kube-controller-manager, kube-proxy and kubectl. Looks in FAIRLEAD_KUBE_BIN, the cache and PATH; else builds
// them with Go from their modules, else downloads the official release. Does nothing where they are there.
// Runs on the system's own Node (20 or later), so it is plain JavaScript without dependencies.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  accessSync,
  chmodSync,
  constants,
  createWriteStream,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';

const versionsFile = new URL('../lab/src/kubernetes/versions.json', import.meta.url);
/** @type {{ kubernetes: string, etcd: string }} */
const versions = JSON.parse(readFileSync(versionsFile, 'utf8'));

const KUBERNETES_PROGRAMS = ['kube-apiserver', 'kube-controller-manager', 'kube-proxy', 'kubectl'];
const PROGRAMS = ['etcd', ...KUBERNETES_PROGRAMS];
const PROGRESS_MS = 15_000;

const cacheRoot = join(homedir(), '.cache', 'fairlead');
const cacheDirectory = join(cacheRoot, `kubernetes-${versions.kubernetes}`);

/** @param {string[]} directories */
function missingFrom(directories) {
  return PROGRAMS.filter(
    (program) => !directories.some((directory) => isExecutable(join(directory, program))),
  );
}

/** @param {string} path */
function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * Where all programs are already, in words; undefined where nowhere.
 * @param {(text: string) => void} say
 */
function findInstalled(say) {
  const own = process.env['FAIRLEAD_KUBE_BIN'];
  if (own !== undefined) {
    const missing = missingFrom([own]);
    if (missing.length === 0) return own;
    say(`FAIRLEAD_KUBE_BIN=${own} is not used: it has no ${missing.join(', ')}`);
  }
  if (missingFrom([cacheDirectory]).length === 0) return cacheDirectory;
  const path = (process.env['PATH'] ?? '').split(delimiter);
  return missingFrom(path).length === 0 ? 'PATH' : undefined;
}

/** @param {number} startedMs */
function elapsed(startedMs) {
  const seconds = Math.round((Date.now() - startedMs) / 1000);
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/**
 * Runs Go in a directory; its standard error is counted (with `-v`, a package a line) and kept for the error.
 * @param {string[]} args
 * @param {string} directory
 * @param {(lines: number) => void} onProgress
 * @returns {Promise<string>} its standard output
 */
function go(args, directory, onProgress = () => {}) {
  return new Promise((resolve, reject) => {
    const child = spawn('go', args, {
      cwd: directory,
      env: { ...process.env, CGO_ENABLED: '0', GOWORK: 'off' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stdout = '';
    let lines = 0;
    /** @type {string[]} */
    const last = [];
    child.stdout.setEncoding('utf8').on('data', (text) => (stdout += text));
    createInterface({ input: child.stderr }).on('line', (line) => {
      lines += 1;
      last.push(line);
      if (last.length > 20) last.shift();
    });
    const timer = setInterval(() => onProgress(lines), PROGRESS_MS);
    child.once('error', reject);
    child.once('close', (code, signal) => {
      clearInterval(timer);
      if (code === 0) resolve(stdout);
      else
        reject(
          new Error(`go ${args[0]} failed (${signal ?? `exit ${code}`}):\n${last.join('\n')}`),
        );
    });
  });
}

/**
 * Writes a module whose tools are programs of another one, which it requires as that means to be built: with its
 * version of Go, and modules that are developed inside it (Kubernetes' staging) as they are published.
 * @param {string} directory @param {string} module @param {string} version @param {string[]} tools
 */
async function writeModule(directory, module, version, tools) {
  const info = JSON.parse(
    await go(['mod', 'download', '-json', `${module}@v${version}`], directory),
  );
  const upstream = readFileSync(info.GoMod, 'utf8');
  const goVersion = /^go (\S+)$/m.exec(upstream)?.[1];
  if (goVersion === undefined) throw new Error(`${info.GoMod} does not say which Go it needs`);
  const staged = [...upstream.matchAll(/^\s*(k8s\.io\/\S+) => \.\/staging\//gm)].map(
    (match) => match[1],
  );
  const stagedVersion = `v0.${version.split('.').slice(1).join('.')}`;
  writeFileSync(
    join(directory, 'go.mod'),
    [
      'module fairlead.dev/lab',
      `go ${goVersion}`,
      `require ${module} v${version}`,
      ...staged.map((name) => `replace ${name} => ${name} ${stagedVersion}`),
      ...tools.map((tool) => `tool ${tool}`),
      '',
    ].join('\n'),
  );
}

/**
 * @param {string} output @param {string} scratch @param {(text: string) => void} say
 */
async function build(output, scratch, say) {
  const stamp = `-X k8s.io/component-base/version.gitVersion=v${versions.kubernetes}`;
  const etcd = 'go.etcd.io/etcd/server/v3';
  const builds = [
    {
      name: `Kubernetes ${versions.kubernetes}`,
      module: 'k8s.io/kubernetes',
      version: versions.kubernetes,
      tools: KUBERNETES_PROGRAMS.map((program) => `k8s.io/kubernetes/cmd/${program}`),
      linkerFlags: `-s -w ${stamp}`,
      target: `${output}/`,
    },
    {
      name: `etcd ${versions.etcd}`,
      module: etcd,
      version: versions.etcd,
      tools: [etcd],
      linkerFlags: '-s -w',
      target: join(output, 'etcd'),
    },
  ];
  say('building Kubernetes and etcd with Go: once, about 8 min on two cores …');
  for (const { name, module, version, tools, linkerFlags, target } of builds) {
    const startedMs = Date.now();
    const directory = mkdtempSync(join(scratch, 'module-'));
    await writeModule(directory, module, version, tools);
    const flags = ['-v', '-mod=mod', '-trimpath', `-ldflags=${linkerFlags}`, '-o', target];
    await go(['build', ...flags, ...tools], directory, (lines) =>
      say(`building ${name}: ${lines} packages and downloads, ${elapsed(startedMs)}`),
    );
    say(`built ${name} in ${elapsed(startedMs)}`);
  }
}

/** @param {string} url */
async function request(url) {
  const response = await fetch(url);
  if (!response.ok || response.body === null) throw new Error(`${url}: ${response.status}`);
  return response;
}

/**
 * Downloads a file whose SHA-256 is known.
 * @param {string} url @param {string} path @param {string} sha256
 */
async function download(url, path, sha256) {
  const { body } = await request(url);
  const hash = createHash('sha256');
  const hashed = Readable.fromWeb(/** @type {any} */ (body)).on('data', (chunk) =>
    hash.update(chunk),
  );
  await pipeline(hashed, createWriteStream(path));
  const found = hash.digest('hex');
  if (found !== sha256) throw new Error(`${url}: SHA-256 is ${found}, expected ${sha256}`);
}

/**
 * @param {string} output @param {string} scratch @param {(text: string) => void} say
 */
async function downloadRelease(output, scratch, say) {
  const architecture = process.arch === 'arm64' ? 'arm64' : 'amd64';
  for (const program of KUBERNETES_PROGRAMS) {
    const url = `https://dl.k8s.io/v${versions.kubernetes}/bin/linux/${architecture}/${program}`;
    say(`downloading ${program} ${versions.kubernetes} …`);
    const sha256 = (await (await request(`${url}.sha256`)).text()).trim().split(/\s/u)[0] ?? '';
    await download(url, join(output, program), sha256);
    chmodSync(join(output, program), 0o755);
  }
  const base = `https://github.com/etcd-io/etcd/releases/download/v${versions.etcd}`;
  const folder = `etcd-v${versions.etcd}-linux-${architecture}`;
  const archive = `${folder}.tar.gz`;
  say(`downloading etcd ${versions.etcd} …`);
  const sums = await (await request(`${base}/SHA256SUMS`)).text();
  const line = sums.split('\n').find((entry) => entry.trim().endsWith(archive));
  if (line === undefined) throw new Error(`${base}/SHA256SUMS does not name ${archive}`);
  await download(`${base}/${archive}`, join(scratch, archive), line.trim().split(/\s/u)[0] ?? '');
  const unpack = [
    '-xzf',
    join(scratch, archive),
    '-C',
    output,
    '--strip-components=1',
    `${folder}/etcd`,
  ];
  const tar = spawnSync('tar', unpack, { encoding: 'utf8' });
  if (tar.status !== 0) throw new Error(`tar could not unpack ${archive}: ${tar.stderr}`);
}

/** What is there in the end is whole: it gets its name when all is in it. @param {string} output */
function publish(output) {
  try {
    renameSync(output, cacheDirectory);
  } catch (error) {
    if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
    // Somebody else was faster, or has taken files out of it.
    if (missingFrom([cacheDirectory]).length === 0) return;
    rmSync(cacheDirectory, { recursive: true });
    renameSync(output, cacheDirectory);
  }
}

/** @param {string} output */
function requireAll(output) {
  const missing = missingFrom([output]);
  if (missing.length > 0) throw new Error(`${missing.join(', ')} did not come of it`);
  for (const program of ['kube-apiserver', 'etcd']) {
    const { status, error } = spawnSync(join(output, program), ['--version']);
    if (status !== 0) throw new Error(`${program} does not run here`, { cause: error });
  }
}

/**
 * Sees to it that the programs are there.
 * @param {(text: string) => void} [say] gets lines of progress
 * @returns {Promise<string>} the directory they are in, or `PATH`
 */
export async function ensureKubernetesBinaries(say = () => {}) {
  const installed = findInstalled(say);
  if (installed !== undefined) return installed;
  mkdirSync(cacheRoot, { recursive: true });
  const scratch = mkdtempSync(join(cacheRoot, '.kubernetes-'));
  const remove = () => rmSync(scratch, { recursive: true, force: true });
  process.once('exit', remove);
  /** @type {string[]} */
  const failures = [];
  const ways = [...(spawnSync('go', ['version']).status === 0 ? [build] : []), downloadRelease];
  if (ways.length === 1) failures.push('building: there is no Go on PATH');
  try {
    for (const way of ways) {
      const output = join(scratch, way.name);
      const work = join(scratch, `${way.name}-work`);
      mkdirSync(output);
      mkdirSync(work);
      try {
        await way(output, work, say);
        requireAll(output);
        publish(output);
        return cacheDirectory;
      } catch (error) {
        const cause = error.cause === undefined ? '' : ` (${error.cause.message ?? error.cause})`;
        failures.push(`${way === build ? 'building' : 'downloading'}: ${error.message}${cause}`);
        say(`${failures.at(-1)}`);
      }
    }
  } finally {
    remove();
    process.off('exit', remove);
  }
  throw new Error(
    [
      `Kubernetes ${versions.kubernetes} and etcd ${versions.etcd} are needed and cannot be had here.`,
      ...failures.map((failure) => `- ${failure}`),
      `Install Go, or let this machine reach dl.k8s.io and github.com, or put ${PROGRAMS.join(', ')}`,
      `into a directory and name it in FAIRLEAD_KUBE_BIN.`,
    ].join('\n'),
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));
  try {
    const where = await ensureKubernetesBinaries((text) => console.error(`kubernetes: ${text}`));
    console.error(`kubernetes: ${versions.kubernetes} and etcd ${versions.etcd} are in ${where}`);
  } catch (error) {
    console.error(error.message);
    process.exit(1);
  }
}
