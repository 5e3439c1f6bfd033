import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import type { ElementChange } from './netlink/set-elements.ts';
import { Nftables, NftablesError } from './nftables.ts';
import { openDescriptors, shell } from './test-namespace.ts';

beforeEach(() => shell('nft flush ruleset'));

test('a script is one transaction, and a listing is its text', () => {
  using nftables = new Nftables();
  assert.equal(nftables.list('table inet fairlead'), undefined);
  nftables.run(`
    table inet fairlead {
      map backends {
        type ipv4_addr . inet_service : ipv4_addr . inet_service
        elements = { 192.0.2.1 . 80 : 10.0.0.1 . 8080 }
      }
      chain land { type nat hook prerouting priority -110; }
    }`);
  const text = nftables.list('table inet fairlead');
  assert.equal(text, shell('nft list table inet fairlead'));
  assert.match(text ?? '', /192\.0\.2\.1 \. 80 : 10\.0\.0\.1 \. 8080/);
  assert.equal(nftables.list('map inet fairlead nothing'), undefined);
  assert.equal(nftables.list('chain inet fairlead nothing'), undefined);
});

test('a listing in the form that is asked for', () => {
  using nftables = new Nftables();
  nftables.run(
    'table ip t { set s { type inet_service; elements = { 80 }; }; chain c { counter accept; }; }',
  );
  assert.match(nftables.list('table ip t', { handles: true }) ?? '', /chain c \{ # handle \d+/);
  assert.doesNotMatch(nftables.list('table ip t', { stateless: true }) ?? '', /packets/);
  assert.doesNotMatch(nftables.list('table ip t', { terse: true }) ?? '', /80/);
  assert.match(
    nftables.list('table ip t') ?? '',
    /packets 0 bytes 0[^]*80|80[^]*packets 0 bytes 0/,
  );
});

test('a script with an error does nothing, and the error says where', () => {
  using nftables = new Nftables();
  assert.throws(
    () => nftables.run('add table inet half\nadd rule inet half nothing accept\n'),
    (error) => {
      assert.ok(error instanceof NftablesError);
      assert.match(error.text, /No such file or directory/);
      assert.match(error.script, /add rule inet half nothing accept/);
      return true;
    },
  );
  assert.equal(nftables.list('table inet half'), undefined);
  assert.throws(() => nftables.run('add table inet'), /syntax error/);
  // The context is usable afterwards, and the old error is gone.
  nftables.run('add table inet whole');
  assert.throws(
    () => nftables.list('nonsense'),
    (error) => error instanceof NftablesError && !error.text.includes('half'),
  );
});

const elementsOfAll = [
  ['hosts', 'ipv4_addr', ['192.0.2.1', '192.0.2.255']],
  ['hosts6', 'ipv6_addr', ['2001:db8::1', '2001:db8::ffff:0:0']],
  ['interfaces', 'ifname', ['"eth0"', '"a-name-of-15-ch"']],
  ['ways', 'ipv4_addr . inet_proto . inet_service : verdict', ['192.0.2.1 . 6 . 80 : goto web']],
  [
    'ways6',
    'ipv6_addr . inet_proto . inet_service : verdict',
    ['2001:db8::1 . 132 . 65535 : jump web'],
  ],
  ['pods', 'inet_proto . inet_service : ipv4_addr . inet_service', ['17 . 53 : 10.0.0.1 . 8053']],
  ['pods6', 'inet_service : ipv6_addr . inet_service', ['443 : fd00::1 . 8443']],
] as const;

/** A table with a set or map for each of them, without elements. */
function declareAll(nftables: Nftables): void {
  const sets = elementsOfAll.map(
    ([name, type]) => `${type.includes(':') ? 'map' : 'set'} ${name} { type ${type}; }`,
  );
  nftables.run(`table inet fairlead { chain web { }; ${sets.join('; ')}; }`);
}

test('elements of every type are put in and taken out, as a script would', () => {
  using nftables = new Nftables();
  const list = () => nftables.list('table inet fairlead', { numeric: true });
  declareAll(nftables);
  const empty = list();
  const added = elementsOfAll.map(([set, type, elements]) => {
    return { verb: 'add', set, type, elements } as const;
  });
  nftables.changeElements('inet fairlead', added, nftables.generation());
  const full = list();
  const deleted = elementsOfAll.map(([set, type, elements]) => {
    const keys = elements.map((element) => element.split(' : ')[0] ?? '');
    return { verb: 'delete', set, type, elements: keys } as const;
  });
  nftables.changeElements('inet fairlead', deleted, nftables.generation());
  assert.equal(list(), empty);
  nftables.run(
    elementsOfAll
      .map(([set, , elements]) => `add element inet fairlead ${set} { ${elements.join(', ')} }`)
      .join('\n'),
  );
  assert.equal(list(), full);
  // In another family the same set is another one.
  nftables.run('table ip fairlead { set hosts { type ipv4_addr; }; }');
  const [hosts] = added;
  nftables.changeElements('ip fairlead', [hosts ?? assert.fail()], nftables.generation());
  assert.match(nftables.list('set ip fairlead hosts') ?? '', /192\.0\.2\.255/u);
});

test('changed elements are one transaction: of another generation, or with a refused one, nothing is done', () => {
  using nftables = new Nftables();
  declareAll(nftables);
  const generation = nftables.generation();
  const good = { verb: 'add', set: 'hosts', type: 'ipv4_addr', elements: ['192.0.2.1'] } as const;
  const change = (more: readonly ElementChange[], of = nftables.generation()) =>
    nftables.changeElements('inet fairlead', [good, ...more], of);
  const wayTo = (way: string): ElementChange => {
    const type = 'ipv4_addr . inet_proto . inet_service : verdict';
    return { verb: 'add', set: 'ways', type, elements: [way] };
  };
  assert.throws(() => change([], generation - 1), NftablesError);
  assert.throws(() => change([{ ...good, set: 'nothing' }]), /no such file.*ENOENT/u);
  assert.throws(() => change([{ ...good, verb: 'delete', elements: ['192.0.2.9'] }]), /ENOENT/u);
  assert.throws(() => change([wayTo('192.0.2.1 . 6 . 80 : goto nowhere')]), /ENOENT/u);
  // What cannot be written does not reach the kernel.
  for (const way of [
    '192.0.2.1 . 6 . 65536 : goto web',
    '192.0.2.1 . 256 . 80 : goto web',
    '192.0.2.1 . tcp . 80 : goto web',
    '192.0.2.256 . 6 . 80 : goto web',
    '192.0.2.1 . 6 : goto web',
    '192.0.2.1 . 6 . 80 : return',
  ]) {
    assert.throws(() => change([wayTo(way)]), NftablesError, way);
  }
  assert.throws(() => change([{ ...good, type: 'mark' }]), /unknown type: mark/u);
  const long = {
    ...good,
    set: 'interfaces',
    type: 'ifname',
    elements: ['"a-name-of-more-than-16"'],
  };
  assert.throws(() => change([long]), NftablesError);
  assert.equal(nftables.generation(), generation);
  change([], generation);
  assert.equal(nftables.generation(), generation + 1);
  // What the refused ones left behind in the socket is not taken for an answer.
  assert.match(nftables.list('set inet fairlead hosts') ?? '', /192\.0\.2\.1 /u);
});

test('a script of several megabytes', () => {
  using nftables = new Nftables();
  const elements = Array.from(
    { length: 100_000 },
    (_, n) => `10.${n >> 16}.${(n >> 8) & 255}.${n & 255} . ${n % 60_000}`,
  );
  nftables.run('table inet big { set s { type ipv4_addr . inet_service; }; }');
  nftables.run(`add element inet big s { ${elements.join(', ')} }`);
  assert.equal(nftables.list('set inet big s')?.match(/10\.\d+\.\d+\.\d+ \. /g)?.length, 100_000);
});

test('many transactions keep neither descriptors nor memory', () => {
  const before = openDescriptors();
  const grown = (rounds: number): number => {
    using nftables = new Nftables();
    nftables.run('table inet fairlead { set s { type ipv4_addr; }; }');
    const start = process.memoryUsage.rss();
    for (let round = 0; round < rounds; round += 1) {
      nftables.run(
        'add element inet fairlead s { 192.0.2.1 }; delete element inet fairlead s { 192.0.2.1 }',
      );
      nftables.list('table inet fairlead');
      if (round % 50 === 0) {
        // Few of them: taking a failed transaction back costs the kernel 12 ms.
        assert.throws(() => nftables.run('add rule inet fairlead nothing accept'), NftablesError);
      }
    }
    return process.memoryUsage.rss() - start;
  };
  grown(500);
  const bytes = grown(2000);
  assert.ok(bytes < 16 * 1024 * 1024, `${bytes} bytes more`);
  assert.equal(openDescriptors(), before);
});

test('a closed context is not used', () => {
  const nftables = new Nftables();
  nftables[Symbol.dispose]();
  nftables[Symbol.dispose]();
  assert.throws(() => nftables.run('list ruleset'), /closed/);
});
