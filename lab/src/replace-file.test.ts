import assert from 'node:assert/strict';
import {
  closeSync,
  mkdtempDisposableSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { replaceFile } from './replace-file.ts';

test('whoever has the file open goes on reading what it was', () => {
  using directory = mkdtempDisposableSync(join(tmpdir(), 'replace-file-'));
  const path = join(directory.path, 'config');
  replaceFile(path, 'old', 0o600);
  const reader = openSync(path, 'r');
  try {
    replaceFile(path, 'new', 0o600);
    assert.equal(readFileSync(reader, 'utf8'), 'old');
  } finally {
    closeSync(reader);
  }
  assert.equal(readFileSync(path, 'utf8'), 'new');
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.deepEqual(readdirSync(directory.path), ['config']);
});
