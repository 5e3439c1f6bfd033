import assert from 'node:assert/strict';
import { test } from 'node:test';
import { remembered, rememberedBytes } from './remembered.ts';

test('what comes again is not made again, until there is too much of it', () => {
  const made: number[] = [];
  const double = remembered(2, (value: number) => {
    made.push(value);
    return 2 * value;
  });
  assert.deepEqual([1, 2, 1, 2].map(double), [2, 4, 2, 4]);
  assert.deepEqual(made, [1, 2]);
  assert.equal(double(3), 6);
  assert.deepEqual([3, 1].map(double), [6, 2]);
  assert.deepEqual(made, [1, 2, 3, 1]);
});

test('what cannot be made is not remembered', () => {
  const fails = remembered(2, (): string => {
    throw new RangeError('no');
  });
  assert.throws(() => fails(1), RangeError);
  assert.throws(() => fails(1), RangeError);
});

test('what was read from bytes is known again wherever they lie, and not by their copy', () => {
  const made: string[] = [];
  const hex = rememberedBytes(2, (bytes, offset) => {
    made.push(`${bytes.toHex()} at ${offset}`);
    return { text: bytes.toHex() };
  });
  const bytes = Uint8Array.of(1, 2, 1, 2, 3);
  const first = hex(bytes.subarray(0, 2), 7);
  assert.equal(hex(bytes.subarray(2, 4), 9), first);
  bytes[0] = 5;
  assert.equal(hex(bytes.subarray(0, 2)).text, '0502');
  assert.equal(hex(bytes.subarray(2, 4)), first);
  assert.equal(hex(bytes).text, '0502010203');
  assert.deepEqual(hex(Uint8Array.of(1, 2)), first);
  assert.deepEqual(made, ['0102 at 7', '0502 at 0', '0502010203 at 0', '0102 at 0']);
});

test('bytes of the same hash are told apart', () => {
  const text = rememberedBytes(9, (bytes) => new TextDecoder().decode(bytes));
  const [one, other] = ['costarring', 'liquid'].map((each) => new TextEncoder().encode(each));
  assert.ok(one && other);
  assert.deepEqual(
    [one, other, one].map((each) => text(each)),
    ['costarring', 'liquid', 'costarring'],
  );
});
