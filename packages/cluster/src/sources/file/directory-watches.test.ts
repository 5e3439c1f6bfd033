import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { DirectoryWatches } from './directory-watches.ts';

const longestWaitMs = 5000;

/** `here/file` is a link to `here/link/file`, and `here/link` one to `there`. */
async function withLinks(
  body: (paths: { readonly here: string; readonly there: string }) => Promise<void>,
): Promise<void> {
  const root = await mkdtemp(join(tmpdir(), 'fairlead-watches-'));
  const [here, there] = [join(root, 'here'), join(root, 'there')];
  try {
    for (const directory of [here, there]) await mkdir(directory);
    await writeFile(join(there, 'file'), 'first');
    await symlink('../there', join(here, 'link'));
    await symlink('link/file', join(here, 'file'));
    await body({ here, there });
  } finally {
    await rm(root, { recursive: true });
  }
}

/** Resolves when the watches tell of something while the action is done, or after it. */
async function tellsOf(files: readonly string[], action: () => Promise<void>): Promise<void> {
  const told = Promise.withResolvers<void>();
  using watches = new DirectoryWatches(() => told.resolve());
  await watches.follow(files);
  await action();
  const deadline = setTimeout(() => told.reject(new Error('not told')), longestWaitMs);
  await told.promise;
  clearTimeout(deadline);
}

describe('watches of directories', () => {
  it('tell when a link in the directory of the file is turned', () =>
    withLinks(({ here }) =>
      tellsOf([join(here, 'file')], async () => {
        await symlink('../elsewhere', join(here, 'link~'));
        await rename(join(here, 'link~'), join(here, 'link'));
      }),
    ));

  it('tell when the file that a link leads to is written', () =>
    withLinks(({ here, there }) =>
      tellsOf([join(here, 'file')], () => writeFile(join(there, 'file'), 'second')),
    ));

  it('tell when a file comes that was not there', () =>
    withLinks(({ here }) =>
      tellsOf([join(here, 'later')], () => writeFile(join(here, 'later'), '')),
    ));

  it('bear with a directory that is not there', async () => {
    using watches = new DirectoryWatches(() => assert.fail('nothing can happen there'));
    await watches.follow(['/nonexistent/file']);
  });

  it('go on with another file when they are told to', () =>
    withLinks(async ({ here, there }) => {
      const told = Promise.withResolvers<void>();
      let reports = 0;
      using watches = new DirectoryWatches(() => {
        reports += 1;
        told.resolve();
      });
      await watches.follow([join(here, 'later')]);
      await watches.follow([join(there, 'file')]);
      // Others who still watch the first hear of it, so that these would have too.
      await tellsOf([join(here, 'later')], () => writeFile(join(here, 'unheard'), ''));
      assert.equal(reports, 0);
      await writeFile(join(there, 'file'), 'second');
      await told.promise;
    }));
});
