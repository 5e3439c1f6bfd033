import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import {
  Lab,
  monotonicMs,
  startConnector,
  startPodServer,
  waitFor,
  type Attempt,
  type Fault,
  type Host,
  type LabProcess,
  type Recording,
  type Switch,
} from './index.ts';

/** Who asks whom all the time, by UDP: `a>b4` for a asking b by IPv4. */
type Direction = `${'a' | 'b' | 'c'}>${'a' | 'b' | 'c'}${4 | 6}`;

const names = ['a', 'b', 'c'] as const;
const port = 8080;
const addressOf = {
  a4: '192.0.2.1',
  a6: '2001:db8::1',
  b4: '192.0.2.2',
  b6: '2001:db8::2',
  c4: '192.0.2.3',
  c6: '2001:db8::3',
} as const;
const all: readonly Direction[] = names.flatMap((from) =>
  names.filter((to) => to !== from).flatMap((to) => [`${from}>${to}4`, `${from}>${to}6`] as const),
);

let lab: Lab;
let lan: Switch;
let hosts: Record<(typeof names)[number], Host>;
const servers = new Map<string, LabProcess>();
const asking = new Map<string, Recording<Attempt>>();

before(async () => {
  lab = await Lab.create({ name: 'faults' });
  lan = await lab.switch('lan');
  const host = (name: keyof typeof hosts, last: number) => {
    const addresses = [`192.0.2.${last}/24`, `2001:db8::${last}/64`];
    return lab.node(name, { nics: [{ switch: lan, addresses, bridged: name === 'b' }] });
  };
  hosts = { a: await host('a', 1), b: await host('b', 2), c: await host('c', 3) };
  await lab.settled();
  for (const name of names) {
    servers.set(name, await startPodServer(hosts[name], { ports: [port], log: true }));
  }
  for (const name of names) {
    const others = names.filter((other) => other !== name);
    const addresses = others.flatMap((o) => [addressOf[`${o}4`], addressOf[`${o}6`]]);
    const options = { addresses, port, protocols: ['udp'], everyMs: 20, patienceMs: 300 } as const;
    asking.set(name, await startConnector(hosts[name], options));
  }
  await verdict();
});

after(() => lab[Symbol.asyncDispose]());

afterEach(() => lab.healAll());

/** Three attempts in a row each way, all begun from now on: the ways in which all were answered. */
async function working(): Promise<Direction[]> {
  const since = monotonicMs();
  const outcomes = await Promise.all(
    all.map(async (direction) => {
      const address = addressOf[direction.slice(2) as keyof typeof addressOf];
      const recent = (): readonly Attempt[] =>
        asking
          .get(direction[0] ?? '')
          ?.records.filter((one) => one.address === address && one.startedMs > since)
          .slice(0, 3) ?? [];
      await waitFor(() => recent().length === 3, { what: `attempts ${direction}` });
      const answered = recent().filter(({ answer }) => answer !== undefined).length;
      assert.ok(answered === 0 || answered === 3, `${direction}: ${answered} of 3 answered`);
      return answered === 3;
    }),
  );
  return all.filter((_, position) => outcomes[position]);
}

/** Waits until the ways in which hosts reach one another are all but these. */
async function verdict(...broken: readonly Direction[]): Promise<void> {
  const expected = all.filter((direction) => !broken.includes(direction));
  // A port that comes back has to learn its groups again.
  await waitFor(
    async () => {
      assert.deepEqual(await working(), expected);
      return true;
    },
    { what: `all but ${broken.join(' ')} to work`, deadlineMs: 20_000 },
  );
}

/** All ways between some of the pairs. */
function between(...pairs: readonly string[]): Direction[] {
  return all.filter((direction) =>
    pairs.some((pair) => pair.includes(direction[0] ?? '') && pair.includes(direction[2] ?? '')),
  );
}

async function carrier(host: Host, device: string): Promise<boolean> {
  const { stdout } = await host.exec(['ip', '-brief', 'link', 'show', 'dev', device]);
  return stdout.includes('LOWER_UP');
}

/** How many packets a host has got from another's address, as its server notes. */
async function requestsSeen(at: keyof typeof hosts, from: string): Promise<number> {
  const text = servers.get(at)?.stdout.text() ?? '';
  return text.split('\n').filter((line) => line.includes(`"client":"${from}"`)).length;
}

