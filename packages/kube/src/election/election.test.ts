import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Lease } from 'kubernetes-types/coordination/v1.d.ts';
import { sleep, type Clock } from '../clock.ts';
import { VirtualClock, settle } from '../testing/virtual-clock.ts';
import { ApiError, ConnectionError } from '../transport/errors.ts';
import { LeaderElection, type ElectionOptions, type Leadership } from './leader-election.ts';

const request = { method: 'PUT', path: '/lease' };
const notFound = (): ApiError => new ApiError(request, 404, { reason: 'NotFound' }, undefined);
const conflict = (): ApiError => new ApiError(request, 409, { reason: 'Conflict' }, undefined);

/** One Lease on a server; how long a request takes each way, and what is lost, is up to the test. */
class LeaseServer {
  lease: Lease | undefined;
  version = 0;
  writes = 0;
  readonly clock: VirtualClock;

  constructor(clock: VirtualClock) {
    this.clock = clock;
  }

  read(): Lease {
    if (this.lease === undefined) throw notFound();
    return this.lease;
  }

  write(object: Lease, create: boolean): Lease {
    this.writes += 1;
    if (create && this.lease !== undefined) {
      throw new ApiError(request, 409, { reason: 'AlreadyExists' }, undefined);
    }
    const wanted = object.metadata?.resourceVersion;
    if (!create && wanted !== this.lease?.metadata?.resourceVersion) throw conflict();
    this.version += 1;
    const resourceVersion = String(this.version);
    this.lease = { ...object, metadata: { ...object.metadata, name: 'l', resourceVersion } };
    return this.lease;
  }
}

/** What the network does to one request. */
interface Weather {
  readonly thereMs: number;
  readonly backMs: number;
  readonly lost?: 'there' | 'back' | undefined;
}

const fair: Weather = { thereMs: 5, backMs: 5 };

function clientOf(
  server: LeaseServer,
  clock: Clock,
  weather: () => Weather,
): ElectionOptions['client'] {
  const exchange = async <T>(ask: () => T, signal: AbortSignal | undefined): Promise<T> => {
    const { thereMs, backMs, lost } = weather();
    const never = Promise.withResolvers<never>();
    // What the server does it does even if nobody waits for its answer any more.
    const answer = (async (): Promise<T> => {
      await sleep(server.clock, thereMs);
      if (lost === 'there') return await never.promise;
      let result: T;
      try {
        result = ask();
      } catch (error) {
        await sleep(server.clock, backMs);
        throw error;
      }
      await sleep(server.clock, backMs);
      return lost === 'back' ? await never.promise : result;
    })();
    answer.catch(() => undefined);
    signal?.addEventListener('abort', () =>
      never.reject(new ConnectionError(request, 'given up', signal.reason)),
    );
    return await Promise.race([answer, never.promise]);
  };
  return {
    clock,
    find: (async (_: unknown, __: unknown, options?: { signal?: AbortSignal }) => {
      try {
        return await exchange(() => server.read(), options?.signal);
      } catch (error) {
        if (error instanceof ApiError && error.notFound) return undefined;
        throw error;
      }
    }) as ElectionOptions['client']['find'],
    create: ((_: unknown, object: Lease, options?: { signal?: AbortSignal }) =>
      exchange(
        () => server.write(object, true),
        options?.signal,
      )) as ElectionOptions['client']['create'],
    replace: ((_: unknown, object: Lease, options?: { signal?: AbortSignal }) =>
      exchange(
        () => server.write(object, false),
        options?.signal,
      )) as ElectionOptions['client']['replace'],
  };
}

function candidate(
  server: LeaseServer,
  identity: string,
  weather: () => Weather = () => fair,
  clock: Clock = server.clock,
  lead: ElectionOptions['lead'] = (signal) => untilAborted(signal),
) {
  const told: Leadership[] = [];
  const failures: Error[] = [];
  const election = new LeaderElection({
    client: clientOf(server, clock, weather),
    lease: { namespace: 'x', name: 'l' },
    identity,
    random: () => 0.5,
    lead,
    onChange: (leadership) => told.push(leadership),
    onFailure: (error) => failures.push(error),
  });
  const stopping = new AbortController();
  const running = election.run(stopping.signal);
  const stop = async (): Promise<void> => {
    stopping.abort();
    const ended = running.then(() => true);
    for (let turns = 0; turns < 1_000; turns++) {
      if (await Promise.race([ended, server.clock.advance(10)])) return;
    }
    await running;
  };
  return { election, told, failures, stop };
}

function untilAborted(signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  signal.addEventListener('abort', () => resolve());
  return promise;
}

