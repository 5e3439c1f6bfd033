import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { hash32 } from './hash32.ts';
import {
  rendezvousKey,
  rendezvousScore,
  weightedRendezvousOrder,
  weightedRendezvousScore,
} from './rendezvous.ts';

const names = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 12 }), {
  minLength: 1,
  maxLength: 12,
});
const keys = fc.oneof(fc.string(), fc.integer({ min: 0, max: 0xffffffff }));
/** Two names that have the same hash, and so the same score for every key. */
const twins = ['node-53119', 'node-70603'] as const;

/** The order of candidates that all weigh the same. */
function order(key: string | number, candidates: readonly string[], weight = 1): string[] {
  return weightedRendezvousOrder(
    key,
    candidates.map((name) => ({ name, weight })),
  );
}

describe('rendezvous hashing', () => {
  it('orders candidates alike wherever it is computed', () => {
    assert.deepEqual(order('192.0.2.10', ['n1', 'n2', 'n3']), ['n3', 'n1', 'n2']);
    assert.deepEqual(order('192.0.2.10', ['n3', 'n2', 'n1']), ['n3', 'n1', 'n2']);
  });

  // Nodes of all versions agree by these: a changed line here is a broken cluster.
  const pinned = [
    [0, 'n3 n2 n1 n4 n5', 'n3 n4 n2 n5 n1'],
    [1, 'n5 n1 n2 n4 n3', 'n5 n1 n2 n4 n3'],
    [1023, 'n5 n1 n2 n4 n3', 'n5 n2 n1 n4 n3'],
    ['192.0.2.10', 'n3 n1 n2 n5 n4', 'n3 n5 n2 n4 n1'],
  ] as const;
  for (const [key, plain, weighted] of pinned) {
    it(`is stable for ever: ${key}`, () => {
      const weights = [1, 2, 3, 4, 5].map((weight) => ({ name: `n${weight}`, weight }));
      assert.equal(order(key, ['n1', 'n2', 'n3', 'n4', 'n5']).join(' '), plain);
      assert.equal(weightedRendezvousOrder(key, weights).join(' '), weighted);
    });
  }
  it('has scores that are stable for ever', () => {
    assert.equal(rendezvousScore(1, 2), 3278122630);
    assert.equal(rendezvousScore(0, 0), 1669671676);
    assert.equal(rendezvousScore(0xffffffff, 0x80000000), 3373314349);
    assert.equal(rendezvousKey('192.0.2.10'), hash32('192.0.2.10'));
    assert.equal(rendezvousKey(0x87654321), 0xf55b516b);
  });

  it('takes whole 32-bit numbers as keys only', () => {
    for (const key of [-1, 0.5, 2 ** 32, Number.NaN]) {
      assert.throws(() => order(key, ['n1']), RangeError);
    }
  });

  it('settles equal scores by name', () => {
    assert.equal(hash32(twins[0]), hash32(twins[1]));
    for (const names of [twins, twins.toReversed()]) assert.deepEqual(order('key', names), twins);
  });

  it('has no winner among nobody', () => {
    assert.deepEqual(order('key', []), []);
  });

  it('keeps the order of the others when one goes', () => {
    fc.assert(
      fc.property(keys, names, fc.nat(), (key, candidates, index) => {
        const gone = candidates[index % candidates.length];
        const rest = candidates.filter((name) => name !== gone);
        const expected = order(key, candidates).filter((name) => name !== gone);
        assert.deepEqual(order(key, rest), expected);
      }),
    );
  });

  for (const count of [2, 3, 10, 50]) {
    it(`spreads 1024 buckets evenly over ${count} nodes`, () => {
      const candidates = Array.from({ length: count }, (_, n) => `node-${n}`);
      const won = new Map(candidates.map((name) => [name, 0]));
      for (let bucket = 0; bucket < 1024; bucket++) {
        const [winner = ''] = order(bucket, candidates);
        won.set(winner, (won.get(winner) ?? 0) + 1);
      }
      const mean = 1024 / count;
      // Four standard deviations of fair dice.
      const allowed = 4 * Math.sqrt(mean * (1 - 1 / count));
      for (const [name, buckets] of won) {
        assert.ok(Math.abs(buckets - mean) < allowed, `${name}: ${buckets} of ${mean}`);
      }
    });
  }

  it('spreads what a node had evenly over the others', () => {
    const candidates = Array.from({ length: 5 }, (_, n) => `node-${n}`);
    const heirs = new Map<string, number>();
    for (let key = 0; key < 20_000; key++) {
      const [first, second] = order(key, candidates);
      if (first === 'node-0' && second) heirs.set(second, (heirs.get(second) ?? 0) + 1);
    }
    assert.equal(heirs.size, 4);
    for (const count of heirs.values()) assert.ok(Math.abs(count - 1000) < 150, `${count}`);
  });
});

