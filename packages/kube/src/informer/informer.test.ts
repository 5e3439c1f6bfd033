import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Node } from 'kubernetes-types/core/v1.d.ts';
import { KubeClient } from '../client/kube-client.ts';
import { resources } from '../client/resources.ts';
import { objectKey } from '../object-key.ts';
import {
  FakeAnswer,
  FakeTransport,
  refusal,
  reply,
  type Reply,
} from '../testing/fake-transport.ts';
import { VirtualClock, settle } from '../testing/virtual-clock.ts';
import { ConnectionError } from '../transport/errors.ts';
import type { ApiRequest } from '../transport/transport.ts';
import type { InformerOptions } from './informer-options.ts';
import { Informer } from './informer.ts';
import type { InformerProblem } from './problem.ts';
import { ReachabilityProbe } from './reachability-probe.ts';

interface Slim {
  readonly zone: string;
}

function node(name: string, version: number, zone = 'a'): Node {
  return {
    metadata: { name, resourceVersion: String(version), labels: { zone } },
    status: { phase: `noise ${version}` },
  };
}

const added = (object: unknown): object => ({ type: 'ADDED', object });
const modified = (object: unknown): object => ({ type: 'MODIFIED', object });
const deleted = (object: unknown): object => ({ type: 'DELETED', object });
const bookmark = (version: number, end = false): object => ({
  type: 'BOOKMARK',
  object: {
    metadata: {
      resourceVersion: String(version),
      ...(end ? { annotations: { 'k8s.io/initial-events-end': 'true' } } : {}),
    },
  },
});
const gone = { type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired' } };

/** What the nth request is answered with; the test fails where there are more. */
type Script = readonly ((request: ApiRequest) => Reply)[];

function bench(
  script: Script,
  more: Partial<InformerOptions<Node, Slim, 'zone'>> = {},
  probed = false,
) {
  const clock = new VirtualClock();
  const transport = new FakeTransport((request) => {
    if (request.path.includes('limit=1') && !request.path.includes('limit=1&continue')) {
      const probe = probes.shift() ?? 'ok';
      if (probe === 'ok') return reply(200, { metadata: { resourceVersion: '1' }, items: [] });
      if (probe === 'busy') return refusal(429, 'TooManyRequests', { 'retry-after': '7' });
      throw new ConnectionError(request, 'refused');
    }
    const next = script[asked++];
    if (next === undefined) throw new ConnectionError(request, 'nothing more in the script');
    return next(request);
  });
  let asked = 0;
  const probes: ('ok' | 'fail' | 'busy')[] = [];
  const client = new KubeClient(transport, { fieldManager: 'test', clock });
  const changes: string[] = [];
  const problems: InformerProblem[] = [];
  let syncs = 0;
  const probe = probed
    ? new ReachabilityProbe({ client, resource: resources.nodes, random: () => 0 })
    : undefined;
  const informer = new Informer<Node, Slim, 'zone'>({
    client,
    resource: resources.nodes,
    project: ({ metadata }) => ({ zone: metadata?.labels?.['zone'] ?? '' }),
    indexes: { zone: ({ zone }) => [zone] },
    onChange: (change) =>
      changes.push(
        `${change.kind} ${change.key}${change.kind === 'set' ? ` ${change.item.zone}` : ''}`,
      ),
    onSynced: () => (syncs += 1),
    onProblem: (problem) => problems.push(problem),
    probe,
    random: () => 0,
    ...more,
  });
  const stopping = new AbortController();
  const running = informer.run(stopping.signal);
  const probing = probe?.run(stopping.signal);
  return {
    clock,
    transport,
    informer,
    changes,
    problems,
    probes,
    syncs: () => syncs,
    paths: () => transport.requests.map(({ path }) => new URL(path, 'http://h').searchParams),
    [Symbol.asyncDispose]: async () => {
      stopping.abort();
      await running;
      await probing;
    },
  };
}

const stream = (...values: readonly unknown[]): [FakeAnswer, () => Reply] => {
  const answer = new FakeAnswer().write(...values);
  return [answer, () => ({ status: 200, answer })];
};

test('reads everything by the watch itself, then follows', async () => {
  const [answer, first] = stream(added(node('n1', 1)), added(node('n2', 2, 'b')));
  await using b = bench([first]);
  await settle();
  assert.equal(b.informer.synced, false);
  answer.write(bookmark(5, true));
  await b.informer.whenSynced();
  answer.write(modified(node('n1', 6, 'b')), deleted(node('n2', 7)));
  await settle();
  assert.deepEqual(b.changes, ['set n1 a', 'set n2 b', 'set n1 b', 'deleted n2']);
  assert.deepEqual(b.informer.keysBy('zone', 'b'), [objectKey({ name: 'n1' })]);
  assert.deepEqual(b.informer.get(objectKey({ name: 'n1' })), { zone: 'b' });
  assert.deepEqual(b.problems, []);
});

test('a change that the projection does not show is none', async () => {
  const [, first] = stream(added(node('n1', 1)), bookmark(1, true), modified(node('n1', 2)));
  await using b = bench([first]);
  await settle();
  assert.deepEqual(b.changes, ['set n1 a']);
});

test('where WatchList is refused it lists page by page, and does not ask for it again', async () => {
  const page = (name: string, token: string) => () =>
    reply(200, { metadata: { resourceVersion: '9', continue: token }, items: [node(name, 1)] });
  const [watch, watchReply] = stream();
  await using b = bench([
    () => refusal(422, 'Invalid'),
    page('n1', 'more'),
    page('n2', ''),
    watchReply,
    page('n1', ''),
    () => stream()[1](),
  ]);
  await settle();
  assert.ok(b.informer.synced);
  assert.deepEqual(b.changes, ['set n1 a', 'set n2 a']);
  assert.equal(b.paths()[3]?.get('resourceVersion'), '9');
  watch.write(gone);
  await b.clock.advance(1_000);
  assert.deepEqual(b.changes, ['set n1 a', 'set n2 a', 'deleted n2']);
  assert.equal(b.paths()[4]?.get('watch'), null);
});

test('a server that takes WatchList for a watch is listed, too', async () => {
  const [, first] = stream(added(node('n1', 1)));
  await using b = bench([
    () => ({ status: 200, answer: new FakeAnswer().write(added(node('n1', 1))).end() }),
    () => reply(200, { metadata: { resourceVersion: '3' }, items: [node('n1', 1)] }),
    first,
  ]);
  await settle();
  assert.ok(b.informer.synced);
  assert.deepEqual(
    b.problems.map(({ kind }) => kind),
    ['watch-list-refused'],
  );
});

test('a cut connection is taken up where it broke', async () => {
  const [answer, first] = stream(
    added(node('n1', 1)),
    bookmark(5, true),
    modified(node('n1', 8, 'b')),
  );
  const [, second] = stream(modified(node('n1', 9, 'c')));
  await using b = bench([first, second]);
  await settle();
  answer.cut();
  await b.clock.advance(200);
  assert.equal(b.paths()[1]?.get('resourceVersion'), '8');
  assert.equal(b.paths()[1]?.get('sendInitialEvents'), null);
  assert.deepEqual(b.changes, ['set n1 a', 'set n1 b', 'set n1 c']);
  assert.equal(b.syncs(), 1);
});

test('410 within a watch or instead of it: everything is read again, and what is gone is deleted', async () => {
  const [answer, first] = stream(added(node('n1', 1)), added(node('n2', 2)), bookmark(5, true));
  const [again, second] = stream(added(node('n1', 1)));
  await using b = bench([first, () => refusal(410, 'Expired'), second]);
  await b.clock.advance(20_000);
  answer.cut();
  await b.clock.advance(200);
  assert.deepEqual(b.changes, ['set n1 a', 'set n2 a']);
  assert.ok(b.informer.synced, 'the old view stays meanwhile');
  again.write(bookmark(9, true));
  await settle();
  assert.deepEqual(b.changes.slice(2), ['deleted n2']);
  assert.equal(b.syncs(), 2);
  assert.deepEqual(
    b.problems.map(({ kind }) => kind),
    ['disconnected', 'expired'],
  );
});

test('410 time and again waits longer each time', async () => {
  let reads = 0;
  const list = (): Reply => {
    reads += 1;
    return reply(200, { metadata: { resourceVersion: '1' }, items: [] });
  };
  const script = Array.from({ length: 200 }, (_, at) =>
    at % 2 === 0 ? list : () => refusal(410, 'Expired'),
  );
  await using b = bench([() => refusal(422, 'Invalid'), ...script]);
  await b.clock.advance(10_000);
  assert.ok(reads > 2 && reads < 10, `${reads} reads in 10 s`);
});

test('a malformed line: nothing is believed until everything is read again', async () => {
  const [answer, first] = stream(added(node('n1', 1)), added(node('n2', 1)), bookmark(5, true));
  const [, second] = stream(added(node('n2', 1)), bookmark(7, true));
  await using b = bench([first, second]);
  await settle();
  answer.writeText('{"type":"DELE\n');
  await b.clock.advance(200);
  assert.equal(b.paths()[1]?.get('sendInitialEvents'), 'true');
  assert.deepEqual(b.changes.slice(2), ['deleted n1']);
});

test('a poisoned object is left out, and the others are not', async () => {
  const poisoned = { metadata: { name: 'bad', resourceVersion: '2', labels: { zone: 'poison' } } };
  const [, first] = stream(
    added(node('n1', 1)),
    added({ metadata: { name: 'bad', resourceVersion: '2', labels: { zone: 'ok' } } }),
    bookmark(5, true),
    { type: 'ADDED', object: { metadata: { resourceVersion: '6' } } },
    modified(poisoned),
    modified(node('n1', 8, 'b')),
  );
  await using b = bench([first], {
    project: ({ metadata }) => {
      const zone = metadata?.labels?.['zone'] ?? '';
      if (zone === 'poison') throw new Error('poison');
      return { zone };
    },
  });
  await settle();
  assert.deepEqual(b.changes, ['set n1 a', 'set bad ok', 'deleted bad', 'set n1 b']);
  assert.deepEqual(
    b.problems.map(({ kind }) => kind),
    ['unreadable', 'unreadable'],
  );
});

test('a listener that throws does not stop the view', async () => {
  const [, first] = stream(added(node('n1', 1)), added(node('n2', 1)), bookmark(5, true));
  await using b = bench([first], {
    onChange: () => {
      throw new Error('listener');
    },
  });
  await settle();
  assert.equal(b.informer.size, 2);
  assert.deepEqual(
    b.problems.map(({ kind }) => kind),
    ['callback-failed', 'callback-failed'],
  );
});

test('refusals: back-off, or what Retry-After says where that is longer', async () => {
  await using b = bench([
    () => refusal(500, 'InternalError'),
    () => refusal(403, 'Forbidden'),
    () => refusal(429, 'TooManyRequests', { 'retry-after': '20' }),
    () => refusal(401, 'Unauthorized'),
    () => refusal(404, 'NotFound'),
    stream(bookmark(1, true))[1],
  ]);
  await b.clock.advance(60_000);
  assert.ok(b.informer.synced);
  assert.deepEqual(
    b.problems.map((problem) => (problem.kind === 'disconnected' ? problem.retryMs : problem.kind)),
    [200, 400, 20_000, 1_600, 3_200],
  );
});

test('a server that ends watches at once is not asked in a loop', async () => {
  const [, first] = stream(bookmark(1, true));
  const ended = (): Reply => ({ status: 200, answer: new FakeAnswer().end() });
  const [answer] = stream();
  await using b = bench([
    () => ({ status: 200, answer: answer.write(bookmark(1, true)).end() }),
    ...Array.from({ length: 100 }, () => ended),
    first,
  ]);
  await b.clock.advance(10_000);
  assert.ok(b.transport.requests.length < 10, `${b.transport.requests.length} requests in 10 s`);
});

test('fresh is what a question proves, and not what was under way', async () => {
  const [answer, first] = stream(bookmark(1, true));
  await using b = bench([first], {}, true);
  const ageMs = (): number => b.informer.ageMs;
  assert.equal(ageMs(), Infinity);
  await b.clock.advance(9_000);
  assert.equal(ageMs(), 9_000);
  await b.clock.advance(2_000);
  assert.equal(ageMs(), 1_000, 'the probe asked at 10 s');
  b.probes.push(...Array.from({ length: 40 }, () => 'fail' as const));
  await b.clock.advance(30_000);
  answer.write(bookmark(2));
  await settle();
  assert.ok(ageMs() >= 30_000, `${ageMs()}`);
});

test('a watch that opens only to say that its version is gone proves nothing', async () => {
  const [answer, first] = stream(bookmark(1, true));
  const [refused, second] = stream();
  const [, third] = stream();
  await using b = bench([first, second, third], {}, true);
  await b.clock.advance(19_900);
  answer.cut();
  await b.clock.advance(200);
  assert.equal(b.informer.ageMs, 0, 'the server has agreed');
  refused.write(gone);
  await settle();
  assert.equal(b.informer.ageMs, 10_100, 'the probe asked at 10 s');
});

test('when the server is back, watches from before it was away begin anew and back-offs end', async () => {
  const [, first] = stream(bookmark(1, true));
  const [, second] = stream();
  await using b = bench([first, second], {}, true);
  await b.clock.advance(5_000);
  b.probes.push('fail', 'fail', 'fail');
  await b.clock.advance(10_000);
  const watches = b.transport.requests.filter(({ longRunning }) => longRunning);
  assert.equal(watches.length, 2);
  assert.ok(b.informer.ageMs < 5_000, `${b.informer.ageMs}`);
  assert.deepEqual(b.problems, [], 'a watch that is begun anew did not fail');
});

test('a server too busy for the question is there: no watch begins anew, and it is asked when it says', async () => {
  const [, first] = stream(bookmark(1, true));
  const [, second] = stream();
  await using b = bench([first, second], {}, true);
  await b.clock.advance(5_000);
  b.probes.push('fail', 'ok', 'busy');
  await b.clock.advance(22_000);
  const asked = (watches: boolean): number =>
    b.transport.requests.filter(({ longRunning = false }) => longRunning === watches).length;
  assert.deepEqual([asked(true), asked(false)], [2, 4], 'away at 10 s, busy at 20.2 s');
  await b.clock.advance(300);
  assert.deepEqual([asked(true), asked(false)], [2, 5]);
  assert.ok(b.informer.ageMs < 300, `${b.informer.ageMs}`);
});

test('stops at once, wherever it is', async () => {
  for (const script of [
    [],
    [stream()[1]],
    [stream(bookmark(1, true))[1]],
    [(): Reply => refusal(500, '')],
  ] satisfies Script[]) {
    const b = bench(script);
    await b.clock.advance(50);
    await b[Symbol.asyncDispose]();
    assert.equal(b.clock.pending, 0);
  }
});