test('the first takes the lease, the second waits, and gets it at once when it is given back', async () => {
  const clock = new VirtualClock();
  const server = new LeaseServer(clock);
  const a = candidate(server, 'a');
  await clock.advance(100);
  const b = candidate(server, 'b');
  await clock.advance(60_000);
  assert.deepEqual([a.election.leading, b.election.leading], [true, false]);
  assert.deepEqual(b.told, [{ leading: false, holder: 'a' }]);
  assert.equal(server.lease?.spec?.leaseTransitions, 0);
  await a.stop();
  assert.equal(server.lease?.spec?.holderIdentity, '');
  await clock.advance(2_500);
  assert.deepEqual([b.election.leading, b.told.at(-1)], [true, { leading: true }]);
  assert.equal(server.lease?.spec?.leaseTransitions, 1);
  await b.stop();
  assert.deepEqual([a.failures, b.failures], [[], []]);
});

test('a leader writes once each two seconds and asks nothing', async () => {
  const clock = new VirtualClock();
  const server = new LeaseServer(clock);
  const a = candidate(server, 'a');
  await clock.advance(60_000);
  assert.ok(server.writes >= 29 && server.writes <= 31, `${server.writes}`);
  await a.stop();
});

test('the holder that died is waited for by our own clock, whatever time its own showed', async () => {
  const clock = new VirtualClock();
  const server = new LeaseServer(clock);
  server.write(
    {
      spec: {
        holderIdentity: 'dead',
        leaseDurationSeconds: 15,
        renewTime: '1999-01-01T00:00:00.000000Z',
        acquireTime: '2999-01-01T00:00:00.000000Z',
      },
    },
    true,
  );
  const a = candidate(server, 'a');
  await clock.advance(14_900);
  assert.equal(a.election.leading, false);
  await clock.advance(2_500);
  assert.equal(a.election.leading, true);
  await a.stop();
});

test('a leader that cannot renew is none after 10 s, goes on, and is one again', async () => {
  const clock = new VirtualClock();
  const server = new LeaseServer(clock);
  let lost: Weather['lost'];
  const terms: AbortSignal[] = [];
  const lead = (signal: AbortSignal): Promise<void> => {
    terms.push(signal);
    return untilAborted(signal);
  };
  const a = candidate(server, 'a', () => ({ ...fair, lost }), clock, lead);
  await clock.advance(4_100);
  lost = 'there';
  await clock.advance(9_800);
  assert.equal(a.election.leading, true);
  await clock.advance(300);
  assert.deepEqual([a.election.leading, terms[0]?.aborted], [false, true]);
  lost = undefined;
  await clock.advance(10_000);
  assert.equal(a.election.leading, true);
  assert.equal(terms.length, 2);
  await a.stop();
});

test('work of a lost term that does not end keeps the candidate from standing', async () => {
  const clock = new VirtualClock();
  const server = new LeaseServer(clock);
  const stuck = Promise.withResolvers<void>();
  const a = candidate(
    server,
    'a',
    () => fair,
    clock,
    () => stuck.promise,
  );
  await clock.advance(3_000);
  server.lease = {
    ...server.lease,
    spec: { holderIdentity: 'thief', leaseDurationSeconds: 15 },
    metadata: { resourceVersion: 'x' },
  };
  await clock.advance(60_000);
  assert.equal(server.lease.spec?.holderIdentity, 'thief');
  stuck.resolve();
  await clock.advance(20_000);
  assert.equal(server.lease.spec?.holderIdentity, 'a');
  await a.stop();
});

test('somebody edits the lease or deletes it: its holder stays leader', async () => {
  const clock = new VirtualClock();
  const server = new LeaseServer(clock);
  const a = candidate(server, 'a');
  await clock.advance(3_000);
  server.lease = { ...server.lease, metadata: { resourceVersion: 'edited' } };
  await clock.advance(3_000);
  assert.equal(a.election.leading, true);
  server.lease = undefined;
  await clock.advance(3_000);
  assert.equal(a.election.leading, true);
  assert.deepEqual(a.told, [{ leading: true }]);
  await a.stop();
});

test('what others put on the lease stays there: when it is taken, renewed and given back', async () => {
  const clock = new VirtualClock();
  const server = new LeaseServer(clock);
  const labels = { 'velero.io/exclude-from-backup': 'true' };
  const spec = { preferredHolder: 'b', leaseTransitions: 0 };
  server.write({ metadata: { labels }, spec }, true);
  const a = candidate(server, 'a');
  await clock.advance(3_000);
  assert.equal(a.election.leading, true);
  await a.stop();
  assert.deepEqual(
    [server.lease?.metadata?.labels, server.lease?.spec],
    [
      labels,
      {
        preferredHolder: 'b',
        holderIdentity: '',
        leaseDurationSeconds: 1,
        acquireTime: '2030-01-01T00:00:04.000000Z',
        renewTime: '2030-01-01T00:00:04.000000Z',
        leaseTransitions: 1,
      },
    ],
  );
});

