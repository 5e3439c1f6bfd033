import { NftablesError } from '@fairlead/linux';
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { LandDriver, type NftablesAccess } from './land-driver.ts';
import { LandError } from './land-error.ts';
import { examplePlan, pod, type ExampleService } from './testing/example-cluster.ts';

/** Lists what it was given, takes whatever is run except what is refused. */
class FakeNftables implements NftablesAccess {
  listing: string | undefined;
  refuses: RegExp | undefined;
  readonly scripts: string[] = [];
  /** Somebody else is busy, too. */
  #generation = 0;

  run(script: string): void {
    if (this.refuses?.test(script) === true) {
      throw new NftablesError('stdin:1:1-2: Error: no such thing\nquoted script', script);
    }
    this.scripts.push(script);
  }

  changeElements(): void {
    assert.fail('somebody else changes the ruleset all the time');
  }

  list(): string | undefined {
    return this.listing;
  }

  generation(): number {
    this.#generation += 2;
    return this.#generation;
  }

  watch() {
    return { mayDiffer: () => true, [Symbol.dispose]: () => undefined };
  }

  [Symbol.dispose](): void {
    this.listing = undefined;
  }
}

const services: ExampleService[] = [1, 2, 3, 4, 5, 6, 7].map((at) => ({
  name: `service-${at}`,
  addresses: [`198.51.100.${at}`],
  endpoints: [pod('10.244.1.5')],
}));

suite('land driver', () => {
  test('entries that nftables refuses are found by halving, the others are put in', () => {
    const nftables = new FakeNftables();
    nftables.refuses = /198\.51\.100\.[36] \. 6 \. 80/u;
    using driver = new LandDriver(nftables);
    const { problems } = driver.apply(examplePlan(services));
    assert.deepEqual(
      problems.map(({ object, field, value }) => [object, field, value]),
      [
        ['Service/default/service-3', 'spec.ports', 'TCP 80'],
        ['Service/default/service-6', 'spec.ports', 'TCP 80'],
      ],
    );
    assert.match(problems[0]?.message ?? '', /of 198\.51\.100\.3 .*: no such thing\. It is tried/u);
    const put = nftables.scripts.join('\n').matchAll(/([\d.]+) \. 6 \. 80 : goto/gu);
    assert.deepEqual(
      Array.from(put, ([, address]) => address?.slice(-1)),
      ['1', '2', '4', '5', '7'],
    );
  });

  test('what is refused without any entry is an error', () => {
    const nftables = new FakeNftables();
    nftables.refuses = /./u;
    using driver = new LandDriver(nftables);
    assert.throws(
      () => driver.apply(examplePlan(services)),
      (error: unknown) => error instanceof LandError && error.detail === 'no such thing',
    );
  });

  test('other errors are not taken for a refusal', () => {
    const nftables = new FakeNftables();
    nftables.run = () => {
      throw new TypeError('a mistake');
    };
    using driver = new LandDriver(nftables);
    assert.throws(() => driver.apply(examplePlan(services)), TypeError);
  });

  test('a rule that nft lists in other words is repaired once, then accepted and named', () => {
    const nftables = new FakeNftables();
    using driver = new LandDriver(nftables);
    driver.apply(examplePlan([]));
    nftables.listing = listingOf(nftables.scripts[0] ?? '').replace(
      'ct state 0x1 counter',
      'ct state invalid counter',
    );
    assert.ok(driver.apply(examplePlan([])).changes > 0);
    const { changes, problems } = driver.apply(examplePlan([]));
    assert.equal(changes, 0);
    assert.deepEqual(
      problems.map(({ value }) => value),
      ['chain guard'],
    );
    // Another edit of the same chain is one all the same.
    nftables.listing = nftables.listing.replace('ct state invalid counter', 'accept');
    assert.ok(driver.apply(examplePlan([])).changes > 0);
  });
});

/** What nft would list for a script that makes an empty table, blocks in any order. */
function listingOf(script: string): string {
  const blocks = new Map<string, string[]>();
  for (const line of script.split('\n')) {
    const [, kind, name = '', rest = ''] =
      /^add (counter|set|map|chain|rule) inet fairlead (\S+) ?(.*)$/u.exec(line) ?? [];
    if (kind === 'rule') blocks.get(`chain ${name}`)?.push(rest);
    else if (kind === 'chain') blocks.set(`chain ${name}`, hookOf(rest));
    else if (kind !== undefined) blocks.set(`${kind} ${name}`, declarationOf(rest));
  }
  const text = [...blocks].map(
    ([head, lines]) => `\t${head} {\n${lines.map((line) => `\t\t${line}\n`).join('')}\t}\n`,
  );
  const announcing = '\t\ttype ifname\n';
  return `table inet fairlead {\n${text.join('\n')}}\n`.replace(
    announcing,
    `${announcing}\t\telements = { "eth0" }\n`,
  );
}

function hookOf(rest: string): string[] {
  return rest === '' ? [] : [rest.slice(2, -2)];
}

function declarationOf(rest: string): string[] {
  return rest
    .slice(2, -2)
    .split(';')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}