async function healed(fault: Fault): Promise<void> {
  await fault.heal();
  await verdict();
}

test('a cut cable: the host loses its carrier and everybody; put back, all is as before', async () => {
  for (const [name, devices] of [
    ['a', ['eth0']],
    ['b', ['eth0', 'br0']],
  ] as const) {
    const host = hosts[name];
    const cut = await host.nic.cut();
    assert.ok(cut.completeMs > cut.beganMs);
    for (const device of devices) {
      await waitFor(async () => !(await carrier(host, device)), { what: `${device} down` });
    }
    await verdict(...between(...['ab', 'ac', 'bc'].filter((pair) => pair.includes(name))));
    await healed(cut);
    for (const device of devices) assert.ok(await carrier(host, device));
  }
});

test('a host that is not ready for the first question after its cable is back is asked again', async () => {
  const cut = await hosts.b.nic.cut();
  await verdict(...between('ab', 'bc'));
  const dark = await hosts.b.nic.dark();
  await cut.heal();
  await pause(300);
  // Whoever remembers another would not notice.
  for (const name of names) await hosts[name].exec(['ip', 'neigh', 'flush', 'all']);
  await healed(dark);
});

test('the loss of carrier is told at once, again and again', async () => {
  await using watch = await hosts.a.spawn(['ip', '-oneline', 'monitor', 'link', 'dev', 'eth0']);
  const told = (): number => watch.stdout.text().split('NO-CARRIER').length - 1;
  const pull = async (): Promise<void> => {
    await using _ = await hosts.a.nic.cut();
  };
  const what = 'the news';
  // The first one only shows that the watcher is listening.
  await waitFor(() => pull().then(() => told() > 0), { what });
  for (let round = 1; round <= 5; round++) {
    const before = told();
    const cut = await hosts.a.nic.cut();
    // What is not urgent to the kernel it tells once a second.
    await waitFor(() => told() > before, { what, everyMs: 1, deadlineMs: 900 });
    await cut.heal();
    assert.ok(await carrier(hosts.a, 'eth0'));
  }
});

test('a cable cut twice is whole when both cuts are healed', async () => {
  const [first, second] = [await hosts.a.nic.cut(), await hosts.a.nic.cut()];
  await first.heal();
  await first.heal();
  assert.equal(await carrier(hosts.a, 'eth0'), false);
  await second.heal();
  assert.equal(await carrier(hosts.a, 'eth0'), true);
  await verdict();
});

test('a dark link loses all frames, but not its carrier', async () => {
  await hosts.a.exec(['nft', '-f', '-'], {
    input: `table netdev seen { chain in {
      type filter hook ingress device "eth0" priority 0; counter
    }; }`,
  });
  const frames = async (): Promise<number> => {
    const { stdout } = await hosts.a.exec(['nft', 'list', 'table', 'netdev', 'seen']);
    return Number(/packets (\d+)/.exec(stdout)?.[1]);
  };
  const query = async (): Promise<void> => {
    for (const querier of ['0', '1']) {
      const words = ['link', 'set', 'dev', 'br0', 'type', 'bridge', 'mcast_querier', querier];
      await lan.namespace.run(['ip', ...words]);
    }
  };
  await using dark = await hosts.a.nic.dark();
  // One that passed the switch before may still be on its way: two looks have to agree.
  let before = -1;
  const arrived = async (): Promise<boolean> => before === (before = await frames());
  await waitFor(arrived, { what: 'the last frame', everyMs: 100 });
  // The switch itself asks who is in which group: that is lost too.
  await query();
  await verdict(...between('ab', 'ac'));
  assert.ok(await carrier(hosts.a, 'eth0'));
  assert.equal(await frames(), before);
  await healed(dark);
  assert.ok((await frames()) > before);
});

test('one direction lost: what a host sends', async () => {
  const mute = await hosts.a.nic.oneWay('out');
  await verdict(...between('ab', 'ac'));
  // The others' questions arrive; it is the answers that are lost.
  const seen = await requestsSeen('a', addressOf.b4);
  await waitFor(async () => (await requestsSeen('a', addressOf.b4)) > seen, { what: 'requests' });
  const unseen = await requestsSeen('b', addressOf.a4);
  await verdict(...between('ab', 'ac'));
  assert.equal(await requestsSeen('b', addressOf.a4), unseen);
  await healed(mute);
});

