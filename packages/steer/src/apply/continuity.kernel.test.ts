import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { TcMode } from '@fairlead/linux';
import type { SteerPlan, SteerSegment } from '../plan.ts';
import type { AgentOrder } from '../testing/agent-process.ts';
import { Fixture, objectPath } from '../testing/fixture.ts';
import { foretell } from '../testing/model.ts';
import { ourIpv4, planFor, segmentOf } from '../testing/plans.ts';
import { flowOfFrame, Traffic, type Passage } from '../testing/traffic.ts';

for (const mode of ['tcx', 'clsact'] as const) {
  describe(`steering goes on without a gap, attached by ${mode}`, () => continuity(mode));
}

function continuity(mode: TcMode): void {
  const plan = planFor('n1', { n2: 2, n3: 1 });
  let fixture: Fixture;
  let segment: SteerSegment;
  before(() => {
    fixture = new Fixture(['n1', 'n2', 'n3'], mode);
    segment = segmentOf(fixture.network, 'n1', { n2: {}, n3: {} });
  });
  afterEach(() => fixture.reset());
  after(() => fixture[Symbol.dispose]());

  function opened(): ReturnType<Fixture['open']> {
    const driver = fixture.open('n1');
    assert.deepEqual(driver.apply(plan, [segment]), []);
    return driver;
  }

  /** Every frame went where one of these plans sends it. */
  function follow(passages: readonly Passage[], ...plans: readonly SteerPlan[]): void {
    for (const { number, host } of passages) {
      const hosts = plans.map((each) => {
        const fate = foretell(each, segment, flowOfFrame(number), true);
        return fate.kind === 'handed' ? fate.to : 'n1';
      });
      assert.ok(
        hosts.some((each) => each === host),
        `frame ${number} at ${host}, not ${hosts.join(' or ')}`,
      );
    }
  }

  it('when the agent restarts', async () => {
    let driver = opened();
    const traffic = await Traffic.start(fixture.network, 'n1');
    for (let round = 0; round < 5; round++) {
      driver[Symbol.dispose]();
      await traffic.flowing();
      driver = fixture.open('n1');
      assert.ok(driver.installed(ourIpv4));
      await traffic.flowing();
      const unheard = { mac: undefined, live: undefined };
      const early = segmentOf(fixture.network, 'n1', { n2: unheard, n3: unheard });
      assert.deepEqual(driver.apply(plan, [early]), []);
      await traffic.flowing();
      assert.deepEqual(driver.apply(plan, [segment]), []);
      await traffic.flowing();
    }
    follow(await traffic.stop(), plan);
  });

  it('when the agent is killed in the middle of its work', async () => {
    const order: AgentOrder = {
      options: { objectPath, bpffsDirectory: fixture.bpffs('n1'), attachMode: mode },
      plan,
      segments: [segment],
    };
    const program = fileURLToPath(new URL('../testing/agent-process.ts', import.meta.url));
    const agent = fork(program, [JSON.stringify(order)]);
    assert.deepEqual(await once(agent, 'message'), [[], undefined]);
    const traffic = await Traffic.start(fixture.network, 'n1');
    await traffic.flowing();
    agent.kill('SIGKILL');
    await once(agent, 'exit');
    await traffic.flowing(1000);
    const driver = opened();
    await traffic.flowing();
    assert.ok(driver.installed(ourIpv4));
    follow(await traffic.stop(), plan);
  });

  it('when a new version has other maps', async () => {
    opened()[Symbol.dispose]();
    const directory = join(fixture.bpffs('n1'), 'steer');
    const old = join(directory, 'abi-0');
    renameSync(join(directory, 'abi-1'), old);
    const traffic = await Traffic.start(fixture.network, 'n1');
    const driver = fixture.open('n1');
    assert.ok(!driver.installed(ourIpv4));
    await traffic.flowing();
    assert.deepEqual(driver.apply(plan, [segment]), []);
    assert.ok(!existsSync(old));
    await traffic.flowing();
    follow(await traffic.stop(), plan);
  });

  it('when the Service changes: each packet meets the old rows or the new', async () => {
    const other = planFor('n1', { n3: 1 });
    const driver = opened();
    const traffic = await Traffic.start(fixture.network, 'n1');
    for (let round = 0; round < 60; round++) {
      assert.deepEqual(driver.apply(round % 2 === 0 ? other : plan, [segment]), []);
      await traffic.flowing(20);
    }
    const passages = await traffic.stop();
    follow(passages, plan, other);
    assert.ok(passages.some(({ host }) => host === 'n2'));
  });

  it('while tables come and go in the same slots', async () => {
    const plans = Array.from({ length: 30 }, (_, weight) =>
      planFor('n1', { n2: weight + 1, n3: 30 }),
    );
    const driver = fixture.open('n1');
    assert.deepEqual(driver.apply(plans[0]!, [segment]), []);
    const traffic = await Traffic.start(fixture.network, 'n1');
    for (let round = 0; round < 150; round++) {
      assert.deepEqual(driver.apply(plans[round % plans.length]!, [segment]), []);
      await traffic.flowing(10);
    }
    const passages = await traffic.stop();
    assert.ok(passages.every(({ host }) => host !== 'n1'));
    follow(passages, plans[0]!, plans.at(-1)!);
  });
}
