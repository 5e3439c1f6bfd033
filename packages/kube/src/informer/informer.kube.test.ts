import assert from 'node:assert/strict';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import type { FaultProxy, KubernetesControlPlane } from '@fairlead/lab/kubernetes';
import type { ConfigMap } from 'kubernetes-types/core/v1.d.ts';
import { KubeClient } from '../client/kube-client.ts';
import { resources } from '../client/resources.ts';
import { objectKey } from '../object-key.ts';
import { clientOf, configMaps, startCluster } from '../testing/real-cluster.ts';
import { until } from '../testing/until.ts';
import { ApiError } from '../transport/errors.ts';
import { fileIdentity } from '../transport/identity.ts';
import { WatchedFile } from '../transport/watched-file.ts';
import type { InformerOptions } from './informer-options.ts';
import { Informer } from './informer.ts';
import type { InformerProblem } from './problem.ts';
import { ReachabilityProbe, type Reachability } from './reachability-probe.ts';

const namespace = 'default';
let cluster: KubernetesControlPlane;
let proxy: FaultProxy;
/** Not through the proxy. */
let direct: KubeClient;
let number = 0;

before(async () => {
  cluster = await startCluster();
  proxy = await cluster.startProxy('faults');
  direct = clientOf(cluster);
});
afterEach(async () => await proxy.restore());
after(async () => {
  direct[Symbol.dispose]();
  await cluster[Symbol.asyncDispose]();
});

interface Options extends Partial<InformerOptions<ConfigMap, string, never>> {
  readonly probed?: boolean;
  readonly probeTimeoutMs?: number;
}

/** An informer that gets everything through the proxy. */
function follow({ probed = false, probeTimeoutMs = 500, ...options }: Options = {}) {
  const client = options.client ?? clientOf(cluster, undefined, proxy.server);
  const problems: InformerProblem[] = [];
  const reachability: Reachability[] = [];
  const probe = probed
    ? new ReachabilityProbe({
        client,
        resource: resources.namespaces,
        random: Math.random,
        everyMs: 300,
        timeoutMs: probeTimeoutMs,
        onChange: (state) => reachability.push(state),
      })
    : undefined;
  const informer = new Informer<ConfigMap, string>({
    client,
    resource: configMaps,
    namespace,
    project: ({ data }) => data?.['value'] ?? '',
    random: Math.random,
    onProblem: (problem) => problems.push(problem),
    probe,
    // Not the seconds that are kind to a server.
    backoff: { initialMs: 50, maximumMs: 500, factor: 2, jitter: 0.5 },
    ...options,
  });
  const stopping = new AbortController();
  const running = Promise.all([informer.run(stopping.signal), probe?.run(stopping.signal)]);
  return {
    informer,
    problems,
    reachability,
    [Symbol.asyncDispose]: async () => {
      stopping.abort();
      await running;
      client[Symbol.dispose]();
    },
  };
}

/** Something is added, changed and removed. */
async function change(): Promise<void> {
  number += 1;
  const metadata = (name: string) => ({ name, namespace });
  await direct.create(configMaps, { metadata: metadata(`new-${number}`), data: { value: '0' } });
  await direct.apply(configMaps, { metadata: metadata('kept'), data: { value: String(number) } });
  await direct.delete(configMaps, { namespace, name: `new-${number - 1}` });
}

/** The view is what the server has. */
async function agrees(informer: Informer<ConfigMap, string>, deadlineMs?: number): Promise<void> {
  await until(
    'the view is what the server has',
    async () => {
      const { items } = await direct.listPage(configMaps, { namespace });
      const there = items.map(({ metadata, data }): [string, string] => [
        objectKey({ namespace, name: metadata?.name ?? '' }),
        data?.['value'] ?? '',
      ]);
      try {
        assert.deepEqual(new Map(informer.entries()), new Map(there));
        return true;
      } catch {
        return false;
      }
    },
    deadlineMs,
  );
}

