import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ProtocolError } from '@fairlead/wire';
import * as fc from 'fast-check';
import { Attributes, encodeAttributes } from './attributes.ts';

test('an attribute is length, type, value, padding, in the order of the host', () => {
  const bytes = encodeAttributes([
    [3, 'lo'],
    [4, 1500],
  ]);
  assert.equal(bytes.toHex(), '070003006c6f000008000400dc050000');
  const attributes = new Attributes(bytes);
  assert.equal(attributes.text(3), 'lo');
  assert.equal(attributes.u32(4), 1500);
  assert.equal(attributes.u32(5), undefined);
});

test('the flags in the type field do not hide an attribute', () => {
  const nested = new Attributes(Uint8Array.fromHex('0c000280080001400000002a'));
  assert.equal(nested.nested(2)?.u32be(1), 42);
});

test('what is written is read', () => {
  const value = fc.oneof(fc.nat(), fc.uint8Array({ maxLength: 40 }));
  const attributes = fc.uniqueArray(fc.tuple(fc.integer({ min: 1, max: 0x3fff }), value), {
    selector: ([type]) => type,
  });
  fc.assert(
    fc.property(attributes, (written) => {
      const read = new Attributes(encodeAttributes([[1, written]])).nested(1);
      for (const [type, value] of written) {
        assert.deepEqual(
          typeof value === 'number' ? read?.u32(type) : Uint8Array.from(read?.bytes(type) ?? []),
          value,
        );
      }
    }),
  );
});

test('a length that is no header, or more than there is, is refused at its place', () => {
  for (const hex of ['03000100', '0000000000000000', '0900010000000000']) {
    assert.throws(
      () => new Attributes(Uint8Array.fromHex(hex), 100),
      (error) =>
        error instanceof ProtocolError &&
        error.code === 'truncated-attribute' &&
        error.offset === 100,
    );
  }
  const short = new Attributes(Uint8Array.fromHex('05000400ff000000'));
  assert.throws(() => short.u32(4), ProtocolError);
});
