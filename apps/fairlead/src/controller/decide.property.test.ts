import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AddressPool, ClusterState, PublishedStatus, ServiceKey } from '@fairlead/cluster';
import type { IpAddress } from '@fairlead/ip';
import * as fc from 'fast-check';
import { addressesAreOurs } from './findings.ts';
import { SettledServices } from './settled-services.ts';
import { StatusBook } from './status-book.ts';
import { published, service } from '../testing/sample-service.ts';
import { decide, ip, pool, stateOf } from './testing/sample-round.ts';

const names = ['a', 'b', 'c', 'd'] as const;
const pools = [
  [],
  [pool('lan', ['192.0.2.0/31'])],
  [pool('lan', ['192.0.2.0/30'])],
  [pool('lan', ['192.0.2.2-192.0.2.5']), pool('wan', ['198.51.100.1/32'])],
];

/** What edits request: nothing, or an address that others may have. */
const requests = [[], [ip('192.0.2.2')], [ip('192.0.2.3')]] as const;

/** Two request what the other two would like best: a request counts before a wish. */
const wishes = new Map(
  [
    ['c', 'a'],
    ['d', 'b'],
  ].map(([name = '', other = '']) => {
    const { changes } = decide({ pools: pools[2] ?? [], services: [service(other)] });
    const [home] = changes.get(`default/${other}` as ServiceKey)?.after.addresses ?? [];
    return [name, home === undefined ? [] : [home]] as const;
  }),
);

/** What may happen, in any order. */
type Step =
  | { readonly kind: 'create' | 'delete'; readonly name: (typeof names)[number] }
  | { readonly kind: 'edit'; readonly name: (typeof names)[number]; readonly request: number }
  | { readonly kind: 'pools'; readonly index: number }
  /** A status that waits is sent. */
  | { readonly kind: 'send'; readonly at: number }
  /** One that was sent is written, or refused; or no answer comes, whether it is written or not. */
  | {
      readonly kind: 'answer';
      readonly at: number;
      readonly written: boolean;
      readonly heard: boolean;
    }
  /** The view shows more of what has happened on the server, in its order. */
  | { readonly kind: 'see'; readonly changes: number }
  /** Another replica leads: it knows what the server has, and nothing else. */
  | { readonly kind: 'lead' };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constantFrom('create', 'delete'), name: fc.constantFrom(...names) }),
  fc.record({
    kind: fc.constant('edit' as const),
    name: fc.constantFrom(...names),
    request: fc.nat(requests.length - 1),
  }),
  fc.record({ kind: fc.constant('pools' as const), index: fc.nat(pools.length - 1) }),
  fc.record({ kind: fc.constant('send' as const), at: fc.nat(1) }),
  fc.record({
    kind: fc.constant('answer' as const),
    at: fc.nat(1),
    written: fc.constantFrom(true, true, false),
    heard: fc.constantFrom(true, true, false),
  }),
  fc.record({ kind: fc.constant('see' as const), changes: fc.nat(3) }),
  fc.constant({ kind: 'lead' as const }),
);

interface ServerObject {
  readonly status: PublishedStatus;
  readonly requestedAddresses: readonly IpAddress[];
}

/** A server, a view that lags behind it, and a leader. */
class World {
  /** In order of creation. */
  server: ReadonlyMap<ServiceKey, ServerObject> = new Map();
  writes = 0;
  #pools: readonly AddressPool[] = [];
  /** What the server had, from what the view shows to now. */
  readonly #history: ReadonlyMap<ServiceKey, ServerObject>[] = [];
  #view: ClusterState = stateOf({});
  #book = new StatusBook();
  readonly #settled = new SettledServices();
  /** Services with something to write. */
  readonly #queue = new Set<ServiceKey>();
  /** What was sent and is not answered, at most one a Service. */
  readonly #sent = new Map<ServiceKey, PublishedStatus>();
  #uids = 0;
  #timeMs = 1_000_000;

