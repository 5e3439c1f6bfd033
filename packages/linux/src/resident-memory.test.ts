import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseSmaps, releaseColdMemory } from './resident-memory.ts';

const smaps = `00400000-0082e000 r--p 00000000 08:01 1234                               /opt/a b/node
Size:               4280 kB
Rss:                4000 kB
Anonymous:             0 kB
AnonHugePages:         0 kB
VmFlags: rd mr mw me dw sd
7f0000000000-7f0000002000 rw-p 00000000 00:00 0
Size:                  8 kB
Rss:                   8 kB
Anonymous:             8 kB
VmFlags: rd wr mr mw me ac sd
`;

test('the mappings of a process are read with what they are of and how much was written', () => {
  assert.deepEqual(parseSmaps(smaps), [
    {
      start: 0x40_0000n,
      size: 0x42_e000,
      permissions: 'r--p',
      what: '/opt/a b/node',
      anonymousKb: 0,
    },
    {
      start: 0x7f00_0000_0000n,
      size: 0x2000,
      permissions: 'rw-p',
      what: '',
      anonymousKb: 8,
    },
  ]);
  assert.deepEqual(parseSmaps(''), []);
});

test('an amount without its mapping is an error', () => {
  assert.throws(() => parseSmaps('Anonymous: 4 kB'), SyntaxError);
});

test('a process is smaller afterwards and goes on', () => {
  const before = process.memoryUsage.rss();
  releaseColdMemory();
  const after = process.memoryUsage.rss();
  assert.ok(after < before - 10_000_000, `${before} B, then ${after} B`);
  assert.deepEqual(JSON.parse('{"a":[1,2,3]}'), { a: [1, 2, 3] });
});
