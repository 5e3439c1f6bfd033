import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { isMainThread, Worker, workerData } from 'node:worker_threads';
import { setRoundRobin } from './scheduling.ts';

/** SCHED_RR of /proc/[pid]/stat: fields 40 (real-time priority) and 41 (policy, 2 is round robin), counted after the name. */
function schedulingOf(thread: string): { readonly priority: number; readonly policy: number } {
  const stat = readFileSync(`/proc/${thread}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { priority: Number(fields[37]), policy: Number(fields[38]) };
}

if (isMainThread) {
  test('the calling thread alone is under SCHED_RR', async () => {
    const seen = new Int32Array(new SharedArrayBuffer(12));
    const worker = new Worker(import.meta.filename, { workerData: seen });
    await new Promise((resolve) => worker.once('exit', resolve));
    assert.deepEqual(Array.from(seen), [1, 2, 7]);
    assert.equal(schedulingOf('self').policy, 0);
  });

  test('where it is refused that is an answer, not an error', () => {
    const script = fileURLToPath(import.meta.resolve('./testdata/round-robin.ts'));
    const without = ['--bounding-set=-sys_nice', '--inh-caps=-sys_nice', process.execPath, script];
    assert.equal(execFileSync('setpriv', without, { encoding: 'utf8' }), 'false');
    assert.equal(execFileSync(process.execPath, [script], { encoding: 'utf8' }), 'true');
  });

  test('a priority that does not exist is an error', () => {
    assert.throws(() => setRoundRobin(100), { errno: 'EINVAL', message: /SCHED_RR priority 100/ });
  });
} else {
  const seen = workerData as Int32Array;
  seen[0] = setRoundRobin(7) ? 1 : 0;
  const { policy, priority } = schedulingOf('thread-self');
  seen[1] = policy;
  seen[2] = priority;
}
