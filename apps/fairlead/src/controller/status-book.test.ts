import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { PublishedStatus, ServiceKey } from '@fairlead/cluster';
import { StatusBook } from './status-book.ts';
import { published, service } from '../testing/sample-service.ts';
import { allocated, stateOf } from './testing/sample-round.ts';

const web = 'default/web' as ServiceKey;
const nothing = published();
const given = allocated(['192.0.2.100']);
const showing = (status: PublishedStatus) =>
  stateOf({ services: [service('web', { published: status })] });

describe('a status that was decided', () => {
  it('counts until the view shows it', () => {
    const book = new StatusBook();
    assert.deepEqual(book.want(web, given, nothing), { kind: 'write', delayMs: 0, first: true });
    assert.deepEqual(book.send(web), { before: nothing, after: given });
    book.observe(showing(nothing), 1_000);
    book.written(web, given, 1_000);
    assert.equal(book.send(web), undefined);
    book.observe(showing(nothing), 1_500);
    assert.deepEqual(book.unseen(), new Map([[web, given]]));
    book.observe(showing(given), 1_600);
    assert.equal(book.unseen().size, 0);
  });

  it('that changes again while it is written is written again, and nothing in between is lost', () => {
    const book = new StatusBook();
    book.want(web, given, nothing);
    const other = allocated(['192.0.2.101']);
    book.want(web, other, given);
    book.written(web, given, 1_000);
    assert.deepEqual(book.send(web), { before: given, after: other });
  });

  it('is not written where it is what the server has', () => {
    const book = new StatusBook();
    book.want(web, given, nothing);
    assert.deepEqual(book.want(web, nothing, given), { kind: 'nothing' });
    assert.equal(book.send(web), undefined);
  });

  it('counts also where it was given up while it was on its way: the server has it', () => {
    const book = new StatusBook();
    book.want(web, given, nothing);
    book.want(web, nothing, given);
    book.written(web, given, 1_000);
    book.observe(showing(nothing), 1_500);
    assert.deepEqual(book.unseen(), new Map([[web, given]]));
    book.want(web, nothing, given);
    assert.deepEqual(book.send(web), { before: given, after: nothing });
  });

  it('keeps its addresses in the name of the Service once it was sent, until a write is answered', () => {
    const book = new StatusBook();
    const leaving = () => book.leaving().get(web) ?? [];
    const other = allocated(['192.0.2.101']);
    book.want(web, other, given);
    assert.deepEqual(leaving(), given.addresses);
    book.send(web);
    // Decided back: that is written again, as the other one may arrive yet.
    assert.equal(book.want(web, given, other).kind, 'write');
    book.observe(showing(given), 1_000);
    assert.deepEqual(leaving(), other.addresses);
    const sent = book.send(web);
    assert.deepEqual(sent, { before: given, after: given });
    book.written(web, given, 1_100);
    assert.deepEqual(leaving(), []);
  });

  it('takes the place of what the server has, also while the view shows something older', () => {
    const book = new StatusBook();
    book.want(web, given, nothing);
    book.written(web, given, 1_000);
    const other = allocated(['192.0.2.101']);
    book.want(web, other, given);
    book.observe(showing(nothing), 1_500);
    assert.deepEqual(book.send(web), { before: given, after: other });
    book.want(web, nothing, other);
    book.observe(showing(nothing), 1_600);
    assert.deepEqual(book.send(web), { before: given, after: nothing });
    const foreign = allocated(['203.0.113.1']);
    book.observe(showing(foreign), 10_000);
    assert.deepEqual(book.send(web), { before: foreign, after: nothing });
  });

  it('counts until the view shows it, also where another one was wanted meanwhile', () => {
    const book = new StatusBook();
    book.want(web, given, nothing);
    book.written(web, given, 1_000);
    book.want(web, allocated(['192.0.2.101']), given);
    assert.deepEqual(book.want(web, given, nothing), { kind: 'nothing' });
    book.observe(showing(nothing), 1_500);
    assert.deepEqual(book.unseen(), new Map([[web, given]]));
    assert.equal(book.send(web), undefined);
  });

  it('can wait where only words differ', () => {
    const [condition] = given.conditions;
    assert.ok(condition !== undefined);
    const words = { ...given, conditions: [{ ...condition, message: 'after' }] };
    assert.deepEqual(new StatusBook().want(web, words, given), { kind: 'words' });
  });

  it('is forgotten with its Service, and with one of the same name', () => {
    for (const state of [stateOf({}), showing(published({ uid: 'another' }))]) {
      const book = new StatusBook();
      book.want(web, given, nothing);
      book.observe(state, 1_000);
      assert.equal(book.send(web), undefined);
    }
  });

  it('gives way to what the view shows once that is surely newer', () => {
    const book = new StatusBook();
    book.want(web, given, nothing);
    book.written(web, given, 1_000);
    const foreign = allocated(['203.0.113.1']);
    book.observe(showing(foreign), 2_000);
    assert.equal(book.unseen().size, 1);
    book.observe(showing(foreign), 10_000);
    assert.equal(book.unseen().size, 0);
  });
});

it('what somebody else wrote beside our words is none of ours', () => {
  const book = new StatusBook();
  const none = allocated([], { status: 'False', reason: 'NoAddressPool' });
  book.want(web, none, nothing);
  book.written(web, none, 1_000);
  book.observe(showing({ ...none, addresses: allocated(['203.0.113.1']).addresses }), 500);
  assert.equal(book.unseen().size, 0);
});

it('what the server told counts also for a Service that the view does not have, until that is surely newer', () => {
  const book = new StatusBook();
  book.learn(web, given, 1_000);
  book.observe(stateOf({}), 2_900);
  assert.equal(book.unseen().size, 1);
  book.observe(stateOf({}), 3_100);
  assert.equal(book.unseen().size, 0);
});

it('who writes over us again and again is answered ever more slowly', () => {
  const book = new StatusBook();
  const foreign = allocated(['203.0.113.1']);
  const delays = Array.from({ length: 12 }, (_, index) => {
    const urgency = book.want(web, given, foreign);
    book.written(web, given, index * 1_000);
    book.observe(showing(given), index * 1_000);
    return urgency.kind === 'write' ? urgency.delayMs : undefined;
  });
  assert.deepEqual(delays.slice(0, 5), [0, 0, 1_000, 2_000, 4_000]);
  assert.equal(delays.at(-1), 300_000);
  // Something else is no fight.
  const other = allocated(['192.0.2.101']);
  assert.deepEqual(book.want(web, other, given), { kind: 'write', delayMs: 0, first: true });
});

it('words that change again and again are no fight', () => {
  const book = new StatusBook();
  const [condition] = given.conditions;
  assert.ok(condition !== undefined);
  let shown = given;
  for (let nodes = 0; nodes < 12; nodes++) {
    const words = { ...given, conditions: [{ ...condition, message: `on ${nodes} nodes` }] };
    book.want(web, words, shown);
    book.written(web, words, nodes * 60_000);
    book.observe(showing(words), nodes * 60_000);
    shown = words;
  }
  const foreign = allocated(['203.0.113.1']);
  assert.deepEqual(book.want(web, shown, foreign), { kind: 'write', delayMs: 0, first: true });
});
