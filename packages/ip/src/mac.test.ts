import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { macFromBytes, macToBytes, parseMac, type MacAddress } from './mac.ts';

describe('a MAC address', () => {
  it('is its text in lower case', () => {
    assert.equal(parseMac('02:00:5E:10:00:fF'), '02:00:5e:10:00:ff');
  });

  it('leads to its bytes and back', () => {
    const example = '02:00:5e:10:00:ff' as MacAddress;
    assert.deepEqual(macToBytes(example), Uint8Array.of(2, 0, 0x5e, 0x10, 0, 0xff));
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 6, maxLength: 6 }), (bytes) => {
        const mac = macFromBytes(bytes);
        assert.equal(parseMac(mac), mac);
        assert.deepEqual(macToBytes(mac), bytes);
      }),
    );
  });

  const refused = ['', '02:00:5e:10:00', '02:00:5e:10:00:ff:00', '02-00-5e-10-00-ff'].concat(
    ['02005e1000ff', '2:0:5e:10:0:ff', '02:00:5e:10:00:fg', ' 02:00:5e:10:00:ff'],
    ['02:00:5e:10:00:ff\n', '02:00:5e:10:00:f', ':02:00:5e:10:00:f'],
  );
  for (const text of refused) {
    it(`is not ${JSON.stringify(text)}`, () => assert.equal(parseMac(text), undefined));
  }

  it('has six bytes', () => {
    assert.throws(() => macFromBytes(new Uint8Array(5)), /6 bytes, not 5/u);
    assert.throws(() => macFromBytes(new Uint8Array(7)), RangeError);
  });
});
