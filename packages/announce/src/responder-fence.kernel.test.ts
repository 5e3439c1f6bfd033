import { parseAddress, type IpAddress, type MacAddress } from '@fairlead/ip';
import { arpRequest, encodeNeighbourSolicitation } from '@fairlead/l2';
import { listTcIngress, monotonicNs, type TcMode } from '@fairlead/linux';
import { temporaryBpffs } from '@fairlead/linux/testing';
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { suite, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import { layCable, type Cable } from './conformance/cable.ts';
import { objectPath } from './conformance/stage.ts';
import { ResponderMaps } from './responder-maps.ts';
import { Responder } from './responder.ts';

/**
 * An agent that holds an address by moving the fence every 20 ms is killed, or stopped: the kernel
 * answers until the last deadline that it stored, and not after.
 */
const held4 = parseAddress('192.0.2.1') as IpAddress;
const held6 = parseAddress('2001:db8::1') as IpAddress;
const client4 = parseAddress('192.0.2.9') as IpAddress;
const client6 = parseAddress('fe80::9') as IpAddress;
/** Long enough for a killed agent to be noticed, and asked, before its deadline. */
const ttlNs = 1_000_000_000n;
/** How long nothing may be answered after the deadline, to be seen. */
const silenceNs = 200_000_000n;
const intervalMs = 20;

const [, , role, ...parameters] = process.argv;
if (role === 'agent') holdAddresses(parameters);
else describe();

/** Runs in a process of its own: this file, started once more. */
function holdAddresses([bpffsDirectory = '', mode, index, mac]: readonly string[]): void {
  const responder = Responder.open({ objectPath, bpffsDirectory, attachMode: mode as TcMode });
  const interfaceIndex = Number(index);
  const each = { interfaceIndex, mac: mac as MacAddress, mode: 'answer' } as const;
  responder.setInterfaces([{ index: interfaceIndex, mac: each.mac }]);
  responder.maps.setAnswers([
    { ...each, address: held4 },
    { ...each, address: held6 },
  ]);
  // The test's end of the pipe closes when it ends, however that comes.
  process.stdin.resume().on('end', () => process.exit());
  setInterval(() => {
    const now = monotonicNs();
    responder.maps.storeFence(interfaceIndex, now + ttlNs);
  }, intervalMs);
}

function describe(): void {
  for (const mode of ['tcx', 'clsact'] as const) {
    suite(`the fence, attached by ${mode}`, () => {
      test('an agent that is killed', async () => {
        using scene = await start(mode);
        scene.agent.kill('SIGKILL');
        await once(scene.agent, 'exit');
        scene.expectAnswersUntilTheDeadline();
      });

      test('an agent that is stopped answers again when it goes on', async () => {
        using scene = await start(mode);
        for (let stops = 0; stops < 3; stops += 1) {
          scene.agent.kill('SIGSTOP');
          await untilStopped(scene.agent);
          scene.expectAnswersUntilTheDeadline();
          scene.agent.kill('SIGCONT');
          scene.waitForAnswer();
        }
      });

      test('an agent that takes over from a running one leaves nothing unanswered', async () => {
        using scene = await start(mode);
        const before = scene.programs();
        scene.startAnother();
        const until = monotonicNs() + 10_000_000_000n;
        while (isDeepStrictEqual(scene.programs(), before)) {
          assert.ok(monotonicNs() < until, 'no other program in 10 s');
          scene.expectAnswers(10);
        }
        scene.expectAnswers(100);
        assert.equal(scene.programs().length, 1);
      });

      test('one that comes after it begins with what is left of the deadline', async () => {
        using scene = await start(mode);
        scene.agent.kill('SIGKILL');
        await once(scene.agent, 'exit');
        const left = scene.deadline();
        using later = Responder.open({
          objectPath,
          bpffsDirectory: scene.path,
          attachMode: mode,
        });
        const { nearIndex: index, nearMac: mac } = scene.cable;
        assert.deepEqual(later.setInterfaces([{ index, mac }]), []);
        assert.equal(scene.deadline(), left);
        scene.expectAnswersUntilTheDeadline();
      });
    });
  }
}

async function untilStopped(agent: ChildProcess): Promise<void> {
  const until = Date.now() + 10_000;
  while (!/^State:\tT/m.test(readFileSync(`/proc/${agent.pid}/status`, 'latin1'))) {
    assert.ok(Date.now() < until, 'the agent does not stop');
    await setTimeout(1);
  }
}

interface Fenced extends Disposable {
  readonly cable: Cable;
  readonly path: string;
  readonly agent: ChildProcess;
  deadline(): bigint;
  /** Ids of the programs that answer. */
  programs(): readonly number[];
  startAnother(): void;
  /** Asks as often as that, and is answered each time. */
  expectAnswers(times: number): void;
  waitForAnswer(): void;
  expectAnswersUntilTheDeadline(): void;
}

async function start(mode: TcMode): Promise<Fenced> {
  const opened = new DisposableStack();
  const { path } = opened.use(temporaryBpffs());
  const cable = opened.use(layCable());
  const { nearIndex, nearMac, farMac } = cable;
  const file = fileURLToPath(import.meta.url);
  const startAgent = (): ChildProcess => {
    const parameters = [file, 'agent', path, mode, String(nearIndex), nearMac];
    const child = spawn(process.execPath, parameters, {
      stdio: ['pipe', 'inherit', 'inherit'],
      env: {},
    });
    opened.defer(() => child.kill('SIGKILL'));
    return child;
  };
  const agent = startAgent();
  const group = '33:33:ff:00:00:01' as MacAddress;
  const questions = [
    arpRequest({ senderMac: farMac, senderIp: client4, targetIp: held4 }),
    encodeNeighbourSolicitation(
      { destination: group, source: farMac },
      {
        source: client6,
        destination: parseAddress('ff02::1:ff00:1') as IpAddress,
        target: held6,
        sourceMac: farMac,
      },
    ),
  ];
  const askAll = (): readonly boolean[] =>
    questions.map((question) => cable.exchange(question).reply !== undefined);
  const waitForAnswer = (): void => {
    const until = monotonicNs() + 10_000_000_000n;
    while (!askAll().every(Boolean)) assert.ok(monotonicNs() < until, 'no answer in 10 s');
  };
  const deadline = (): bigint => {
    using maps = ResponderMaps.open(path);
    return maps.fence(nearIndex) ?? 0n;
  };
  const expectAnswersUntilTheDeadline = (): void => {
    const last = deadline();
    let answeredBefore = 0;
    for (let now = monotonicNs(); now < last + silenceNs; now = monotonicNs()) {
      const answered = askAll();
      const done = monotonicNs();
      if (done < last) {
        assert.ok(answered.every(Boolean), `no answer ${last - done} ns before the deadline`);
        answeredBefore += 1;
      } else if (now >= last) {
        assert.ok(!answered.some(Boolean), `an answer ${now - last} ns after the deadline`);
      }
    }
    assert.ok(answeredBefore > 0, 'never asked before the deadline');
    assert.equal(deadline(), last);
  };
  // The first question that is answered comes after the agent has put all in place.
  for (const until = Date.now() + 10_000; !askAll().every(Boolean);) {
    assert.ok(Date.now() < until && agent.exitCode === null, 'the agent does not come up');
    await setTimeout(5);
  }
  return {
    cable,
    path,
    agent,
    deadline,
    programs: () => listTcIngress(nearIndex).map((each) => each.programId),
    startAnother: startAgent,
    expectAnswers(times) {
      for (let count = 0; count < times; count += 1) assert.ok(askAll().every(Boolean), `${count}`);
    },
    waitForAnswer,
    expectAnswersUntilTheDeadline,
    [Symbol.dispose]: () => opened[Symbol.dispose](),
  };
}
