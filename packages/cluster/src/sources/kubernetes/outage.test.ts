import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ApiError, ConnectionError } from '@fairlead/kube';
import { Outage } from './outage.ts';

const request = { method: 'GET', path: '/api/v1/services' };
const cut = new ConnectionError(request, 'read ECONNRESET');
const refused = (code: number): ApiError => new ApiError(request, code, {}, undefined);

/** An outage with a clock that a test moves. */
function setUp() {
  let nowMs = 0;
  let changes = 0;
  const timers: { readonly atMs: number; readonly callback: () => void }[] = [];
  const clock = {
    nowMs: () => nowMs,
    date: () => new Date(Date.UTC(2026, 0, 1) + nowMs),
    schedule: (delayMs: number, callback: () => void) => {
      const timer = { atMs: nowMs + delayMs, callback };
      timers.push(timer);
      return { [Symbol.dispose]: () => void timers.splice(timers.indexOf(timer), 1) };
    },
  };
  const outage = new Outage({ clock, server: 'https://api.test' }, () => changes++);
  const advance = (ms: number): void => {
    nowMs += ms;
    for (const timer of timers.filter(({ atMs }) => atMs <= nowMs)) timer.callback();
  };
  return { outage, advance, timers, changes: () => changes };
}

describe('an outage of the API server', () => {
  it('is told after ten seconds, with its beginning and reason, until the server answers', () => {
    const { outage, advance, changes } = setUp();
    advance(1000);
    outage.suspect(cut);
    outage.probed({ reachable: false, error: new ConnectionError(request, 'ECONNREFUSED') });
    advance(9999);
    assert.equal(outage.problem, undefined);
    const before = changes();
    advance(1);
    assert.ok(changes() > before, 'somebody is told to look');
    assert.deepEqual(outage.problem, {
      object: 'KubernetesAPI/https://api.test',
      field: '',
      value: '',
      message:
        'Has not served us since 2026-01-01T00:00:01.000Z: GET /api/v1/services: read ECONNRESET. The last known state is used until it does. See that it runs and can be reached from here.',
    });
    outage.reached(11_000);
    assert.equal(outage.problem, undefined);
  });

  it('is told also where the server refused at first, and not while it refuses', () => {
    const { outage, advance } = setUp();
    outage.probed({ reachable: false, error: refused(429) });
    advance(5000);
    outage.probed({ reachable: false, error: cut });
    advance(10_000);
    assert.match(outage.problem?.message ?? '', /ECONNRESET/u);
    outage.probed({ reachable: false, error: refused(403) });
    assert.equal(outage.problem, undefined);
  });

  it('is none where only one connection was cut, and the server answers others', () => {
    const { outage, advance, timers } = setUp();
    outage.suspect(cut);
    advance(5000);
    outage.reached(5000);
    assert.deepEqual(timers, []);
    advance(60_000);
    assert.equal(outage.problem, undefined);
  });

  it('is none where a question is still on its way', () => {
    const { outage, advance } = setUp();
    outage.suspect(cut);
    advance(10_000);
    assert.equal(outage.problem, undefined);
    outage.probed({ reachable: false, error: cut });
    assert.ok(outage.problem);
  });

  it('is not over by an answer to a question from before', () => {
    const { outage, advance } = setUp();
    advance(5000);
    outage.suspect(cut);
    outage.reached(4000);
    outage.probed({ reachable: false, error: cut });
    advance(10_000);
    assert.match(outage.problem?.message ?? '', /since 2026-01-01T00:00:05/u);
  });

  it('is credentials that are not taken, too, but not one kind that may not be read', () => {
    for (const [code, expected] of [
      [401, /Renew the credentials\./u],
      [500, /has in its log\./u],
      [403, /^$/u],
      [404, /^$/u],
      [429, /^$/u],
    ] as const) {
      const { outage, advance } = setUp();
      outage.probed({ reachable: false, error: refused(code) });
      advance(10_000);
      assert.match(outage.problem?.message ?? '', expected);
    }
  });

  it('leaves no timer behind', () => {
    const { outage, timers } = setUp();
    outage.suspect(cut);
    outage[Symbol.dispose]();
    assert.deepEqual(timers, []);
  });
});
