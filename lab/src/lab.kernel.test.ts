import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { runCommand } from './command.ts';
import { Lab, removeLab, waitFor } from './index.ts';
import { namespacePrefix } from './name-allocation.ts';
import { identifyProcess, isAlive } from './process-identity.ts';

const index = new URL('index.ts', import.meta.url).href;

/** What another process's lab has, as it says itself. */
interface Held {
  readonly id: string;
  readonly directory: string;
  /** A program of the lab, and one that this started. */
  readonly pids: readonly number[];
  readonly mount: string;
}

/** A process with a lab in which a program runs that has started another, and a file system is mounted. */
const holdLab = `
  import { mkdirSync } from 'node:fs';
  import { Lab } from ${JSON.stringify(index)};
  const lab = await Lab.create({ name: 'held', keep: process.argv[1].startsWith('keep') });
  const lan = await lab.switch('lan');
  const node = await lab.node('n1', { nics: [{ switch: lan, addresses: ['192.0.2.11/24'] }] });
  const mount = node.directory + '/bpf';
  mkdirSync(mount);
  await node.exec(['mount', '-t', 'bpf', 'bpf', mount]);
  const program = await node.spawn(['sh', '-c', 'sleep 1000 & echo $!; wait']);
  const [child] = await program.stdout.match(/\\d+/);
  const held = { id: lab.id, directory: lab.directory, pids: [program.pid, Number(child)], mount };
  console.log(JSON.stringify(held));
  if (process.argv[1] === 'throw') throw new Error('thrown on purpose');
  if (process.argv[1] === 'return' || process.argv[1] === 'keep') await lab[Symbol.asyncDispose]();
`;

async function startHolder(
  mode: string,
  under: readonly string[] = [],
): Promise<{ readonly process: ChildProcess; readonly held: Held; readonly stderr: () => string }> {
  const words = ['--input-type=module', '--eval', holdLab, mode];
  const [program = '', ...rest] = [...under, process.execPath, ...words];
  const child = spawn(program, rest, { stdio: ['ignore', 'pipe', 'pipe'] });
  let stderr = '';
  child.stderr.on('data', (part) => (stderr += part));
  const lines = createInterface({ input: child.stdout });
  const [line] = (await Promise.race([once(lines, 'line'), once(child, 'exit')])) as [unknown];
  assert.equal(typeof line, 'string', stderr);
  return { process: child, held: JSON.parse(line as string) as Held, stderr: () => stderr };
}

function namespacesOf(id: string): string[] {
  return readdirSync('/run/netns').filter((name) => name.startsWith(namespacePrefix(id)));
}

function isMounted(path: string): boolean {
  return readFileSync('/proc/self/mountinfo', 'utf8').includes(` ${path} `);
}

function assertPresent({ id, pids, directory }: Held): void {
  assert.equal(namespacesOf(id).length, 2);
  assert.ok(pids.every((pid) => identifyProcess(pid) !== undefined));
  assert.ok(existsSync(directory));
}

function assertGone({ id, pids, directory, mount }: Held): void {
  assert.deepEqual(namespacesOf(id), []);
  assert.deepEqual(
    pids.filter((pid) => identifyProcess(pid) !== undefined),
    [],
  );
  assert.ok(!isMounted(mount));
  assert.ok(!existsSync(directory));
}

/** A cluster of three nodes, two pods and a client. */
async function sixHosts(): Promise<Lab> {
  const lab = await Lab.create();
  const lan = await lab.switch('lan');
  const nics = (last: number) => [
    { switch: lan, addresses: [`192.0.2.${last}/24`, `2001:db8::${last}/64`] },
  ];
  const n1 = await lab.node('n1', { nics: nics(11) });
  const n2 = await lab.node('n2', { nics: nics(12) });
  await lab.node('n3', { nics: nics(13) });
  await n1.pod('web1', { addresses: ['10.244.1.5', 'fd00:10:244:1::5'] });
  await n2.pod('web2', { addresses: ['10.244.2.5', 'fd00:10:244:2::5'] });
  await lab.client('client', { nics: nics(100) });
  await lab.settled();
  return lab;
}

test('nothing outside is changed by a lab, neither while it is there nor afterwards', async (t) => {
  const outside = async (): Promise<string> => {
    const shown = ['ip -d link', 'ip addr', 'ip route', 'ip -6 route', 'nft list ruleset'];
    const sysctls = 'cat /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv6/conf/all/*';
    const script = [...shown, `${sysctls} 2> /dev/null || true`].join('; ');
    return (await runCommand(['sh', '-c', script])).stdout;
  };
  const before = await outside();
  const beganMs = performance.now();
  const lab = await sixHosts();
  t.diagnostic(`six hosts after ${(performance.now() - beganMs).toFixed(0)} ms`);
  assert.equal(namespacesOf(lab.id).length, 7);
  assert.equal(await outside(), before);
  await lab[Symbol.asyncDispose]();
  assert.deepEqual(namespacesOf(lab.id), []);
  assert.equal(await outside(), before);
});

