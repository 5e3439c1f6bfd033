import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { showValue } from './show-value.ts';

describe('a value in a problem', () => {
  it('is shown as it was written', () => {
    assert.equal(showValue('192.0.2.300'), '192.0.2.300');
    assert.equal(showValue(['a', 1, true]), '["a", 1, true]');
    assert.equal(showValue({ a: { b: null } }), '{a: {b: null}}');
    assert.equal(showValue(undefined), '');
  });

  it('fits on one line, whatever it is', () => {
    const loop: unknown[] = [];
    loop.push(loop);
    assert.equal(showValue(loop), '[[[[…]]]]');
    fc.assert(
      fc.property(
        fc.anything({ withBigInt: true, withDate: true, withNullPrototype: true }),
        (value) => {
          const shown = showValue(value);
          assert.ok(shown.length <= 121 && !/\p{Cc}/u.test(shown));
        },
      ),
    );
  });
});