test('one direction lost: what a host receives', async () => {
  const deaf = await hosts.a.nic.oneWay('in');
  await verdict(...between('ab', 'ac'));
  const unseen = await requestsSeen('a', addressOf.b4);
  const seen = await requestsSeen('b', addressOf.a4);
  await waitFor(async () => (await requestsSeen('b', addressOf.a4)) > seen, { what: 'requests' });
  assert.equal(await requestsSeen('a', addressOf.b4), unseen);
  await healed(deaf);
});

test('a cut between two leaves the third with both', async () => {
  const cut = await lab.cutBetween(hosts.a, hosts.b);
  await verdict(...between('ab'));
  await healed(cut);
});

test('a split switch: who is in no group reaches all', async () => {
  const inTwo = await lan.split([hosts.a], [hosts.b, hosts.c]);
  await verdict(...between('ab', 'ac'));
  await healed(inTwo);
  const withWitness = await lan.split([hosts.a], [hosts.b]);
  await verdict(...between('ab'));
  await healed(withWitness);
});

test('filters take one protocol, port, family, origin or goal, and nothing else', async () => {
  const everything = [...all];
  const cases: readonly (readonly [Parameters<Lab['filter']>[0], readonly Direction[]])[] = [
    [{ protocol: 'udp' }, everything],
    [{ protocol: 'udp', port }, everything],
    [{ protocol: 'udp', port: 7476 }, []],
    [{ protocol: 'tcp', port }, []],
    [{ protocol: 'udp', port, family: 6 }, everything.filter((one) => one.endsWith('6'))],
    [{ protocol: 'any', from: [hosts.a], to: [hosts.b] }, between('ab')],
    [
      { protocol: 'any', family: 4, from: [hosts.c] },
      between('ac', 'bc').filter((d) => d.endsWith('4')),
    ],
    [{ protocol: 'icmp', family: 4 }, []],
  ];
  for (const [filter, broken] of cases) {
    const fault = await lab.filter(filter);
    await verdict(...broken);
    await fault.heal();
  }
  await verdict();
});

test('filters of ARP and neighbour discovery stop who has to ask, not who knows', async () => {
  for (const [protocol, family] of [
    ['arp', 4],
    ['ndp', 6],
  ] as const) {
    await using _ = await lab.filter({ protocol });
    const target = `c${family}` as const;
    const neighbour = ['dev', 'eth0', 'to', addressOf[target]];
    const state = async (): Promise<string> =>
      (await hosts.a.exec(['ip', 'neighbor', 'show', ...neighbour])).stdout;
    await hosts.a.exec(['ip', 'neighbor', 'flush', ...neighbour]);
    await waitFor(async () => /FAILED|INCOMPLETE/.test(await state()), { what: 'no answer' });
  }
  await verdict();
});

test('a share of loss: every third packet, or about every third by chance', async () => {
  for (const share of [{ everyNth: 3 }, { probability: 1 / 3 }]) {
    const to = [hosts.b];
    await using fault = await lab.filter({
      protocol: 'udp',
      port,
      family: 4,
      from: [hosts.a],
      to,
      share,
    });
    const attempts = (): readonly Attempt[] =>
      asking
        .get('a')
        ?.records.filter(
          (one) => one.address === addressOf.b4 && one.startedMs > fault.completeMs,
        ) ?? [];
    await waitFor(() => attempts().length >= 60, { what: '60 attempts' });
    const lost = attempts().filter(({ answer }) => answer === undefined).length / attempts().length;
    // Of a's answers to b's questions some are lost too, so that the counted ones need not be a's own.
    assert.ok(lost > 0.1 && lost < 0.65, `lost ${lost}`);
  }
  await verdict();
});

test('faults on top of one another heal one by one, or all at once', async () => {
  const [cut, filter] = [
    await lab.cutBetween(hosts.a, hosts.b),
    await lab.filter({ protocol: 'udp' }),
  ];
  await filter.heal();
  await verdict(...between('ab'));
  await lan.split([hosts.c], [hosts.a, hosts.b]);
  await verdict(...all);
  await lab.healAll();
  await verdict();
  await cut.heal();
  const { stdout } = await lan.namespace.run(['nft', 'list', 'ruleset']);
  assert.equal(stdout, '');
});