test('two labs at once have the same hosts and addresses and nothing to do with one another', async () => {
  const held = await startHolder('hold');
  const make = async (): Promise<Lab> => {
    const lab = await Lab.create();
    const lan = await lab.switch('lan');
    await lab.node('n1', { nics: [{ switch: lan, addresses: ['192.0.2.11/24'] }] });
    return lab;
  };
  const labs = await Promise.all([make(), make(), make()]);
  assert.equal(new Set([held.held.id, ...labs.map(({ id }) => id)]).size, 4);
  for (const lab of labs) {
    assert.equal(namespacesOf(lab.id).length, 2);
    await lab[Symbol.asyncDispose]();
    assert.deepEqual(namespacesOf(lab.id), []);
    assertPresent(held.held);
  }
  held.process.kill('SIGTERM');
  await once(held.process, 'exit');
  assertGone(held.held);
});

for (const [where, mode, under] of [
  ['', 'hold', []],
  ['in another mount namespace ', 'hold', ['unshare', '--mount']],
  ['before it was left to be kept ', 'keep-on', []],
] as const) {
  test(`what a lab killed ${where}left, the next one removes`, async () => {
    const { process: holder, held } = await startHolder(mode, under);
    const [program = 0, orphan = 0] = held.pids.map(identifyProcess);
    assert.ok(program && orphan);
    holder.kill('SIGKILL');
    await once(holder, 'exit');
    // A lab's own program dies with it, unless it is to be kept; what that had started is an orphan.
    if (mode === 'hold') await waitFor(() => !isAlive(program), { what: 'the program to die' });
    assert.ok(isAlive(orphan));
    assert.equal(namespacesOf(held.id).length, 2);
    assert.ok(existsSync(held.directory));
    await using lab = await Lab.create();
    assert.notEqual(lab.id, held.id);
    assertGone(held);
  });
}

test('Ctrl-C, a request to end and a lost terminal remove a lab, and the process ends by them', async () => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    for (const mode of ['hold', 'keep-on']) {
      const { process: holder, held } = await startHolder(mode);
      assertPresent(held);
      holder.kill(signal);
      assert.deepEqual(await once(holder, 'exit'), [null, signal]);
      assertGone(held);
    }
  }
});

test('an uncaught error removes a lab, and is still reported', async () => {
  const { process: holder, held, stderr } = await startHolder('throw');
  const [code] = holder.exitCode === null ? await once(holder, 'exit') : [holder.exitCode];
  assert.equal(code, 1);
  assert.match(stderr(), /thrown on purpose/);
  assertGone(held);
});

test('a lab to be kept outlives its process and other labs, until it is removed', async () => {
  const { process: holder, held } = await startHolder('keep');
  if (holder.exitCode === null) await once(holder, 'exit');
  assert.equal(holder.exitCode, 0);
  {
    await using _ = await Lab.create();
    assertPresent(held);
    assert.ok(isMounted(held.mount));
  }
  removeLab(held.id);
  assertGone(held);
  assert.throws(() => removeLab(held.id), /no lab/);
});

test('a lab at work is not removed by others', async () => {
  await using lab = await Lab.create();
  assert.throws(() => removeLab(lab.id), /is at work/);
});

test('a lab that ends frees namespaces while its programs are frozen', async () => {
  const lab = await Lab.create();
  const host = await lab.foreign('h1', { nics: [] });
  const program = await host.spawn(['sleep', '1000']);
  await program.freeze();
  await lab[Symbol.asyncDispose]();
  assert.equal((await program.exited).signal, 'SIGKILL');
  assert.deepEqual(namespacesOf(lab.id), []);
});

test('without the right to make namespaces the message says what is needed', async () => {
  const limited = ['setpriv', '--bounding-set=-sys_admin', '--inh-caps=-sys_admin'] as const;
  const code = `const { Lab } = await import(${JSON.stringify(index)}); await Lab.create();`;
  const words = ['--', process.execPath, '--input-type=module', '--eval', code];
  const { code: exit, stderr } = await runCommand([...limited, ...words], { mayFail: true });
  assert.equal(exit, 1);
  assert.match(stderr, /run it as root \(sudo\); this process lacks CAP_SYS_ADMIN/);
});