const kinds = (problems: readonly InformerProblem[]): string[] => [
  ...new Set(problems.map(({ kind }) => kind)),
];
const watches = async (): Promise<string[]> =>
  (await proxy.requests()).map(({ path }) => path).filter((path) => path.includes('watch=true'));

test('follows; in quiet times it asks for nothing', async () => {
  await proxy.requests();
  await using f = follow();
  await f.informer.whenSynced(AbortSignal.timeout(5_000));
  await change();
  await agrees(f.informer);
  await change();
  await agrees(f.informer);
  const asked = await watches();
  assert.equal(asked.length, 1, 'everything came by one request');
  assert.match(asked[0] ?? '', /sendInitialEvents=true/u);
  assert.deepEqual(f.problems, []);
});

test('cut: goes on from where it was', async () => {
  await using f = follow();
  await f.informer.whenSynced(AbortSignal.timeout(5_000));
  await proxy.cut();
  await change();
  await until('it notices', () => f.problems.length > 0);
  await proxy.restore();
  await proxy.requests();
  await agrees(f.informer);
  assert.deepEqual(kinds(f.problems), ['disconnected']);
  for (const path of await watches()) assert.match(path, /resourceVersion=\d+/u);
});

test('half-open: silence is noticed, and so is a change meanwhile', async () => {
  await using f = follow({ silenceMs: 1_000 });
  await f.informer.whenSynced(AbortSignal.timeout(5_000));
  await proxy.freeze();
  await change();
  await agrees(f.informer);
  const [problem] = f.problems;
  assert.ok(problem?.kind === 'disconnected' && /silent for 1000 ms/u.test(problem.error.message));
});

test('half-open: the probe notices long before the watch would', async () => {
  // Patient enough to fail but once.
  await using f = follow({ probed: true, probeTimeoutMs: 2_000 });
  await f.informer.whenSynced(AbortSignal.timeout(5_000));
  await until('the probe asks', () => f.informer.ageMs < 300);
  await proxy.freeze();
  await change();
  await agrees(f.informer);
  assert.deepEqual(
    f.reachability.map(({ reachable }) => reachable),
    [false, true],
  );
});

test('nothing answers at all: the view grows old, and is fresh again soon after', async (t) => {
  await using f = follow({ probed: true, silenceMs: 1_000 });
  await until('it is fresh', () => f.informer.ageMs < 500);
  await proxy.silence();
  await change();
  await until('it is old', () => f.informer.ageMs > 2_500);
  await proxy.restore();
  const restoredMs = performance.now();
  await agrees(f.informer);
  await until('it is fresh', () => f.informer.ageMs < 1_000);
  t.diagnostic(`fresh ${Math.round(performance.now() - restoredMs)} ms after it was restored`);
});

test('delayed: the view says how old it is', async () => {
  await using f = follow({ probed: true });
  await until('it is fresh', () => f.informer.ageMs < 500);
  await proxy.delay(1_000);
  await change();
  await agrees(f.informer);
  await until('it counts as old', () => f.informer.ageMs > 1_500);
  await proxy.restore();
  await until('it is fresh', () => f.informer.ageMs < 500);
});

for (const [status, retryAfterSeconds] of [
  [500, undefined],
  [429, 1],
  [409, undefined],
  [401, undefined],
] as const) {
  test(`${status} at the start and later`, async () => {
    const rule = { status, retryAfterSeconds, path: 'configmaps', times: 2 };
    await proxy.refuse(rule);
    await using f = follow();
    await agrees(f.informer);
    await proxy.refuse(rule);
    await proxy.cut();
    await change();
    // Commands are not rules: what was refused stays refused.
    await until('it notices', () => f.problems.length > 2);
    await proxy.restore();
    await proxy.refuse(rule);
    await agrees(f.informer);
    const codes = f.problems.map((problem) =>
      problem.kind === 'disconnected' && problem.error instanceof ApiError ? problem.error.code : 0,
    );
    assert.ok(codes.includes(status), codes.join(', '));
  });
}