describe('weighted rendezvous hashing', () => {
  const weighted = names.chain((unique) =>
    fc.tuple(
      ...unique.map((name) => fc.record({ name: fc.constant(name), weight: fc.nat({ max: 9 }) })),
    ),
  );

  it('gives each candidate its share', () => {
    const shares = [1, 2, 3, 4].map((weight) => ({ name: `n${weight}`, weight }));
    const won = new Map<string, number>();
    const rows = 20_000;
    for (let row = 0; row < rows; row++) {
      const [winner = ''] = weightedRendezvousOrder(row, shares);
      won.set(winner, (won.get(winner) ?? 0) + 1);
    }
    for (const { name, weight } of shares) {
      const share = weight / 10;
      const allowed = 4 * Math.sqrt(rows * share * (1 - share));
      assert.ok(Math.abs((won.get(name) ?? 0) - rows * share) < allowed, name);
    }
  });

  it('leaves out who has no weight', () => {
    const partakers = weightedRendezvousOrder('key', [
      { name: 'n1', weight: 0 },
      { name: 'n2', weight: 1 },
      { name: 'n3', weight: -1 },
      { name: 'n4', weight: Number.NaN },
    ]);
    assert.deepEqual(partakers, ['n2']);
  });

  it('orders equal weights by the plain score', () => {
    fc.assert(
      fc.property(keys, names, fc.integer({ min: 1, max: 9 }), (key, candidates, weight) => {
        const score = (name: string) => rendezvousScore(rendezvousKey(key), hash32(name));
        assert.deepEqual(
          order(key, candidates, weight),
          candidates.toSorted((a, b) => score(b) - score(a) || (a < b ? -1 : 1)),
        );
      }),
    );
  });

  it('orders by its score', () => {
    fc.assert(
      fc.property(keys, weighted, (key, candidates) => {
        const score = new Map(
          candidates.map(({ name, weight }) => {
            return [name, weightedRendezvousScore(rendezvousKey(key), hash32(name), weight)];
          }),
        );
        const scores = weightedRendezvousOrder(key, candidates).map((name) => score.get(name) ?? 0);
        assert.deepEqual(
          scores,
          scores.toSorted((a, b) => b - a),
        );
      }),
    );
  });

  it('moves only rows from or to the candidate whose weight changed', () => {
    fc.assert(
      fc.property(keys, weighted, fc.nat(), fc.nat({ max: 9 }), (key, before, index, weight) => {
        const changed = before[index % before.length]?.name;
        const after = before.map((each) => (each.name === changed ? { ...each, weight } : each));
        const others = (all: string[]) => all.filter((name) => name !== changed);
        const was = weightedRendezvousOrder(key, before);
        const is = weightedRendezvousOrder(key, after);
        assert.deepEqual(others(is), others(was));
        if (was[0] !== is[0]) assert.ok(was[0] === changed || is[0] === changed);
      }),
    );
  });
});
