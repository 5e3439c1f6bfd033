import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KubeClient } from '../client/kube-client.ts';
import { resources } from '../client/resources.ts';
import { FakeTransport, refusal, reply } from '../testing/fake-transport.ts';
import { settle, VirtualClock } from '../testing/virtual-clock.ts';
import { ConnectionError } from '../transport/errors.ts';
import { ReachabilityProbe } from './reachability-probe.ts';

test('a failure is told when it begins, and when it comes to be another one', async () => {
  const outcomes = [429, 429, 0, 0, 503, 200, 0, 200];
  const transport = new FakeTransport((request) => {
    const code = outcomes.shift() ?? 200;
    if (code === 0) throw new ConnectionError(request, 'refused');
    return code === 200
      ? reply(200, { metadata: { resourceVersion: '1' }, items: [] })
      : refusal(code, 'Failed');
  });
  const clock = new VirtualClock();
  const client = new KubeClient(transport, { fieldManager: 'test', clock });
  const told: string[] = [];
  const probe = new ReachabilityProbe({
    client,
    resource: resources.nodes,
    random: () => 0,
    onChange: (state) => told.push(state.reachable ? 'back' : state.error.message),
  });
  const stop = new AbortController();
  const running = probe.run(stop.signal);
  while (outcomes.length > 0) {
    await settle();
    clock.advance(10_000);
  }
  await settle();
  stop.abort();
  await running;
  assert.deepEqual(
    told.map((text) => /429|refused|503|back/u.exec(text)?.[0]),
    ['429', 'refused', '503', 'back', 'refused', 'back'],
  );
});
