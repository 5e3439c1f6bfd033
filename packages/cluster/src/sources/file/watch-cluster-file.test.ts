import assert from 'node:assert/strict';
import { mkdtemp, mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { inspect } from 'node:util';
import { cluster, pool, service } from '../../conformance/sample-objects.ts';
import { sourceConformance } from '../../conformance/source-conformance.ts';
import type { ClusterState } from '../../state.ts';
import type { SourceUpdate } from '../source.ts';
import { watchClusterFile } from './watch-cluster-file.ts';

const key = '000102030405060708090a0b0c0d0e0f';

/** JSON is YAML. */
function textOf(...objects: readonly object[]): string {
  return objects.map((object) => JSON.stringify(object)).join('\n---\n');
}

/** A directory with a cluster file that is being watched. */
class Watched implements AsyncDisposable {
  readonly directory: string;
  readonly file: string;
  readonly updates: SourceUpdate[] = [];
  readonly #end = new AbortController();
  #watching: Promise<void> = Promise.resolve();
  #wake = () => {};

  constructor(directory: string) {
    this.directory = directory;
    this.file = join(directory, 'cluster.yaml');
  }

  static async in(prepare: (directory: string) => Promise<unknown>): Promise<Watched> {
    const directory = await mkdtemp(join(tmpdir(), 'fairlead-cluster-'));
    await writeFile(join(directory, 'membership.key'), key, { mode: 0o600 });
    await prepare(directory);
    return new Watched(directory);
  }

  /** `recheckMs` is beyond the test's patience, so that only events can bring an update. */
  watch(onUpdate?: (update: SourceUpdate) => void): this {
    const tell = (update: SourceUpdate) => {
      this.updates.push(update);
      onUpdate?.(update);
      this.#wake();
    };
    const options = { quietMs: 5, recheckMs: 60_000 };
    this.#watching = watchClusterFile(this.file, tell, this.#end.signal, options);
    return this;
  }

  /** Puts a new file in the place of the old one, so that nobody sees half of it. */
  async replace(text: string): Promise<void> {
    await writeFile(`${this.file}~`, text);
    await rename(`${this.file}~`, this.file);
  }

  async until(what: string, condition: (update: SourceUpdate) => boolean): Promise<SourceUpdate> {
    const deadline = AbortSignal.timeout(5000);
    for (;;) {
      const newest = this.updates.at(-1);
      if (newest !== undefined && condition(newest)) return newest;
      if (deadline.aborted) throw new Error(`no update with ${what}: ${inspect(newest)}`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        deadline.addEventListener('abort', () => resolve(), { once: true });
      });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort();
    await this.#watching;
    await rm(this.directory, { recursive: true });
  }
}

const write = (text: string) => (directory: string) =>
  writeFile(join(directory, 'cluster.yaml'), text);

const serviceCount = (count: number) => (update: SourceUpdate) =>
  update.problems.length === 0 && update.state?.services.length === count;

sourceConformance('a watched file', async () => {
  const watched = await Watched.in(write(textOf(cluster())));
  let listener: ((state: ClusterState) => void) | undefined;
  watched.watch(({ state }) => {
    if (state !== undefined) listener?.(state);
  });
  return {
    put: (objects) => writeFile(watched.file, textOf(cluster(), ...objects)),
    subscribe: (onState) => {
      listener = onState;
      const state = watched.updates.at(-1)?.state;
      if (state !== undefined) onState(state);
    },
    [Symbol.asyncDispose]: () => watched[Symbol.asyncDispose](),
  };
});

describe('a watched cluster file', () => {
  it('is read at once, with the keys beside it', async () => {
    await using watched = await Watched.in(write(textOf(cluster('edge'), service('web'))));
    const update = await watched.watch().until('a Service', serviceCount(1));
    assert.equal(update.state?.clusterId, 'edge');
    assert.deepEqual(
      update.keys.map((one) => one.reveal().toHex()),
      [key],
    );
  });

  it('is read again when it is written in place', async () => {
    await using watched = await Watched.in(write(textOf(cluster(), service('web'))));
    await watched.watch().until('one', serviceCount(1));
    await writeFile(watched.file, textOf(cluster(), service('web'), service('dns')));
    await watched.until('two', serviceCount(2));
  });

  it('is read again when an editor puts a new file in its place', async () => {
    await using watched = await Watched.in(write(textOf(cluster(), service('web'))));
    await watched.watch().until('one', serviceCount(1));
    for (const count of [2, 3]) {
      const services = Array.from({ length: count }, (_, index) => service(`s${index}`));
      await watched.replace(textOf(cluster(), ...services));
      await watched.until(`${count}`, serviceCount(count));
    }
  });

  it('is read again when a link is turned, as in a mounted ConfigMap', async () => {
    const version = async (directory: string, name: string, text: string) => {
      await mkdir(join(directory, name));
      await writeFile(join(directory, name, 'cluster.yaml'), text);
      await symlink(name, join(directory, '..data~'));
      await rename(join(directory, '..data~'), join(directory, '..data'));
    };
    // The key is elsewhere, so that its directory is not the one in which the link is turned.
    await using keys = await Watched.in(async () => {});
    const head = cluster('test', join(keys.directory, 'membership.key'));
    await using watched = await Watched.in(async (directory) => {
      await version(directory, '..1', textOf(head));
      await symlink('..data/cluster.yaml', join(directory, 'cluster.yaml'));
    });
    await watched.watch().until('none', serviceCount(0));
    await version(watched.directory, '..2', textOf(head, service('web')));
    await watched.until('one', serviceCount(1));
    await version(watched.directory, '..3', textOf(head, service('web'), service('dns')));
    await watched.until('two', serviceCount(2));
  });

  it('is read again when what a link leads to is written', async () => {
    await using elsewhere = await Watched.in(write(textOf(cluster())));
    await using watched = await Watched.in((directory) =>
      symlink(elsewhere.file, join(directory, 'cluster.yaml')),
    );
    await watched.watch().until('none', serviceCount(0));
    for (const count of [1, 2, 3]) {
      const services = Array.from({ length: count }, (_, index) => service(`s${index}`));
      await writeFile(elsewhere.file, textOf(cluster(), ...services));
      await watched.until(`${count}`, serviceCount(count));
    }
  });

  it('is found when it comes later', async () => {
    await using watched = await Watched.in(async () => {});
    const missing = await watched.watch().until('a problem', ({ problems }) => problems.length > 0);
    assert.equal(missing.state, undefined);
    assert.equal(missing.problems[0]?.object, 'File/cluster.yaml');
    assert.match(missing.problems[0].message, /ENOENT.*Nothing is served until then/u);
    await writeFile(watched.file, textOf(cluster(), service('web')));
    await watched.until('one', serviceCount(1));
  });

  it('leaves its last good state in force when it is deleted, until it is back', async () => {
    const text = textOf(cluster(), service('web'));
    await using watched = await Watched.in(write(text));
    const { state } = await watched.watch().until('one', serviceCount(1));
    await rm(watched.file);
    const gone = await watched.until('a problem', ({ problems }) => problems.length > 0);
    assert.equal(gone.state, state);
    assert.match(gone.problems[0]?.message ?? '', /What was last read from it is used/u);
    await writeFile(watched.file, text);
    await watched.until('one again', serviceCount(1));
  });

  it('leaves its last good state in force when it is broken, and says where', async () => {
    await using watched = await Watched.in(write(textOf(cluster(), service('web'))));
    const { state } = await watched.watch().until('one', serviceCount(1));
    await writeFile(watched.file, `${textOf(cluster())}\n---\nkind: Service\n  spec: [\n`);
    const broken = await watched.until('a problem', ({ problems }) => problems.length > 0);
    assert.equal(broken.state, state);
    assert.deepEqual(
      broken.problems.map(({ object, field }) => [object, field]),
      [['File/cluster.yaml', 'line 3, column 7']],
    );
  });

  it('leaves a pool as it was when an edit spoils it, but not a Service', async () => {
    const open = service('web');
    await using watched = await Watched.in(
      write(textOf(cluster(), pool('lan', ['192.0.2.0/28']), open)),
    );
    await watched.watch().until('one', serviceCount(1));
    const spoilt = [
      pool('lan', ['192.0.2.0/28'], { autoAsign: false }),
      service('web', { loadBalancerSourceRanges: '10.0.0.0/8' }),
    ];
    await writeFile(watched.file, textOf(cluster(), ...spoilt));
    const { state } = await watched.until('no Service', serviceCount(0));
    assert.deepEqual(
      state?.pools.map(({ name, ranges }) => [name, ranges.length]),
      [['lan', 1]],
    );
    const problems = state?.problems.map(({ object, field, message }) => [object, field, message]);
    assert.equal(problems?.length, 2);
    assert.deepEqual(problems[0]?.slice(0, 2), ['AddressPool/lan', 'spec.autoAsign']);
    assert.match(problems[0]?.[2] ?? '', /as it was before this edit is used until then/u);
    assert.deepEqual(problems[1]?.slice(0, 2), [
      'Service/default/web',
      'spec.loadBalancerSourceRanges',
    ]);
    assert.match(problems[1]?.[2] ?? '', /not served until then/u);
  });

  it('brings a new key without an edit, and keeps the last one when the key file breaks', async () => {
    await using watched = await Watched.in(write(textOf(cluster())));
    await watched.watch().until('a state', serviceCount(0));
    const keyFile = join(watched.directory, 'membership.key');
    const newKey = 'ff'.repeat(16);
    await writeFile(keyFile, `${newKey}\n${key}\n`);
    const { keys } = await watched.until('two keys', (update) => update.keys.length === 2);
    assert.deepEqual(
      keys.map((one) => one.reveal().toHex()),
      [newKey, key],
    );
    await writeFile(keyFile, 'not a key');
    const broken = await watched.until('a problem', ({ problems }) => problems.length > 0);
    assert.equal(broken.keys.length, 2);
    assert.deepEqual(
      broken.problems.map(({ object, field, value }) => [object, field, value]),
      [['Cluster/test', 'spec.keyFile', 'membership.key']],
    );
  });

  it('is looked at now and then where the file system tells nothing', async () => {
    // Nothing tells of a directory that is not there yet.
    await using watched = await Watched.in(async () => {});
    const inside = new Watched(join(watched.directory, 'later'));
    const end = new AbortController();
    const updates: SourceUpdate[] = [];
    const found = Promise.withResolvers<void>();
    const watching = watchClusterFile(
      inside.file,
      (update) => {
        updates.push(update);
        if (update.state !== undefined) found.resolve();
      },
      end.signal,
      { quietMs: 1, recheckMs: 5 },
    );
    await mkdir(inside.directory);
    await writeFile(inside.file, textOf(cluster()));
    await found.promise;
    end.abort();
    await watching;
  });

  it('tells nothing when nothing has changed', async () => {
    const text = textOf(cluster(), service('web'));
    await using watched = await Watched.in(write(text));
    await watched.watch().until('one', serviceCount(1));
    await watched.replace(text);
    await watched.replace(`${text}\n---\n${JSON.stringify(service('dns'))}`);
    await watched.until('two', serviceCount(2));
    assert.equal(watched.updates.length, 2);
  });

  it('never prints a key', async () => {
    await using watched = await Watched.in(write(textOf(cluster())));
    const update = await watched.watch().until('a state', serviceCount(0));
    const printed = [
      inspect(update, { depth: 9 }),
      JSON.stringify(update.keys),
      String(update.keys[0]),
    ];
    for (const text of printed) assert.doesNotMatch(text, new RegExp(key, 'u'));
  });
});
