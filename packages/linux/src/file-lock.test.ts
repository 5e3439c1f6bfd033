import assert from 'node:assert/strict';
import { mkdtempDisposableSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { FileLock } from './file-lock.ts';

test('a lock has one owner at a time, whose process id can be read', () => {
  using directory = mkdtempDisposableSync(join(tmpdir(), 'lock-'));
  const path = join(directory.path, 'agent.lock');
  const lock = FileLock.acquire(path);
  assert.ok(lock);
  assert.equal(FileLock.acquire(path), undefined);
  assert.equal(FileLock.ownerOf(path), process.pid);
  lock[Symbol.dispose]();
  lock[Symbol.dispose]();
  using again = FileLock.acquire(path);
  assert.ok(again);
});

test('a directory that is not there is an error, not a lock that is held', () => {
  assert.throws(() => FileLock.acquire('/nonexistent/agent.lock'), { code: 'ENOENT' });
});
