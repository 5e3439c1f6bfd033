import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AddressPool, ClusterState, PublishedStatus, ServiceKey } from '@fairlead/cluster';
import * as fc from 'fast-check';
import { addressesAreOurs } from './findings.ts';
import { SettledServices } from './settled-services.ts';
import { StatusBook } from './status-book.ts';
import { published, service } from '../testing/sample-service.ts';
import { decide, pool, stateOf } from './testing/sample-round.ts';

const names = ['a', 'b', 'c', 'd'] as const;
const pools = [
  [],
  [pool('lan', ['192.0.2.0/31'])],
  [pool('lan', ['192.0.2.0/30'])],
  [pool('lan', ['192.0.2.2-192.0.2.5']), pool('wan', ['198.51.100.1/32'])],
];

/** Two request what the other two would like best: a request counts before a wish. */
const wishes = new Map(
  [
    ['c', 'a'],
    ['d', 'b'],
  ].map(([name = '', other = '']) => {
    const { changes } = decide({ pools: pools[2] ?? [], services: [service(other)] });
    const [home] = changes.get(`default/${other}` as ServiceKey)?.after.addresses ?? [];
    return [name, { requestedAddresses: home === undefined ? [] : [home] }] as const;
  }),
);

/** What may happen, in any order. */
type Step =
  | { readonly kind: 'create' | 'delete'; readonly name: (typeof names)[number] }
  | { readonly kind: 'pools'; readonly index: number }
  /** A write that waits reaches the server, or fails. */
  | { readonly kind: 'write'; readonly at: number; readonly fails: boolean }
  /** The view shows more of what has happened on the server, in its order. */
  | { readonly kind: 'see'; readonly changes: number }
  /** Another replica leads: it knows what the server has, and nothing else. */
  | { readonly kind: 'lead' };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constantFrom('create', 'delete'), name: fc.constantFrom(...names) }),
  fc.record({ kind: fc.constant('pools' as const), index: fc.nat(pools.length - 1) }),
  fc.record({
    kind: fc.constant('write' as const),
    at: fc.nat(1),
    fails: fc.constantFrom(false, false, true),
  }),
  fc.record({ kind: fc.constant('see' as const), changes: fc.nat(3) }),
  fc.constant({ kind: 'lead' as const }),
);

/** A server, a view that lags behind it, and a leader. */
class World {
  /** In order of creation. */
  server: ReadonlyMap<ServiceKey, PublishedStatus> = new Map();
  writes = 0;
  #pools: readonly AddressPool[] = [];
  /** What the server had, from what the view shows to now. */
  readonly #history: ReadonlyMap<ServiceKey, PublishedStatus>[] = [];
  #view: ClusterState = stateOf({});
  #book = new StatusBook();
  readonly #settled = new SettledServices();
  #uids = 0;
  #timeMs = 1_000_000;

  do(one: Step): void {
    this.#timeMs += 10;
    switch (one.kind) {
      case 'create': {
        const key = `default/${one.name}` as ServiceKey;
        const uid = `uid-${this.#uids++}`;
        if (!this.server.has(key)) this.#change((server) => server.set(key, published({ uid })));
        break;
      }
      case 'delete':
        this.#change((server) => server.delete(`default/${one.name}` as ServiceKey));
        break;
      case 'pools':
        this.#pools = pools[one.index] ?? [];
        break;
      case 'write':
        this.#write(one.at, one.fails);
        break;
      case 'see':
        this.#see(one.changes);
        break;
      case 'lead':
        this.#book = new StatusBook();
        for (const [key, status] of this.server) this.#book.learn(key, status, this.#timeMs);
        break;
      default:
        one satisfies never;
    }
    this.#round();
  }

  /** Lets everything come to rest. */
  settle(): void {
    for (let round = 0; round < 10; round++) {
      this.do({ kind: 'see', changes: Infinity });
      for (let at = 0; at < names.length; at++) this.do({ kind: 'write', at: 0, fails: false });
    }
    this.do({ kind: 'see', changes: Infinity });
  }

  #change(how: (server: Map<ServiceKey, PublishedStatus>) => unknown): void {
    const server = new Map(this.server);
    how(server);
    this.server = server;
    this.#history.push(server);
  }

  #see(changes: number): void {
    const shown = this.#history.splice(0, changes).at(-1);
    const services = Array.from(shown ?? [], ([key, status]) => {
      const name = key.slice('default/'.length);
      return service(name, { published: status, ...wishes.get(name) });
    });
    if (shown === undefined) {
      this.#view = { ...this.#view, pools: this.#pools };
      return;
    }
    this.#view = stateOf({ services, pools: this.#pools });
  }

  #round(): void {
    // Of how old the view is nothing is known for long.
    this.#book.observe(this.#view, this.#timeMs - 100);
    const unseen = this.#book.unseen();
    const { changes } = decide(this.#view, { unseen, settled: this.#settled });
    assert.deepEqual(decide(this.#view, { unseen }).changes, changes, 'memory makes no difference');
    for (const [key, { before, after }] of changes) this.#book.want(key, after, before);
  }

  #write(at: number, fails: boolean): void {
    const waiting = this.#view.services.flatMap(({ key }) => {
      const due = this.#book.due(key);
      return due === undefined ? [] : [{ key, ...due }];
    });
    const one = waiting[at];
    if (one === undefined || fails) return;
    this.writes++;
    // The server refuses what is meant for another one of the same name.
    if (this.server.get(one.key)?.uid !== one.after.uid) return;
    this.#change((server) => server.set(one.key, one.after));
    this.#book.written(one.key, one.after, this.#timeMs);
  }
}

test('whatever is late, lost or new: no address is held twice for long, and all comes to rest', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 20, maxLength: 80, size: 'max' }), (steps) => {
      const world = new World();
      for (const one of steps) world.do(one);
      world.settle();
      const held = [...world.server.values()].flatMap((status) =>
        addressesAreOurs(status) ? status.addresses : [],
      );
      assert.equal(new Set(held).size, held.length, held.join());
      const { writes } = world;
      world.settle();
      assert.equal(world.writes, writes, 'at rest nothing is written');
    }),
    { numRuns: 500 },
  );
});

test('one leader never writes an address while another Service has it on the server', () => {
  const single = step.filter(({ kind }) => kind !== 'lead' && kind !== 'pools');
  fc.assert(
    fc.property(
      fc.array(single, { minLength: 20, maxLength: 80, size: 'max' }),
      fc.nat(pools.length - 1),
      (steps, index) => {
        const world = new World();
        world.do({ kind: 'pools', index });
        for (const one of steps) {
          world.do(one);
          const held = [...world.server.values()].flatMap(({ addresses }) => addresses);
          assert.equal(new Set(held).size, held.length, held.join());
        }
      },
    ),
    { numRuns: 500 },
  );
});
