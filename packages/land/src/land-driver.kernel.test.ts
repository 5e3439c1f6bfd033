import { Nftables, NftablesError } from '@fairlead/linux';
import fc from 'fast-check';
import assert from 'node:assert/strict';
import { afterEach, beforeEach, suite, test } from 'node:test';
import { LandDriver } from './land-driver.ts';
import { LandError } from './land-error.ts';
import type { LandEntry, LandPlan } from './plan.ts';
import { examplePlan, pod, type ExampleService } from './testing/example-cluster.ts';
import { landPlans, sharingEntries } from './testing/land-plans.ts';

const rich: readonly ExampleService[] = [
  { name: 'one', addresses: ['198.51.100.1'], endpoints: [pod('10.244.1.5')] },
  {
    name: 'two',
    addresses: ['198.51.100.2', '2001:db8:100::2'],
    endpoints: ['10.244.1.5', '10.244.1.6', '10.244.1.7', 'fd00:244::5', 'fd00:244::6'].map(
      (text) => pod(text),
    ),
    sourceRanges: ['203.0.113.0/24', '192.0.2.7/32', '2001:db8::/32'],
  },
  {
    name: 'three',
    addresses: ['198.51.100.3', '2001:db8:100::3'],
    endpoints: ['10.244.1.5', '10.244.1.6', 'fd00:244::6'].map((text) => pod(text)),
    affinitySeconds: 10_800,
  },
];

