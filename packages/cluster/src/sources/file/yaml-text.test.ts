import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { parseAllDocuments, stringify } from 'yaml';
import { readYaml, splitYaml } from './yaml-text.ts';

describe('a YAML text', () => {
  it('is taken apart at its document markers', () => {
    const text = '# head\na: 1\n---\nb: |\n  ---\n  x\n--- c\n---d: 1\n';
    assert.deepEqual(
      splitYaml(text).map((part) => [part.linesBefore, part.text]),
      [
        [0, '# head\na: 1\n'],
        [2, '---\nb: |\n  ---\n  x\n'],
        [6, '--- c\n---d: 1\n'],
      ],
    );
  });

  it('says the same in parts as in one piece', () => {
    const value = fc.jsonValue({ maxDepth: 3 });
    fc.assert(
      fc.property(
        fc.array(value, { minLength: 1, maxLength: 4 }),
        fc.boolean(),
        (values, marked) => {
          const written = values.map((one) =>
            // Without quotes the key `<<` would merge.
            stringify(one, { defaultKeyType: 'QUOTE_DOUBLE' }),
          );
          const text = `${marked ? '---\n' : ''}${written.join('---\n')}`;
          const whole = [...parseAllDocuments(text)].map((document): unknown => document.toJS());
          const parts = splitYaml(text).map((part) => readYaml(part.text));
          assert.equal(
            splitYaml(text)
              .map((part) => part.text)
              .join(''),
            text,
          );
          assert.deepEqual(
            parts.flatMap((part) => (part.ok ? part.values : ['broken'])),
            whole.filter((one) => one !== null),
          );
        },
      ),
    );
  });

  it('stays in one piece where a directive belongs to a document', () => {
    const text = '%TAG ! tag:example.com,2000:\n---\na: !x one\n---\nb: 2\n';
    assert.equal(splitYaml(text).length, 1);
    assert.deepEqual(readYaml(text), { ok: true, values: [{ a: 'one' }, { b: 2 }] });
  });

  it('that is broken has the place where', () => {
    assert.deepEqual(readYaml('a: 1\nb: "x\n'), {
      ok: false,
      line: 3,
      column: 1,
      reason: 'missing char',
    });
    assert.deepEqual(readYaml('a: 1\na: 2\n'), {
      ok: false,
      line: 2,
      column: 1,
      reason: 'duplicate key',
    });
  });

  it('that multiplies itself is refused', () => {
    const bomb = Array.from(
      { length: 9 },
      (_, n) => `a${n}: &a${n} [${`*a${n - 1},`.repeat(n ? 9 : 0)}x]`,
    );
    const read = readYaml(bomb.join('\n'));
    assert.deepEqual(read, {
      ok: false,
      line: 0,
      column: 0,
      reason: 'an alias that cannot be followed',
    });
  });
});