test('410 from in between: everything is read again', async () => {
  await using f = follow();
  await f.informer.whenSynced(AbortSignal.timeout(5_000));
  await proxy.cut();
  await change();
  await until('it notices', () => f.problems.length > 0);
  await proxy.restore();
  await proxy.refuse({ status: 410, path: 'configmaps', times: 1 });
  await agrees(f.informer);
  assert.deepEqual(kinds(f.problems), ['disconnected', 'expired']);
});

test('garbage within a watch: everything is read again', async () => {
  await using f = follow();
  await f.informer.whenSynced(AbortSignal.timeout(5_000));
  await proxy.garble('{"type":"MODIFIED","object":{"metada\n');
  await change();
  await agrees(f.informer);
  const [problem] = f.problems;
  assert.ok(problem?.kind === 'disconnected' && /malformed-line/u.test(problem.error.message));
});

test('a poisoned event between others', async () => {
  await using f = follow();
  await f.informer.whenSynced(AbortSignal.timeout(5_000));
  await proxy.garble('{"type":"ADDED","object":{"metadata":{"resourceVersion":"1"}}}\n');
  await change();
  await agrees(f.informer);
  assert.deepEqual(kinds(f.problems), ['unreadable']);
});

test('WatchList is refused: it lists in pages', async () => {
  await proxy.refuse({ status: 422, path: 'sendInitialEvents' });
  await proxy.requests();
  await using f = follow();
  await agrees(f.informer);
  await change();
  await agrees(f.informer);
  assert.deepEqual(kinds(f.problems), ['watch-list-refused']);
  const paths = (await proxy.requests()).map(({ path }) => path);
  assert.ok(
    paths.some((path) => path.endsWith('configmaps?limit=500')),
    paths.join('\n'),
  );
});

test('a token that runs out: the new one is read from its file', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'fairlead-token-'));
  try {
    const path = join(directory, 'token');
    const put = async (account: string): Promise<void> => {
      await cluster.kubectl(['create', 'serviceaccount', account]);
      const { stdout } = await cluster.kubectl(['create', 'token', account]);
      writeFileSync(`${path}.new`, stdout);
      renameSync(`${path}.new`, path);
    };
    await put('one');
    const client = KubeClient.connect(
      {
        server: new URL(proxy.server),
        namespace,
        certificateAuthority: new WatchedFile(cluster.certificateAuthority, 'authority'),
        identity: fileIdentity({ token: new WatchedFile(path, 'token') }, {}),
      },
      { fieldManager: 'test' },
    );
    await using f = follow({ client, probed: true });
    await agrees(f.informer);
    // Its tokens are worth nothing with it; the server remembers for 10 s that they were.
    await cluster.kubectl(['delete', 'serviceaccount', 'one']);
    const refused = (): boolean =>
      f.problems.some(
        (problem) =>
          problem.kind === 'disconnected' &&
          problem.error instanceof ApiError &&
          problem.error.code === 401,
      );
    await until(
      'the token is refused',
      async () => {
        await proxy.cut();
        await proxy.restore();
        await change();
        return refused();
      },
      30_000,
    );
    await put('two');
    await agrees(f.informer);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test('the API server is restarted: nothing is lost, and a new change is seen', async (t) => {
  await using f = follow({ probed: true });
  await agrees(f.informer);
  await cluster.killApiServer();
  await until('it notices', () => f.informer.ageMs > 1_000);
  assert.ok(f.informer.size > 0, 'the view stays');
  await cluster.startApiServer();
  const upMs = performance.now();
  await change();
  await agrees(f.informer);
  t.diagnostic(`seen ${Math.round(performance.now() - upMs)} ms after it served again`);
});

test('its version was compacted away while it was cut off: everything is read again', async () => {
  await using f = follow();
  await agrees(f.informer);
  await proxy.cut();
  await change();
  await change();
  await cluster.compact();
  // A new one's watch cache begins at the present version.
  await cluster.killApiServer();
  await cluster.startApiServer();
  await change();
  await proxy.restore();
  await agrees(f.informer, 40_000);
  assert.deepEqual(kinds(f.problems), ['disconnected', 'expired']);
});
