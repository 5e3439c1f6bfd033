import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mountsBelow } from './removal.ts';

const mountinfo = `22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
60 22 0:50 / /run/fairlead-lab/ab2c/n1/state/bpf rw,relatime shared:9 - bpf bpffs rw
61 60 0:51 / /run/fairlead-lab/ab2c/n1/state/bpf/a\\040b rw - tmpfs tmpfs rw
62 22 0:52 / /run/fairlead-lab/ab2cd/n1/bpf rw - bpf bpffs rw
`;

test('mounts below a directory come innermost first, and those of its namesakes not at all', () => {
  assert.deepEqual(mountsBelow('/run/fairlead-lab/ab2c', mountinfo), [
    '/run/fairlead-lab/ab2c/n1/state/bpf/a b',
    '/run/fairlead-lab/ab2c/n1/state/bpf',
  ]);
  assert.deepEqual(mountsBelow('/run/fairlead-lab/x', mountinfo), []);
});