suite('land driver', () => {
  let driver: LandDriver;
  let nftables: Nftables;
  beforeEach(() => {
    nftables = new Nftables();
    driver = new LandDriver(new Nftables());
  });
  afterEach(() => {
    nftables.run('flush ruleset');
    nftables[Symbol.dispose]();
    driver[Symbol.dispose]();
  });
  const table = () => nftables.list('table inet fairlead', { handles: true });

  test('an unchanged plan changes nothing, nor does a new agent', () => {
    const plan = examplePlan(rich);
    assert.ok(driver.apply(plan).changes > 0);
    const handles = table();
    assert.equal(driver.apply(plan).changes, 0);
    using restarted = new LandDriver(new Nftables());
    assert.deepEqual(restarted.apply(examplePlan(rich)), { changes: 0, problems: [] });
    assert.equal(table(), handles);
  });

  test('from any plan to any other: what is there then is what was asked for', () => {
    fc.assert(
      fc.property(fc.array(landPlans, { minLength: 1, maxLength: 4 }), (each) => {
        const plans = sharingEntries(each);
        nftables.run('flush ruleset');
        for (const plan of plans) {
          assert.deepEqual(driver.apply(plan).problems, []);
          assert.equal(driver.apply(plan).changes, 0);
          // Somebody else's transaction: the table is read back.
          nftables.run('add table ip bystander');
          assert.equal(driver.apply(plan).changes, 0);
        }
        const [last] = plans.slice(-1);
        const stepByStep = nftables.list('table inet fairlead', { stateless: true });
        nftables.run('flush ruleset');
        driver.apply(last ?? assert.fail());
        assert.deepEqual(
          sorted(stepByStep),
          sorted(nftables.list('table inet fairlead', { stateless: true })),
        );
      }),
      { numRuns: 60 },
    );
  });

  const damages = {
    'the ruleset is flushed': 'flush ruleset',
    'the table is deleted': 'delete table inet fairlead',
    'the table is emptied': 'flush table inet fairlead',
    'a rule is added': 'insert rule inet fairlead prerouting accept',
    'a rule is deleted': 'flush chain inet fairlead guard',
    'an address is taken out': 'delete element inet fairlead addresses4 { 198.51.100.1 }',
    'an address is put in': 'add element inet fairlead addresses4 { 192.0.2.99 }',
    'an entry goes elsewhere': `delete element inet fairlead landing4 { 198.51.100.1 . 6 . 80 }
      add element inet fairlead landing4 { 198.51.100.1 . 6 . 80 : goto guard }`,
    'an interface is put in': 'add element inet fairlead announcing { "lo" }',
    'a chain and a set are added': `add chain inet fairlead stranger
      add set inet fairlead strangers { type ipv4_addr; elements = { 192.0.2.1 } }
      add rule inet fairlead stranger ip saddr @strangers drop
      insert rule inet fairlead guard jump stranger`,
    'a set is emptied': 'flush map inet fairlead pod-0-v4',
    'a set has another type': `flush chain inet fairlead stray4
      delete set inet fairlead stray-known4
      add set inet fairlead stray-known4 { type ipv4_addr; }`,
    'a chain has another hook': `delete chain inet fairlead forward
      add chain inet fairlead forward { type filter hook forward priority 5; policy drop; }`,
    'another kind of object is added': 'add quota inet fairlead stranger { 25 mbytes }',
    'the table sleeps': 'add table inet fairlead { flags dormant; }',
  };
  for (const [damage, script] of Object.entries(damages)) {
    test(`where ${damage} it is repaired by one transaction`, () => {
      const plan = examplePlan(rich);
      driver.apply(plan);
      const before = sorted(table()?.replaceAll(/ # handle \d+/gu, ''));
      const counting = new CountingNftables();
      using again = new LandDriver(counting);
      // Twice the same, by the same agent: it is not taken for nft's own wording.
      for (const transactions of [1, 2]) {
        nftables.run(script);
        const { changes, problems } = again.apply(plan);
        assert.ok(changes > 0);
        assert.deepEqual(problems, []);
        assert.equal(counting.transactions, transactions);
        assert.deepEqual(sorted(table()?.replaceAll(/ # handle \d+/gu, '')), before);
      }
      assert.equal(again.apply(plan).changes, 0);
    });
  }

  test('what packets put into sets stays over changes, and ends with its pod', () => {
    driver.apply(examplePlan(rich));
    const clients = 'clients/10.244.1.5/8080';
    nftables.run(
      `add element inet fairlead ${clients} { 198.51.100.3 . 6 . 80 . 203.0.113.9 timeout 1h }`,
    );
    driver.apply(examplePlan(rich.slice(2), ['eth1']));
    driver.apply(examplePlan(rich));
    assert.match(nftables.list(`set inet fairlead ${clients}`) ?? '', /203\.0\.113\.9/u);
    driver.apply(examplePlan(rich.slice(0, 2)));
    assert.equal(nftables.list(`set inet fairlead ${clients}`), undefined);
  });

  test('tables of others are not touched, and removal takes our table only', () => {
    const others = `table inet others { chain forward { type filter hook forward priority 0; }; }
      table ip nat { chain prerouting { type nat hook prerouting priority -100; }; }
      table ip fairlead { set a { type ipv4_addr; elements = { 192.0.2.1 }; }; }`;
    nftables.run(others);
    const before = nftables.list('ruleset', { handles: true });
    driver.apply(examplePlan(rich));
    driver.apply(examplePlan(rich.slice(1)));
    driver.remove();
    assert.equal(nftables.list('ruleset', { handles: true }), before);
    driver.remove();
    assert.equal(nftables.list('ruleset', { handles: true }), before);
  });

  test('what nftables refuses of one Service stops no other, at first and later', () => {
    const plan = examplePlan(rich);
    const [good] = plan.entries;
    assert.ok(good !== undefined);
    const bad = {
      ...good,
      address: '198.51.100.9',
      port: 70_000,
      service: 'default/bad',
    } as LandEntry;
    const middle = { ...plan, entries: plan.entries.toSpliced(2, 0, bad) } satisfies LandPlan;
    for (const round of ['first', 'again']) {
      const { problems } = driver.apply(middle);
      assert.equal(problems.length, 1, round);
      assert.equal(problems[0]?.object, 'Service/default/bad');
      assert.equal(problems[0]?.value, 'TCP 70000');
      assert.match(problems[0]?.message ?? '', /198\.51\.100\.9.*out of range/u);
      using fresh = new LandDriver(new Nftables());
      assert.equal(fresh.apply(plan).changes, 0, 'all the others are in force');
    }
    const less = { ...middle, entries: middle.entries.filter((entry) => entry !== good) };
    assert.equal(driver.apply(less).problems.length, 1);
    const without = { ...plan, entries: plan.entries.filter((entry) => entry !== good) };
    assert.deepEqual(driver.apply(without), { changes: 0, problems: [] });
  });

  test('a table that is refused as a whole is an error with nft’s words', () => {
    const plan = { ...examplePlan(rich), announcingInterfaces: ['a" b'] };
    assert.throws(
      () => driver.apply(plan),
      (error: unknown) => error instanceof LandError && error.cause instanceof NftablesError,
    );
    assert.equal(table(), undefined);
  });

  test('names that could break out of a script do not', () => {
    const name = 'x"; }; flush ruleset; add table ip y { # $(reboot)';
    const service = { name, addresses: ['198.51.100.7'], endpoints: [pod('10.244.1.5')] };
    const plan = examplePlan([service], ['eth0', 'a";}', 'eth*', 'b\\', 'ok-1.2@x']);
    assert.deepEqual(plan.announcingInterfaces, ['eth0', 'ok-1.2@x']);
    assert.deepEqual(
      plan.problems.map(({ value }) => value),
      ['a";}', 'b\\', 'eth*'],
    );
    nftables.run('add table ip bystander');
    driver.apply(plan);
    assert.doesNotMatch(nftables.list('ruleset') ?? '', /reboot|table ip y/u);
    assert.match(nftables.list('ruleset') ?? '', /table ip bystander/u);
    assert.equal(driver.apply(plan).changes, 0);
  });

  test('a forward chain that drops is named until it accepts rewritten flows', () => {
    const plan = examplePlan(rich);
    const forwardProblems = () =>
      driver.apply(plan).problems.filter(({ field }) => field === 'nftables chain');
    assert.deepEqual(forwardProblems(), []);
    nftables.run(`table ip filter {
        chain FORWARD { type filter hook forward priority 0; policy drop; }
        chain INPUT { type filter hook input priority 0; policy drop; }
      }
      table inet own { chain f { type filter hook forward priority 0; policy drop; counter; }; }
      table inet good { chain f { type filter hook forward priority 0; policy accept; }; }
      table arp filter { chain f { type filter hook input priority 0; policy drop; }; }`);
    const problems = forwardProblems();
    assert.deepEqual(
      problems.map(({ value }) => value),
      ['ip filter FORWARD', 'inet own f'],
    );
    assert.match(problems[0]?.message ?? '', /iptables -I FORWARD -m conntrack --ctstate DNAT/u);
    const steps: [string, readonly string[]][] = [
      ['insert rule inet own f ct status dnat accept', ['ip filter FORWARD']],
      ['add chain ip filter FORWARD { policy accept; }', []],
      ['flush chain inet own f', ['inet own f']],
      ['delete table inet own', []],
      ['add chain ip filter FORWARD { policy drop; }', ['ip filter FORWARD']],
    ];
    for (const [script, wanted] of steps) {
      nftables.run(script);
      assert.deepEqual(
        forwardProblems().map(({ value }) => value),
        wanted,
        script,
      );
    }
  });

  test('what others do to tables of their own costs no reading back, nor does it hinder a change', () => {
    const counting = new CountingNftables();
    using driver = new LandDriver(counting);
    nftables.run('add table ip bystander');
    driver.apply(examplePlan([]));
    driver.apply(examplePlan(rich));
    const { listings } = counting;
    let attempts = 0;
    counting.beforeChange = () => {
      attempts += 1;
      // A rival that is faster every other time.
      if (attempts % 2 === 1) nftables.run(`add chain ip bystander c${attempts}`);
    };
    for (const services of [rich.slice(1), rich, rich.slice(1), rich]) {
      nftables.run('add set ip bystander s { type ipv4_addr; }; delete set ip bystander s');
      assert.ok(driver.apply(examplePlan(services)).changes > 0);
    }
    assert.equal(attempts, 8);
    assert.equal(counting.listings, listings);
    using fresh = new LandDriver(new Nftables());
    assert.equal(fresh.apply(examplePlan(rich)).changes, 0, 'all of it is in force');
  });

  test('10 000 Services: one that changes is a small transaction', (t) => {
    // As kube-proxy has them.
    const chains = Array.from({ length: 10_000 }, (_, at) => `chain service-${at} { accept; }`);
    for (const count of [1_000, 10_000]) {
      const plan = manyServices(count);
      const counting = new CountingNftables();
      using driver = new LandDriver(counting);
      nftables.run(`flush ruleset; table ip bystander { ${chains.join('; ')}; }`);
      const measure = (what: string, work: () => void) => {
        const begin = performance.now();
        work();
        const scriptMs = counting.lastMs.toFixed(1);
        const ms = (performance.now() - begin).toFixed(0);
        t.diagnostic(`${count} Services, ${what}: ${ms} ms, transaction ${scriptMs} ms`);
      };
      measure('all new', () => driver.apply(plan));
      counting.lastMs = 0;
      measure('nothing changed', () => driver.apply(plan));
      const [first, ...rest] = plan.entries;
      assert.ok(first !== undefined);
      const pods = [...first.pods, { address: first.pods[0]?.address ?? assert.fail(), port: 9 }];
      const changed = { ...plan, entries: [{ ...first, pods }, ...rest] };
      measure('one changed', () => driver.apply(changed));
      assert.ok(counting.lastScript.length < 2000, `${counting.lastScript.length} characters`);
      measure('one removed', () => driver.apply({ ...changed, entries: rest }));
      assert.ok(counting.lastScript.length < 2000, `${counting.lastScript.length} characters`);
      counting.lastScript = '';
      measure('one back', () => driver.apply(plan));
      assert.equal(counting.lastScript, '');
      assert.deepEqual(counting.changedElements, [
        '10.9.0.0 . 6 . 80 : goto pods-2-v4',
        '10.9.0.0 . 6 . 80 : 10.244.1.5 . 8080',
        '10.9.0.0 . 6 . 80 : 10.244.1.6 . 8080',
      ]);
      measure('many removed', () => driver.apply(manyServices(count - 500)));
      assert.notEqual(counting.lastScript, '', 'too many for one message');
      assert.equal(driver.apply(manyServices(count - 500)).changes, 0);
    }
  });
});

/** Also keeps count. */
class CountingNftables implements Disposable {
  readonly #nftables = new Nftables();
  transactions = 0;
  listings = 0;
  beforeChange: (() => void) | undefined;
  lastScript = '';
  /** Otherwise than by a script. */
  readonly changedElements: string[] = [];
  lastMs = 0;

  run(script: string): void {
    this.transactions += 1;
    this.lastScript = script;
    const begin = performance.now();
    this.#nftables.run(script);
    this.lastMs = performance.now() - begin;
  }

  changeElements(...[table, changes, generation]: Parameters<Nftables['changeElements']>): void {
    this.transactions += 1;
    this.beforeChange?.();
    this.changedElements.push(...changes.flatMap(({ elements }) => elements));
    const begin = performance.now();
    this.#nftables.changeElements(table, changes, generation);
    this.lastMs = performance.now() - begin;
  }

  list(...[what, options]: Parameters<Nftables['list']>): string | undefined {
    this.listings += 1;
    return this.#nftables.list(what, options);
  }

  generation(): number {
    return this.#nftables.generation();
  }

  watch(...[concerns, onConcern]: Parameters<Nftables['watch']>) {
    return this.#nftables.watch(concerns, onConcern);
  }

  [Symbol.dispose](): void {
    this.#nftables[Symbol.dispose]();
  }
}

function manyServices(count: number): LandPlan {
  return examplePlan(
    Array.from({ length: count }, (_, at) => ({
      name: `service-${at}`,
      addresses: [`10.9.${at >> 8}.${at & 255}`],
      endpoints: [pod('10.244.1.5'), pod('10.244.1.6')],
    })),
  );
}

/** Blocks and elements come in any order. */
function sorted(listing: string | undefined): string[] {
  return (listing ?? '')
    .split('\n')
    .map((line) => line.replace('elements = {', '').replaceAll(/[,}]/gu, '').trim())
    .toSorted();
}