test('a lease that cannot be created, as its namespace is not there: that is told, and tried again', async () => {
  const clock = new VirtualClock();
  const server = new LeaseServer(clock);
  const write = server.write.bind(server);
  server.write = () => {
    throw notFound();
  };
  const a = candidate(server, 'a');
  await clock.advance(3_000);
  assert.deepEqual(
    a.failures.map(({ message }) => message),
    ['PUT /lease: 404 NotFound', 'PUT /lease: 404 NotFound'],
  );
  server.write = write;
  await clock.advance(3_000);
  assert.equal(a.election.leading, true);
  await a.stop();
});

test('stopped in the middle of a renewal it still gives the lease back', async () => {
  const clock = new VirtualClock();
  const server = new LeaseServer(clock);
  const a = candidate(server, 'a', () => ({ thereMs: 100, backMs: 100 }));
  await clock.advance(2_650);
  await a.stop();
  assert.equal(server.lease?.spec?.holderIdentity, '');
});

test('work that fails or ends does not end the election', async () => {
  const clock = new VirtualClock();
  const server = new LeaseServer(clock);
  const a = candidate(
    server,
    'a',
    () => fair,
    clock,
    () => Promise.reject(new Error('work')),
  );
  await clock.advance(30_000);
  assert.deepEqual(
    [a.election.leading, a.failures.map(({ message }) => message)],
    [true, ['work']],
  );
  await a.stop();
});

/** A clock of a process that can be stopped: its timers come late. */
class PausableClock implements Clock {
  readonly #clock: VirtualClock;
  pausedUntilMs = 0;

  constructor(clock: VirtualClock) {
    this.#clock = clock;
  }

  nowMs(): number {
    return this.#clock.nowMs();
  }

  date(): Date {
    return this.#clock.date();
  }

  schedule(delayMs: number, callback: () => void): Disposable {
    let timer: Disposable;
    const fire = (): void => {
      const leftMs = this.pausedUntilMs - this.#clock.nowMs();
      if (leftMs > 0) timer = this.#clock.schedule(leftMs, fire);
      else callback();
    };
    timer = this.#clock.schedule(delayMs, fire);
    return { [Symbol.dispose]: () => timer[Symbol.dispose]() };
  }
}

test('whatever is late, lost or paused: never two leaders, and in fair weather one again', async () => {
  const trouble = fc.record({
    who: fc.nat(1),
    afterMs: fc.integer({ min: 1, max: 12_000 }),
    what: fc.oneof(
      fc.record({ pauseMs: fc.integer({ min: 1, max: 40_000 }) }),
      fc.record({
        weather: fc.record({
          thereMs: fc.nat(20_000),
          backMs: fc.nat(20_000),
          lost: fc.constantFrom<Weather['lost']>(undefined, 'there', 'back'),
        }),
      }),
      fc.constant({ weather: fair }),
    ),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(trouble, { maxLength: 12 }), async (troubles) => {
      const clock = new VirtualClock();
      const server = new LeaseServer(clock);
      const weathers: Weather[] = [fair, fair];
      const clocks = [new PausableClock(clock), new PausableClock(clock)];
      const both = ['a', 'b'].map((name, at) =>
        candidate(server, name, () => weathers[at] ?? fair, clocks[at]),
      );
      let changes = 0;
      const check = async (ms: number): Promise<void> => {
        for (let passed = 0; passed < ms; passed += 250) {
          await clock.advance(Math.min(250, ms - passed));
          const leaders = both.filter(({ election }) => election.leading).length;
          assert.ok(leaders <= 1, `two leaders at ${clock.nowMs()}`);
          changes += leaders;
        }
      };
      for (const { who, afterMs, what } of troubles) {
        await check(afterMs);
        const own = clocks[who];
        if ('weather' in what) weathers[who] = what.weather;
        else if (own !== undefined) own.pausedUntilMs = clock.nowMs() + what.pauseMs;
      }
      weathers.splice(0, 2, fair, fair);
      await check(100_000);
      assert.equal(both.filter(({ election }) => election.leading).length, 1);
      assert.ok(changes > 0);
      for (const { stop } of both) await stop();
      await settle();
    }),
    { numRuns: 25 },
  );
});

test('timing that cannot be safe is refused', () => {
  const server = new LeaseServer(new VirtualClock());
  const make = (timing: NonNullable<ElectionOptions['timing']>): LeaderElection =>
    new LeaderElection({
      client: clientOf(server, server.clock, () => fair),
      lease: { namespace: 'x', name: 'l' },
      identity: 'a',
      random: () => 0,
      lead: untilAborted,
      timing,
    });
  assert.throws(
    () => make({ leaseMs: 10_000, renewDeadlineMs: 10_000, retryMs: 2_000 }),
    RangeError,
  );
  assert.throws(
    () => make({ leaseMs: 15_000, renewDeadlineMs: 2_000, retryMs: 2_000 }),
    RangeError,
  );
  assert.throws(
    () => make({ leaseMs: 15_500, renewDeadlineMs: 10_000, retryMs: 2_000 }),
    RangeError,
  );
});
