import { readFileSync, statSync } from 'node:fs';
import { ConfigurationError } from './errors.ts';

/** A file that others replace while we run: a mounted token, a rotated certificate. */
export class WatchedFile {
  readonly #path: string;
  readonly #what: string;
  #signature = '';
  #content: string | undefined;

  /** @param what it holds, for messages: the content itself never is in one */
  constructor(path: string, what: string) {
    this.#path = path;
    this.#what = what;
  }

  /**
   * What it holds now, without white space around it. A file that cannot be read for a moment keeps its last
   * content: Kubernetes swaps a symbolic link, others unlink and write.
   * @throws ConfigurationError where it was never readable
   */
  read(): string {
    try {
      const { ino, size, mtimeNs } = statSync(this.#path, { bigint: true });
      const signature = `${ino} ${size} ${mtimeNs}`;
      if (signature !== this.#signature || this.#content === undefined) {
        const content = readFileSync(this.#path, 'utf8').trim();
        // Caught between being emptied and written.
        if (content === '' && this.#content !== undefined) return this.#content;
        this.#content = content;
        this.#signature = signature;
      }
    } catch (cause) {
      if (this.#content === undefined) {
        throw new ConfigurationError(`cannot read the ${this.#what} at ${this.#path}`, { cause });
      }
    }
    return this.#content;
  }
}
