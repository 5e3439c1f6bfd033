import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { weightedRendezvousOrder } from '@fairlead/ip';
import * as fc from 'fast-check';
import type { Candidate } from './plan.ts';
import { NO_CANDIDATE, RowBuilder, ROWS } from './rows.ts';
import { node } from './testing/cluster.ts';

/** `n1=2 n2=1`; a weight alone is kube-proxy's. */
function candidates(text: string): Candidate[] {
  return text.split(' ').map((each) => {
    const [name = '', weight = ''] = each.split('=');
    return { node: name === '' ? undefined : node(name), weight: Number(weight) };
  });
}

/** Names of the primary and secondary of each row. */
function named(list: readonly Candidate[]) {
  const rows = new RowBuilder().build(list);
  const nameAt = (at: number) => (rows[at] === NO_CANDIDATE ? '-' : (list[rows[at]!]!.node ?? ''));
  return Array.from({ length: ROWS }, (_, row) => [nameAt(2 * row), nameAt(2 * row + 1)] as const);
}

function shares(list: readonly Candidate[]): Map<string, number> {
  const counts = Map.groupBy(named(list), ([primary]) => primary);
  return new Map(Array.from(counts, ([name, rows]) => [name, rows.length / ROWS]));
}

const names = fc.uniqueArray(fc.stringMatching(/^[a-z][.0-9a-z-]{0,11}$/u), {
  minLength: 2,
  maxLength: 6,
});
const lists = names.chain((list) =>
  fc
    .array(fc.integer({ min: 1, max: 20 }), { minLength: list.length, maxLength: list.length })
    .map((weights) =>
      list.toSorted().map((name, index) => ({ node: node(name), weight: weights[index]! })),
    ),
);

describe('rows', () => {
  it('are what rendezvous hashing of the row puts first and second', () => {
    fc.assert(
      fc.property(lists, (list) => {
        const weighted = list.map(({ node, weight }) => ({ name: node, weight }));
        named(list).forEach((row, index) => {
          if (index % 37 !== 0) return;
          assert.deepEqual(row, weightedRendezvousOrder(index, weighted).slice(0, 2));
        });
      }),
      { numRuns: 10 },
    );
  });

  // Nodes of all versions agree by these: a changed line here is a broken cluster.
  it('are stable for ever', () => {
    const rows = named(candidates('=1 n1=1 n2=2 n3=3'));
    const text = rows.slice(0, 8).map((row) => row.join('/'));
    assert.equal(text.join(' '), 'n3/n2 /n1 n3/n1 n3/ n3/n2 n1/n2 n3/n2 n1/n3');
  });

  it('share out evenly, weights honoured', () => {
    const even = shares(candidates('n1=1 n2=1 n3=1'));
    for (const share of even.values()) assert.ok(Math.abs(share - 1 / 3) < 0.02, `${share}`);
    const weighted = shares(candidates('=1 n1=1 n2=2 n3=4'));
    for (const [name, due] of [
      ['', 1 / 8],
      ['n1', 1 / 8],
      ['n2', 2 / 8],
      ['n3', 4 / 8],
    ] as const) {
      assert.ok(Math.abs(weighted.get(name)! - due) < 0.02, `${name} ${weighted.get(name)}`);
    }
  });

  it('share out evenly among ten nodes', () => {
    const ten = Array.from({ length: 10 }, (_, index) => ({ node: node(`w${index}`), weight: 3 }));
    for (const share of shares(ten).values()) assert.ok(share > 0.085 && share < 0.115, `${share}`);
  });

  it('move only from a node that goes, each to its second choice', () => {
    fc.assert(
      fc.property(lists, fc.nat(), (list, which) => {
        const gone = list[which % list.length]!;
        const rest = list.filter((each) => each !== gone);
        const after = named(rest);
        named(list).forEach(([primary, secondary], row) => {
          assert.equal(after[row]![0], primary === gone.node ? secondary : primary);
        });
      }),
      { numRuns: 10 },
    );
  });

  it('move only to or from a node whose weight changes', () => {
    fc.assert(
      fc.property(lists, fc.nat(), fc.integer({ min: 1, max: 20 }), (list, which, weight) => {
        const changed = list[which % list.length]!;
        const other = list.map((each) => (each === changed ? { ...each, weight } : each));
        const after = named(other);
        named(list).forEach(([primary], row) => {
          const now = after[row]![0];
          if (now === primary) return;
          assert.equal(weight > changed.weight ? now : primary, changed.node);
        });
      }),
      { numRuns: 10 },
    );
  });

  it('have no second choice where there is one candidate', () => {
    assert.ok(named(candidates('n1=5')).every(([a, b]) => a === 'n1' && b === '-'));
  });

  it('are the same from a builder that has forgotten nodes', () => {
    const builder = new RowBuilder();
    const list = candidates('n1=1 n2=2 n3=3');
    const before = builder.build(list);
    for (let index = 0; index < 300; index++) builder.prepare([node(`other${index}`)]);
    assert.deepEqual(builder.build(list), before);
  });
});
