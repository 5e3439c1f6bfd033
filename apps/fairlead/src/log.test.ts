import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';

test('a full disk loses words and nothing else', () => {
  const script = `
    const { createLog } = await import(${JSON.stringify(import.meta.resolve('./log.ts'))});
    const log = createLog('info', {});
    for (let line = 0; line < 3; line += 1) {
      log.info('lost');
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    console.error('alive');
  `;
  const command = `exec '${process.execPath}' --input-type=module --eval "$SCRIPT" > /dev/full`;
  const { stderr } = spawnSync('sh', ['-c', command], { env: { ...process.env, SCRIPT: script } });
  assert.match(stderr.toString(), /alive/u);
});
