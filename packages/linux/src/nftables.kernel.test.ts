import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
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

test('JSON, where it is wanted', () => {
  using nftables = new Nftables();
  nftables.run('table inet fairlead { set s { type ipv4_addr; }; }');
  const element = { family: 'inet', table: 'fairlead', name: 's', elem: ['192.0.2.7'] };
  assert.equal(nftables.runJson({ nftables: [{ add: { element } }] }), undefined);
  const answer = nftables.runJson({
    nftables: [{ list: { set: { family: 'inet', table: 'fairlead', name: 's' } } }],
  });
  assert.match(JSON.stringify(answer), /"elem":\["192\.0\.2\.7"\]/);
  assert.match(nftables.list('set inet fairlead s') ?? '', /192\.0\.2\.7/, 'text again');
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
