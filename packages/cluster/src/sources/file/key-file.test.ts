import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { readKeyFile } from './key-file.ts';

const hex = '00112233445566778899aabbccddeeff';
const base64 = 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=';

const keysOf = (text: string) => {
  const { keys, faults } = readKeyFile('membership.key', text, 0o100600);
  return { keys: keys.map((key) => key.reveal().toHex()), faults };
};

describe('a key file', () => {
  it('holds one key, or two while it is being changed, in hexadecimal or base64', () => {
    assert.deepEqual(keysOf(`${hex}\n`), { keys: [hex], faults: [] });
    const both = keysOf(`# the new one signs\r\n${base64}\r\n\n  ${hex.toUpperCase()}  `);
    assert.deepEqual(both, {
      keys: ['000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f', hex],
      faults: [],
    });
  });

  it('is refused as a whole when one of its lines is no key', () => {
    const texts = [
      '',
      '# none\n',
      `${hex}\n${hex}\n${hex}`,
      `${hex}\nshort`,
      '00112233',
      'AAEC',
      'päss',
    ];
    for (const text of texts) {
      const { keys, faults } = keysOf(text);
      assert.deepEqual(keys, []);
      assert.equal(faults.length, 1);
      assert.equal(faults[0]?.field, 'spec.keyFile');
      assert.match(faults[0].message, /openssl rand -hex 32/u);
    }
  });

  it('that everybody can read is used, with a warning', () => {
    const { keys, faults } = readKeyFile('membership.key', hex, 0o100644);
    assert.equal(keys.length, 1);
    assert.match(faults[0]?.message ?? '', /chmod 600/u);
    assert.deepEqual(readKeyFile('membership.key', hex, 0o100640).faults, []);
  });

  it('never tells what it holds', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 6 }), (text) => {
        const { faults } = readKeyFile('key', `${text}\nnot a key`, 0o100644);
        for (const { value, message } of faults) {
          assert.equal(value, 'key');
          assert.ok(!message.includes(text) || 'openssl rand -hex 32'.includes(text));
        }
      }),
    );
  });
});
