import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { blockMainThread, Lab, monotonicMs, waitFor, type Host, type LabProcess } from './index.ts';

let lab: Lab;
let host: Host;

before(async () => {
  lab = await Lab.create({ name: 'processes' });
  host = await lab.foreign('h1', { nics: [] });
});

after(() => lab[Symbol.asyncDispose]());

function shell(script: string): Promise<LabProcess> {
  return host.spawn(['sh', '-c', script], { name: 'script' });
}

test('what a program says is read from its first line on, while it runs and after', async () => {
  await using program = await shell('echo first; echo second; echo oops >&2; exec sleep 1000');
  assert.equal((await program.stdout.match(/^sec(ond)$/))[1], 'ond');
  assert.equal((await program.stdout.match(/first/)).input, 'first');
  assert.equal((await program.stderr.match(/./)).input, 'oops');
  await assert.rejects(program.stdout.match(/never/, 50), /no line like \/never\/.*in 50 ms/s);
  const gathered = Array.fromAsync(program.stdout.lines());
  program.kill('SIGTERM');
  assert.equal((await program.exited).signal, 'SIGTERM');
  assert.ok(!program.running);
  assert.deepEqual(await gathered, ['first', 'second']);
  assert.equal(program.stdout.text(), 'first\nsecond\n');
  await assert.rejects(program.stdout.match(/never/), /before the program ended/);
});

test('lines and characters in pieces arrive whole, the last one without an end too', async () => {
  const script = String.raw`printf 'na\303'; sleep 0.05; printf '\257ve\nhalf'; sleep 0.05; printf ' line'`;
  await using program = await shell(script);
  assert.deepEqual(await Array.fromAsync(program.stdout.lines()), ['naïve', 'half line']);
});

test('a frozen program does nothing, thawed it goes on', async () => {
  await using program = await shell('while :; do echo tick; sleep 0.01; done');
  await program.stdout.match(/tick/);
  await program.freeze();
  const frozen = program.stdout.text();
  await pause(100);
  assert.equal(program.stdout.text(), frozen);
  program.thaw();
  await waitFor(() => program.stdout.text() !== frozen, { what: 'ticks' });
});

test('a killed program is gone at once, and cannot be frozen', async () => {
  const program = await shell('sleep 1000');
  const before = monotonicMs();
  assert.ok(program.kill());
  const { signal, code, atMs } = await program.exited;
  assert.deepEqual([signal, code], ['SIGKILL', null]);
  assert.ok(atMs >= before && atMs <= monotonicMs());
  assert.equal(program.kill(), false);
  await assert.rejects(program.freeze(), /h1\/script has ended/);
  assert.throws(() => program.thaw(), /has ended/);
});

test('a program asked to stop may end as it likes; one that does not, or is frozen, is killed', async () => {
  const polite = await shell('trap "exit 3" TERM; echo up; while :; do sleep 0.01; done');
  await polite.stdout.match(/up/);
  await polite.freeze();
  assert.equal((await polite.stop()).code, 3);
  const deaf = await shell('trap "" TERM; echo up; while :; do sleep 0.01; done');
  await deaf.stdout.match(/up/);
  assert.equal((await deaf.stop(50)).signal, 'SIGKILL');
});

test('a program runs in its namespace, its directory, and with what it is given', async () => {
  const program = await host.spawn(['sh', '-c', 'pwd; echo $COLOUR; ip -brief link'], {
    environment: { COLOUR: 'red' },
  });
  const lines = await Array.fromAsync(program.stdout.lines());
  assert.deepEqual(lines.slice(0, 2), [host.directory, 'red']);
  assert.deepEqual(
    lines.slice(2).map((line) => line.split(' ')[0]),
    ['lo'],
  );
  // Two of the same name do not write over one another.
  assert.notEqual(program.stdout.path, (await shell('true')).stdout.path);
});

test('what is mounted by one program is there for the next', async () => {
  const mount = join(host.directory, 'bpf');
  await host.exec(['mkdir', mount]);
  await host.exec(['mount', '-t', 'bpf', 'bpf', mount]);
  await host.exec(['mkdir', join(mount, 'pinned')]);
  assert.ok(existsSync(join(mount, 'pinned')));
});

test('a program that is not there ends with what the shell would say', async () => {
  const program = await host.spawn(['no-such-program']);
  assert.equal((await program.exited).code, 127);
  assert.match(program.stderr.text(), /no-such-program/);
});

test('a main thread is blocked by asking the agent at its socket', async () => {
  const socket = join(lab.directory, 'agent.sock');
  const asked: string[] = [];
  await using agent = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    response.statusCode = request.url?.endsWith('=2000') ? 200 : 403;
    response.end('fault injection is off');
  });
  agent.listen(socket);
  await once(agent, 'listening');
  await blockMainThread(socket, 2_000);
  assert.deepEqual(asked, ['POST /fault/block-main?ms=2000']);
  await assert.rejects(blockMainThread(socket, 5), /403 fault injection is off/);
  await assert.rejects(blockMainThread(`${socket}.not`, 5), /does not answer/);
});