  do(one: Step): void {
    this.#timeMs += 10;
    switch (one.kind) {
      case 'create': {
        const key = `default/${one.name}` as ServiceKey;
        if (this.server.has(key)) break;
        const status = published({ uid: `uid-${this.#uids++}` });
        const requestedAddresses = wishes.get(one.name) ?? [];
        this.#change((server) => server.set(key, { status, requestedAddresses }));
        break;
      }
      case 'edit': {
        const key = `default/${one.name}` as ServiceKey;
        const before = this.server.get(key);
        if (before === undefined) break;
        const requestedAddresses = requests[one.request] ?? [];
        this.#change((server) => server.set(key, { ...before, requestedAddresses }));
        break;
      }
      case 'delete':
        this.#change((server) => server.delete(`default/${one.name}` as ServiceKey));
        break;
      case 'pools':
        this.#pools = pools[one.index] ?? [];
        break;
      case 'send':
        this.#send(one.at);
        break;
      case 'answer':
        this.#answer(one);
        break;
      case 'see':
        this.#see(one.changes);
        break;
      case 'lead':
        this.#book = new StatusBook();
        this.#queue.clear();
        this.#sent.clear();
        for (const [key, { status }] of this.server) this.#book.learn(key, status, this.#timeMs);
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
      for (const _ of names) {
        this.do({ kind: 'send', at: 0 });
        this.do({ kind: 'answer', at: 0, written: true, heard: true });
      }
    }
    this.do({ kind: 'see', changes: Infinity });
  }

  #change(how: (server: Map<ServiceKey, ServerObject>) => unknown): void {
    const server = new Map(this.server);
    how(server);
    this.server = server;
    this.#history.push(server);
  }

  #see(changes: number): void {
    const shown = this.#history.splice(0, changes).at(-1);
    const services = Array.from(shown ?? [], ([key, { status, requestedAddresses }]) => {
      return service(key.slice('default/'.length), { published: status, requestedAddresses });
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
    const known = { unseen: this.#book.unseen(), leaving: this.#book.leaving() };
    const { changes } = decide(this.#view, { ...known, settled: this.#settled });
    assert.deepEqual(decide(this.#view, known).changes, changes, 'memory makes no difference');
    for (const [key, { before, after }] of changes) {
      if (this.#book.want(key, after, before).kind !== 'nothing') this.#queue.add(key);
    }
  }

  #send(at: number): void {
    const key = [...this.#queue].filter((each) => !this.#sent.has(each))[at];
    if (key === undefined) return;
    this.#queue.delete(key);
    const due = this.#book.send(key);
    if (due === undefined) return;
    this.writes++;
    this.#sent.set(key, due.after);
  }

  #answer({ at, written, heard }: Step & { readonly kind: 'answer' }): void {
    const [key, status] = [...this.#sent][at] ?? [];
    if (key === undefined || status === undefined) return;
    this.#sent.delete(key);
    const before = this.server.get(key);
    // The server refuses what is meant for another one of the same name.
    const isTaken = written && before?.status.uid === status.uid;
    if (isTaken) this.#change((server) => server.set(key, { ...before, status }));
    if (isTaken && heard) this.#book.written(key, status, this.#timeMs);
    else this.#queue.add(key);
  }
}

test('whatever is late, lost or new: no address is held twice for long, and all comes to rest', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 20, maxLength: 80, size: 'max' }), (steps) => {
      const world = new World();
      for (const one of steps) world.do(one);
      world.settle();
      const held = [...world.server.values()].flatMap(({ status }) =>
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
  const single = step.filter(({ kind }) => kind !== 'lead');
  fc.assert(
    fc.property(fc.array(single, { minLength: 20, maxLength: 80, size: 'max' }), (steps) => {
      const world = new World();
      for (const one of steps) {
        world.do(one);
        const held = [...world.server.values()].flatMap(({ status }) => status.addresses);
        assert.equal(new Set(held).size, held.length, held.join());
      }
    }),
    { numRuns: 500 },
  );
});
