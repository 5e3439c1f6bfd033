import fc from 'fast-check';
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { parseListing } from './listing.ts';

const listing = `table inet fairlead {
	counter landed {
	}

	set announcing {
		type ifname
		elements = { "br0",
			     "eth0" }
	}

	set addresses4 {
		type ipv4_addr
		elements = { 192.0.2.1, 192.0.2.2,
			     192.0.2.3 }
	}

	set clients/10.244.1.5/8080 {
		type ipv4_addr . inet_proto . inet_service . ipv4_addr
		size 16384	# count 1
		flags dynamic,timeout
		elements = { 198.51.100.1 . 6 . 80 . 203.0.113.9 timeout 3600s }
	}

	map landing6 {
		type ipv6_addr . inet_proto . inet_service : verdict
		elements = { ::192.0.2.7 . 6 . 80 : goto pod-0-v6,
			     fd00::1 . 6 . 80 : goto pods-2-v6 }
	}

	chain guard {
		ct state 0x1 drop
		reject
	}

	chain prerouting {
		type nat hook prerouting priority -110; policy accept;
		iifname != @announcing accept
	}
}
`;

suite('listing', () => {
  test('as nft prints it', () => {
    const { counters, sets, chains, foreign } = parseListing(listing);
    assert.deepEqual([...counters], ['landed']);
    assert.deepEqual(Object.fromEntries(sets), {
      announcing: {
        kind: 'set',
        declaration: 'type ifname;',
        elements: new Map([
          ['"br0"', ''],
          ['"eth0"', ''],
        ]),
      },
      addresses4: {
        kind: 'set',
        declaration: 'type ipv4_addr;',
        elements: new Map([1, 2, 3].map((at) => [`192.0.2.${at}`, ''])),
      },
      'clients/10.244.1.5/8080': {
        kind: 'set',
        declaration:
          'type ipv4_addr . inet_proto . inet_service . ipv4_addr; size 16384; flags dynamic,timeout;',
        elements: undefined,
      },
      landing6: {
        kind: 'map',
        declaration: 'type ipv6_addr . inet_proto . inet_service : verdict;',
        elements: new Map([
          ['::c000:207 . 6 . 80', 'goto pod-0-v6'],
          ['fd00::1 . 6 . 80', 'goto pods-2-v6'],
        ]),
      },
    });
    assert.deepEqual(Object.fromEntries(chains), {
      guard: { hook: '', rules: ['ct state 0x1 drop', 'reject'] },
      prerouting: {
        hook: 'type nat hook prerouting priority -110; policy accept;',
        rules: ['iifname != @announcing accept'],
      },
    });
    assert.deepEqual(foreign, []);
  });

  test('what we never write is foreign', () => {
    const foreign = (inside: string) =>
      parseListing(`table inet fairlead {\n${inside}\n}\n`).foreign;
    assert.deepEqual(foreign('\tflags dormant'), ['flags dormant']);
    assert.deepEqual(foreign('\tquota a {\n\t\t25 mbytes\n\t}'), ['quota a {']);
    assert.deepEqual(foreign('\tchain "x;y" {\n\t}'), ['chain "x;y" {']);
    const odd = '\tset a {\n\t\ttype ipv4_addr\n\t\telements = { 192.0.2.1; flush ruleset }\n\t}';
    assert.deepEqual(foreign(odd), ['192.0.2.1; flush ruleset']);
  });

  test('any text is read, none goes back into a script as it came', () => {
    const lines = listing.split('\n');
    const line = fc.oneof(fc.constantFrom(...lines), fc.string());
    fc.assert(
      fc.property(fc.array(line), (texts) => {
        const { counters, sets, chains } = parseListing(texts.join('\n'));
        for (const name of [...counters, ...sets.keys(), ...chains.keys()]) {
          assert.match(name, /^[A-Za-z][\w/.-]*$/u);
        }
        for (const { elements } of sets.values()) {
          for (const key of elements?.keys() ?? []) assert.doesNotMatch(key, /[;{}\n$]/u);
        }
      }),
    );
  });
});
