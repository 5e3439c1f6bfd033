import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ProtocolError } from '@fairlead/wire';
import type { KubeObject } from '../client/resource.ts';
import { WatchDecoder } from './watch-decoder.ts';
import type { WatchEvent } from './watch-event.ts';

type Event = WatchEvent<KubeObject>;

function decode(chunks: Iterable<Uint8Array>, maximumBytes?: number): Event[] {
  const decoder = new WatchDecoder<KubeObject>(maximumBytes);
  return Array.from(chunks, (chunk) => Array.from(decoder.push(chunk))).flat();
}

const object = { metadata: { name: 'wéb', namespace: 'x', resourceVersion: '7' }, spec: { a: 1 } };
const bookmark = {
  metadata: { resourceVersion: '9', annotations: { 'k8s.io/initial-events-end': 'true' } },
};
const stream = [
  { type: 'ADDED', object },
  { type: 'MODIFIED', object },
  { type: 'DELETED', object },
  { type: 'BOOKMARK', object: bookmark },
  { type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired', message: 'too old' } },
]
  .map((event) => `${JSON.stringify(event)}\n`)
  .join('');
const expected: Event[] = [
  { kind: 'added', object },
  { kind: 'modified', object },
  { kind: 'deleted', object },
  { kind: 'bookmark', resourceVersion: '9', initialEventsEnd: true },
  {
    kind: 'error',
    status: { kind: 'Status', code: 410, reason: 'Expired', message: 'too old' },
  },
];

test('a watch as the API server sends it', () => {
  assert.deepEqual(decode([Buffer.from(stream)]), expected);
});

test('the same byte by byte, with blank lines between', () => {
  const spaced = `\r\n${stream.replaceAll('\n', '\n \n')}`;
  const bytes = Buffer.from(spaced);
  assert.deepEqual(decode(Array.from(bytes, (byte) => Uint8Array.of(byte))), expected);
});

test('however it is cut, it says the same', () => {
  const bytes = Buffer.from(stream);
  fc.assert(
    fc.property(fc.array(fc.nat(bytes.length)), (cuts) => {
      const edges = [0, ...cuts.sort((a, b) => a - b), bytes.length];
      const chunks = edges.slice(1).map((edge, at) => bytes.subarray(edges[at], edge));
      assert.deepEqual(decode(chunks), expected);
    }),
  );
});

test('bytes of a piece may be written over once it is pushed', () => {
  const decoder = new WatchDecoder<KubeObject>();
  const line = Buffer.from(`${JSON.stringify({ type: 'ADDED', object })}\n`);
  const first = Buffer.from(line.subarray(0, 20));
  assert.deepEqual([...decoder.push(first)], []);
  first.fill(0);
  assert.deepEqual([...decoder.push(line.subarray(20))], [{ kind: 'added', object }]);
});

test('an event that cannot be used does not stop the others', () => {
  const bad = [
    { type: 'ADDED', object: {} },
    { type: 'ADDED', object: { metadata: { resourceVersion: '1' } } },
    { type: 'ADDED', object: { metadata: { name: 'a' } } },
    { type: 'ADDED', object: { metadata: { name: 'a', resourceVersion: 1 } } },
    { type: 'ADDED', object: { metadata: { name: 'a', resourceVersion: '1', namespace: 2 } } },
    { type: 'toString', object },
    { type: 'BOOKMARK', object: { metadata: {} } },
  ];
  const lines = bad.map((event) => `${JSON.stringify(event)}\n`).join('');
  const events = decode([Buffer.from(lines + stream)]);
  assert.deepEqual(
    events.slice(0, bad.length).map(({ kind }) => kind),
    bad.map(() => 'unreadable'),
  );
  assert.deepEqual(events.slice(bad.length), expected);
});

test('what is no event ends the watch, and its error does not quote it', () => {
  const secret = 'c2VjcmV0';
  const lines = [
    `{"type":"ADDED","object":{"data":"${secret}"`,
    secret,
    `["${secret}"]`,
    `{"type":1,"object":{"x":"${secret}"}}`,
    `{"type":"ADDED","object":"${secret}"}`,
    'null',
  ];
  for (const line of lines) {
    assert.throws(
      () => decode([Buffer.from(`${line}\n`)]),
      (error) => error instanceof ProtocolError && !String(error.stack).includes(secret),
      line,
    );
  }
});

test('a line without end is given up', () => {
  const endless = function* (): Generator<Uint8Array> {
    for (;;) yield Buffer.alloc(100, 'x');
  };
  assert.throws(() => {
    const decoder = new WatchDecoder<KubeObject>(1_000);
    for (const chunk of endless()) for (const _ of decoder.push(chunk));
  }, /line-too-long at byte 0/u);
});

test('whatever comes: events or a ProtocolError', () => {
  const json = fc
    .record({ type: fc.constantFrom('ADDED', 'ERROR', 'BOOKMARK', 'x'), object: fc.jsonValue() })
    .map((event) => Buffer.from(`${JSON.stringify(event)}\n`));
  const hostile = fc.uint8Array({ maxLength: 60 });
  fc.assert(
    fc.property(fc.array(fc.oneof(json, hostile)), (chunks) => {
      try {
        decode(chunks, 200);
      } catch (error) {
        assert.ok(error instanceof ProtocolError, String(error));
      }
    }),
  );
});
