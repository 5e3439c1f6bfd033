import { watch, type FSWatcher } from 'node:fs';
import { dirname } from 'node:path';
import { realPath } from './files.ts';
import { errorCode } from './fingerprint.ts';

/**
 * Tells when something happens in the directories that hold some files. Directories rather than files, as
 * editors and mounted ConfigMaps put a new file in the place of the old one. Some file systems (NFS) tell
 * nothing, so whoever uses this looks by himself now and then too.
 */
export class DirectoryWatches implements Disposable {
  readonly #onEvent: () => void;
  readonly #watchers = new Map<string, FSWatcher>();

  constructor(onEvent: () => void) {
    this.#onEvent = onEvent;
  }

  /** Watches where these files are, and where the links lead. */
  async follow(files: readonly string[]): Promise<void> {
    const directories = new Set((await Promise.all(files.map(directoriesOf))).flat());
    for (const [directory, watcher] of this.#watchers) {
      if (directories.has(directory)) continue;
      watcher.close();
      this.#watchers.delete(directory);
    }
    for (const directory of directories) {
      if (!this.#watchers.has(directory)) this.#watch(directory);
    }
  }

  [Symbol.dispose](): void {
    for (const watcher of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
  }

  #watch(directory: string): void {
    try {
      const watcher = watch(directory, { persistent: false }, () => this.#onEvent());
      watcher.on('error', () => this.#lose(directory));
      this.#watchers.set(directory, watcher);
    } catch (error) {
      // Not there, or no watches left: looking now and then has to do. Only a system error may pass.
      errorCode(error);
    }
  }

  #lose(directory: string): void {
    this.#watchers.get(directory)?.close();
    this.#watchers.delete(directory);
    this.#onEvent();
  }
}

async function directoriesOf(file: string): Promise<string[]> {
  try {
    return [dirname(file), dirname(await realPath(file))];
  } catch (error) {
    errorCode(error);
    return [dirname(file)];
  }
}
