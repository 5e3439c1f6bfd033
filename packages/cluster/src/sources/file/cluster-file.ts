import { basename, dirname, resolve } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { problemOf } from '../../objects/converted.ts';
import type { ServiceOptions } from '../../objects/read-options.ts';
import type { Problem } from '../../state.ts';
import type { Secret } from '../secret.ts';
import { isSameUpdate, type SourceUpdate } from '../source.ts';
import { describeFile, readText } from './files.ts';
import { errorCode, fingerprint } from './fingerprint.ts';
import { readKeyFile, type KeyFile } from './key-file.ts';
import { joinParts, type ClusterText, type PlacedReading } from './read-cluster-text.ts';
import { readPart, type PartReading } from './read-part.ts';
import { splitYaml } from './yaml-text.ts';

/** A file of thousands of objects takes seconds to read; the agent's other work shall not wait for it. */
const longestTurnMs = 20;

/** A standalone file and the key file it names, with the last good reading of each. */
export class ClusterFile {
  readonly #path: string;
  readonly #options: ServiceOptions;
  #reading: (ClusterText & { readonly ok: true }) | undefined;
  #keys: readonly Secret[] = [];
  #parts = new Map<string, PartReading>();
  #text: string | undefined;
  #textProblems: readonly Problem[] = [];
  #told: SourceUpdate | undefined;

  constructor(path: string, options: ServiceOptions) {
    this.#path = resolve(path);
    this.#options = options;
  }

  /** The files it depends on, as far as known. */
  get paths(): readonly string[] {
    return this.#reading === undefined
      ? [this.#path]
      : [this.#path, this.#keyPath(this.#reading.cluster.keyFile)];
  }

  /** A text that changes when one of the files does. */
  async fingerprint(): Promise<string> {
    return (await Promise.all(this.paths.map(fingerprint))).join('\n');
  }

  /** Reads the files; undefined if they say what they said last time. */
  async read(): Promise<SourceUpdate | undefined> {
    await this.#readText();
    const keyFile = await this.#readKeys();
    const update: SourceUpdate = {
      state: this.#reading?.state,
      keys: this.#keys,
      problems: [...this.#textProblems, ...keyFile],
    };
    if (this.#told !== undefined && isSameUpdate(this.#told, update)) return undefined;
    this.#told = update;
    return update;
  }

  async #readText(): Promise<void> {
    const fileName = basename(this.#path);
    let text: string;
    try {
      text = await readText(this.#path);
    } catch (error) {
      const message = `Cannot be read (${errorCode(error)}). Put the file there, readable for the agent.`;
      this.#fail([problemOf(`File/${fileName}`, { field: '', value: this.#path, message })]);
      return;
    }
    if (text === this.#text) return;
    const parts = await this.#readParts(text);
    const read = joinParts(parts, fileName, this.#reading?.objects ?? new Map());
    if (!read.ok) {
      this.#fail(read.problems);
      return;
    }
    this.#text = text;
    this.#reading = read;
    this.#textProblems = [];
  }

  /** Reads the parts that have changed, and lets others have their turn now and then. */
  async #readParts(text: string): Promise<readonly PlacedReading[]> {
    const known = this.#parts;
    this.#parts = new Map();
    const placed: PlacedReading[] = [];
    let turnBegan = performance.now();
    for (const part of splitYaml(text)) {
      const reading = known.get(part.text) ?? readPart(part.text, this.#options);
      this.#parts.set(part.text, reading);
      placed.push({ reading, linesBefore: part.linesBefore });
      if (performance.now() - turnBegan < longestTurnMs) continue;
      await setImmediate();
      turnBegan = performance.now();
    }
    return placed;
  }

  #fail(problems: readonly Problem[]): void {
    // Once the file is good again it is news, even if it is what it was before.
    this.#text = undefined;
    const consequence =
      this.#reading === undefined
        ? ' Nothing is served until then.'
        : ' What was last read from it is used until then.';
    this.#textProblems = problems.map((problem) => ({
      ...problem,
      message: `${problem.message}${consequence}`,
    }));
  }

  async #readKeys(): Promise<readonly Problem[]> {
    if (this.#reading === undefined) return [];
    const { keyFile, id } = this.#reading.cluster;
    const { keys, faults } = await this.#readKeyFile(keyFile);
    const consequence =
      keys.length > 0 || this.#keys.length === 0 ? '' : ' The last good key is used until then.';
    if (keys.length > 0) this.#keys = keys;
    return faults.map((fault) =>
      problemOf(id, { ...fault, message: `${fault.message}${consequence}` }),
    );
  }

  async #readKeyFile(keyFile: string): Promise<KeyFile> {
    const path = this.#keyPath(keyFile);
    try {
      const [text, { mode }] = await Promise.all([readText(path), describeFile(path)]);
      return readKeyFile(keyFile, text, Number(mode));
    } catch (error) {
      const message = `Cannot be read (${errorCode(error)}). Make it on one node with \`openssl rand -hex 32\` and copy it to all.`;
      return { keys: [], faults: [{ field: 'spec.keyFile', value: keyFile, message }] };
    }
  }

  #keyPath(keyFile: string): string {
    return resolve(dirname(this.#path), keyFile);
  }
}
