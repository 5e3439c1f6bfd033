import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import * as fc from 'fast-check';
import {
  address,
  announcement,
  node,
  nodeReport,
  pool,
  service,
  slice,
  type SampleObject,
} from '../conformance/sample-objects.ts';
import { deepFreeze } from '../deep-freeze.ts';
import type { ClusterState } from '../state.ts';
import { assembleState } from './assemble.ts';
import { readObject, type ClusterObject, type ClusterObjectKind } from './read-object.ts';
import { StateAssembly } from './state-assembly.ts';

const name = fc.constantFrom('a', 'b', 'c', 'd', 'e');
const second = fc.integer({ min: 0, max: 2 });
const created = (object: SampleObject, at: number): SampleObject => ({
  ...object,
  metadata: { ...object.metadata, uid: 'u', creationTimestamp: `2026-01-01T00:00:0${at}Z` },
});
const sample: fc.Arbitrary<SampleObject> = fc
  .tuple(
    fc.oneof(
      fc.record({ name, local: fc.boolean(), bad: fc.boolean() }).map(({ name, local, bad }) =>
        service(name, {
          externalTrafficPolicy: local ? 'Local' : 'Cluster',
          loadBalancerSourceRanges: bad ? ['x'] : [],
        }),
      ),
      fc
        .record({ name, of: name, host: fc.integer({ min: 1, max: 3 }), ready: fc.boolean() })
        .map(({ name, of, host, ready }) =>
          slice(
            name,
            of,
            [{ port: 80 }],
            [{ addresses: [`10.0.0.${host}`], conditions: { ready } }],
          ),
        ),
      fc
        .record({ name, host: fc.integer({ min: 1, max: 3 }) })
        .map(({ name, host }) => node(name, [address(`192.0.2.${host}`)])),
      fc.record({ name, host: fc.integer({ min: 1, max: 3 }) }).map(({ name, host }) => {
        const addresses = [`192.0.2.${host}/24`];
        return nodeReport(name, [{ name: 'eth0', mac: '52:54:00:00:00:01', addresses }]);
      }),
      fc
        .record({ name, first: fc.integer({ min: 0, max: 3 }) })
        .map(({ name, first }) => pool(name, [`192.0.2.${first}-192.0.2.4`])),
      fc
        .record({ name, pool: name })
        .map(({ name, pool }) => announcement(name, { pools: [pool] })),
    ),
    second,
  )
  .map(([object, at]) => created(object, at));

function read(object: SampleObject): ClusterObject {
  const result = readObject(object.kind as ClusterObjectKind, object, { reader: 'controller' });
  assert.ok(result.object);
  return deepFreeze(result.object);
}

type Step =
  | { readonly kind: 'set'; readonly object: ClusterObject }
  /** Of those that are there, one. */
  | { readonly kind: 'delete'; readonly which: number }
  | { readonly kind: 'look' };

const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: sample.map((each) => ({ kind: 'set' as const, object: read(each) })) },
    { weight: 1, arbitrary: fc.nat().map((which) => ({ kind: 'delete' as const, which })) },
    { weight: 2, arbitrary: fc.constant({ kind: 'look' as const }) },
  ),
  { maxLength: 40 },
);

/** Runs the steps and shows each state that was looked at, with the one that is made from nothing. */
function run(
  taken: readonly Step[],
  look: (state: ClusterState, fromNothing: ClusterState) => void,
): void {
  const assembly = new StateAssembly();
  const objects = new Map<string, ClusterObject>();
  for (const step of [...taken, { kind: 'look' as const }]) {
    if (step.kind === 'set') {
      objects.set(step.object.id, step.object);
      assembly.set(step.object);
    } else if (step.kind === 'delete') {
      const victim = [...objects.values()][step.which % Math.max(objects.size, 1)];
      if (victim === undefined) continue;
      objects.delete(victim.id);
      assembly.delete(victim);
    } else {
      const reversed = [...objects.values()].toReversed();
      look(assembly.state('c', []), assembleState('c', reversed, []));
    }
  }
}

describe('a state that is kept up to date object by object', () => {
  it('is what all objects together make at once, in whatever order they came', () => {
    fc.assert(
      fc.property(steps, (taken) => {
        run(taken, (state, fromNothing) => assert.deepEqual(state, fromNothing));
      }),
      { numRuns: 500 },
    );
  });

  it('keeps what has not changed: the same objects', () => {
    fc.assert(
      fc.property(steps, (taken) => {
        let before: ClusterState | undefined;
        run(taken, (state) => {
          if (before !== undefined) assertKept(before, state);
          before = state;
        });
      }),
      { numRuns: 500 },
    );
  });

  it('keeps an object that changed and changed back before anybody looked', () => {
    const assembly = new StateAssembly();
    const assembled = () => assembly.state('c', []).announcements[0];
    const selecting = (pool: string) => read(created(announcement('a', { pools: [pool] }), 0));
    assembly.set(selecting('b'));
    const before = assembled();
    assembly.set(selecting('c'));
    assembly.set(selecting('b'));
    assert.equal(assembled(), before);
  });

  it('is the same state where nothing has changed', () => {
    const assembly = new StateAssembly();
    const problems: never[] = [];
    assembly.set(read(created(service('a'), 0)));
    const state = assembly.state('c', problems);
    assembly.set(read(created(service('a'), 0)));
    assembly.delete({ kind: 'Node', id: 'Node/none' });
    assert.equal(assembly.state('c', problems), state);
    assembly.set(read(created(service('b'), 0)));
    assert.notEqual(assembly.state('c', problems), state);
  });
});

it('of pools that were made in the same second the first by name keeps what they share', () => {
  const pools = ['b', 'a'].map((each) => read(created(pool(each, ['192.0.2.0/28']), 0)));
  const [a, b] = assembleState('c', pools, []).pools;
  assert.deepEqual([a?.name, a?.ranges.length, b?.name, b?.ranges.length], ['a', 1, 'b', 0]);
});

function assertKept(before: ClusterState, now: ClusterState): void {
  for (const list of ['services', 'nodes', 'pools', 'announcements'] as const) {
    for (const item of now[list]) {
      const old = before[list].find((each) => isDeepStrictEqual(each, item));
      assert.ok(old === undefined || old === item, `${list}: made anew without need`);
    }
  }
}
