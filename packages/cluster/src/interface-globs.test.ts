import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { isInterfaceGlob, matchesInterface } from './interface-globs.ts';

describe('globs of interface names', () => {
  const cases = [
    ['eth0', 'eth0', true],
    ['eth0', 'eth01', false],
    ['eth*', 'eth0', true],
    ['eth*', 'veth0', false],
    ['en?1', 'eno1', true],
    ['en?1', 'en1', false],
    ['eth[0-2]', 'eth1', true],
    ['eth[0-2]', 'eth3', false],
    ['eth[!0-2]', 'eth3', true],
    ['bond0.*', 'bond0.100', true],
    ['bond0.*', 'bond00100', false],
    ['[^x]1', '^1', true],
  ] as const;
  for (const [glob, name, expected] of cases) {
    it(`${glob} ${expected ? 'matches' : 'does not match'} ${name}`, () => {
      assert.equal(matchesInterface([glob], name), expected);
    });
  }

  it('match if one of several does; no glob matches nothing', () => {
    assert.ok(matchesInterface(['wlan*', 'eth*'], 'eth0'));
    assert.ok(!matchesInterface([], 'eth0'));
  });

  it('are refused when they can match nothing', () => {
    for (const glob of ['', 'eth[', 'eth]', 'eth[]', 'eth[9-0]']) {
      assert.ok(!isInterfaceGlob(glob), glob);
      assert.ok(!matchesInterface([glob], glob));
    }
  });

  it('take a name without special characters for itself, and never throw', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 15 }), (name) => {
        const isPlain = name !== '' && !/[*?[\]\n\r\u2028\u2029]/u.test(name);
        if (isPlain) assert.ok(matchesInterface([name], name));
        else matchesInterface([name], name);
      }),
    );
  });
});
