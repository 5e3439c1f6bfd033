import assert from 'node:assert/strict';
import { it } from 'node:test';
import { pool } from '../conformance/sample-objects.ts';
import { readObject } from './read-object.ts';

function read(...addresses: readonly string[]) {
  const { object, faults } = readObject('AddressPool', pool('lan', addresses), {});
  assert.ok(object?.kind === 'AddressPool');
  return { ranges: object.value.ranges, messages: faults.map(({ message }) => message) };
}

it('a range with its ends swapped is told, and used: Services may have addresses in it', () => {
  const swapped = read('2001:db8::9 - 2001:db8::1');
  const [range] = read('2001:db8::1-2001:db8::9').ranges;
  assert.deepEqual(swapped.ranges, [{ ...range, text: '2001:db8::9 - 2001:db8::1' }]);
  assert.deepEqual(swapped.messages, [
    '2001:db8::9 is behind 2001:db8::1; write 2001:db8::1-2001:db8::9. It is used with its ends in order.',
  ]);
});

it('a range that cannot be used is told, and the others are used', () => {
  const { ranges, messages } = read('192.0.2.1', 'ff02::9-ff02::1', '192.0.2.8/29');
  assert.deepEqual(
    ranges.map(({ text }) => text),
    ['192.0.2.8/29'],
  );
  for (const message of messages) assert.match(message, /not used until/u);
  assert.equal(messages.length, 2);
});
