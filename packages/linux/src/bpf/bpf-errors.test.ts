import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BpfLoadError, PinnedMapMismatch } from './bpf-errors.ts';

test('a refused program is named, with the end of what the verifier said', () => {
  const log = Array.from({ length: 500 }, (_, line) => `${line}: r0 = 0`).join('\n');
  const messages = ["libbpf: prog 'steer': BPF program load failed: Permission denied"];
  const error = new BpfLoadError('steer.bpf.o', messages, `${log}\nR1 invalid mem access\n`);
  assert.equal(error.program, 'steer');
  assert.match(error.message, /^cannot load steer\.bpf\.o\nlibbpf: prog 'steer'/);
  assert.match(error.message, /\n499: r0 = 0\nR1 invalid mem access$/);
  assert.doesNotMatch(error.message, /\n480: /);
  assert.match(error.verifierLog, /^0: r0 = 0\n/);
});

test('a pinned map of another size is named with both', () => {
  const error = new PinnedMapMismatch('/run/maps/rows', 'max entries', 64, 128);
  assert.equal(
    error.message,
    'map pinned at /run/maps/rows has max entries 64, the object file wants 128',
  );
});
