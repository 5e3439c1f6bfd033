import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { hash32, parseAddress, parseMac, type IpAddress, type MacAddress } from '@fairlead/ip';
import { decodeHeartbeat } from './codec/decode.ts';
import { encodeHeartbeat } from './codec/encode.ts';
import { nodeClass, type Heartbeat } from './codec/heartbeat.ts';
import { unauthenticated } from './codec/keyring.ts';
import { bucketSet, sampleBeat } from './codec/sample.ts';
import type { SegmentConfig } from './machine/configuration.ts';
import type { HoldingChange } from './machine/holding.ts';
import type { Datagram, SegmentIo } from './segment-io.ts';
import { SegmentMember } from './turn.ts';

const address = parseAddress('10.0.0.2') as IpAddress;
const mac = parseMac('02:00:00:00:00:02') as MacAddress;
const clusterId = 'test';
const second = 1_000_000_000n;
const ms = 1_000_000n;

const config: SegmentConfig = {
  macs: [],
  peers: [{ node: 'b', addresses: [address], macs: [mac] }],
  announcements: [{ id: 0 }],
  keys: unauthenticated,
  excluded: false,
  ready: true,
  fresh: true,
  roundRobin: true,
};

/** A world in which the test moves the clock and writes down what is asked of it. */
class ScriptedWorld implements SegmentIo {
  clock = 1000n * second;
  readonly calls: string[] = [];
  readonly inbox: Datagram[] = [];
  readonly sent: Heartbeat[] = [];
  readonly held = new Set<number>();
  readonly stored: { readonly deadline: bigint; readonly at: bigint }[] = [];
  fence = 0n;
  asked = 0;
  /** Happens within the next sending: a pause, for instance. */
  duringSend: () => void = () => {};
  #seed = 1;

  now(): bigint {
    this.calls.push('now');
    return this.clock;
  }

  receive(): Datagram | undefined {
    this.calls.push('receive');
    return this.inbox.shift();
  }

  send(_to: IpAddress, bytes: Uint8Array): void {
    this.calls.push('send');
    this.sent.push(decodeHeartbeat(bytes, clusterId, unauthenticated));
    this.duringSend();
  }

  storeFence(deadlineNs: bigint): void {
    this.calls.push('fence');
    this.stored.push({ deadline: deadlineNs, at: this.clock });
    this.fence = deadlineNs;
  }

  askEcho(): void {
    this.asked += 1;
  }

  random(): number {
    this.#seed += 1;
    return this.#seed;
  }

  join(settings: SegmentConfig = config): SegmentMember {
    return new SegmentMember({ node: 'a', clusterId }, settings, this, {
      onHolding: (_announcement: number, { bucket, held }: HoldingChange) => {
        if (held) this.held.add(bucket);
        else this.held.delete(bucket);
      },
      onReannounce: () => this.calls.push('reannounce'),
    });
  }

  /** What node b says; it quotes our last heartbeat unless told otherwise. */
  hear(beat: Partial<Heartbeat>, quote: Heartbeat | null | undefined = this.sent.at(-1)): void {
    const peers =
      quote === undefined || quote === null
        ? []
        : [
            {
              id: hash32('a'),
              incarnation: quote.incarnation,
              heard: quote.sequence,
              live: undefined,
            },
          ];
    const said = { ...sampleBeat, node: 'b', macs: [mac], holdings: [], peers, ...beat };
    this.inbox.push({ from: address, bytes: encodeHeartbeat(said, clusterId, unauthenticated) });
  }

  /** Lets time pass in turns, as a worker does that is never late. */
  pass(member: SegmentMember, duration: bigint, each: () => void = () => {}): void {
    const end = this.clock + duration;
    let next = member.turn();
    while (next < end) {
      if (next > this.clock) this.clock = next;
      each();
      member.feed();
      next = member.turn();
    }
    this.clock = end;
    member.turn();
  }
}

function live(member: SegmentMember): boolean[] {
  return member.snapshot().members.map((each) => each.live);
}

describe('the order of a turn', () => {
  test('reads the clock, sends, stores clock + TTL, then drains', () => {
    const world = new ScriptedWorld();
    world.join().turn();
    assert.deepEqual(world.calls.slice(0, 5), ['now', 'now', 'send', 'fence', 'receive']);
    assert.equal(world.fence, world.clock + 200n * ms);
  });

  test('ends although strangers come faster than they are answered', () => {
    const world = new ScriptedWorld();
    const member = world.join();
    member.turn();
    let strangers = 0;
    const now = () => world.clock;
    world.now = () => {
      strangers += 1;
      if (strangers < 50) world.hear({ node: `stranger-${strangers}` }, null);
      return now();
    };
    assert.equal(member.turn(), world.clock, 'others have their turn, and then it goes on at once');
    world.pass(member, second);
    assert.equal(member.snapshot().members.length, 50);
  });

  test('a pause between sending and storing stores what is past by then', () => {
    const world = new ScriptedWorld();
    const member = world.join();
    const before = world.clock;
    world.duringSend = () => {
      world.clock += 10n * second;
      world.duringSend = () => {};
    };
    member.turn();
    const [stored] = world.stored;
    assert.deepEqual(stored, { deadline: before + 200n * ms, at: before + 10n * second });
  });

  test('after a gap that outlasts dead-after, everything is dropped and what waits is not read', () => {
    const world = new ScriptedWorld();
    const member = world.join();
    world.pass(member, second);
    assert.equal(world.held.size, 1024);
    const { incarnation } = member.snapshot();
    world.clock += 301n * ms;
    world.hear({ holdings: [{ announcement: 0, held: bucketSet(5), offered: bucketSet() }] });
    member.turn();
    assert.equal(world.held.size, 0);
    assert.notEqual(member.snapshot().incarnation, incarnation);
    assert.equal(member.snapshot().phase, 'joining');
    assert.equal(member.snapshot().counters.discarded, 1);
  });

  test('after a gap that outlasts only the fence, it reads before it sends, and yields what others took', () => {
    const world = new ScriptedWorld();
    const member = world.join();
    world.pass(member, 2n * second, () =>
      world.hear({ sequence: 1000 + world.sent.length, class: 3 }),
    );
    assert.equal(world.held.size, 1024);
    world.clock += 250n * ms;
    world.hear({
      sequence: 9999,
      holdings: [{ announcement: 0, held: bucketSet(5), offered: bucketSet() }],
    });
    world.calls.length = 0;
    member.turn();
    assert.deepEqual(world.calls.slice(0, 3), ['now', 'receive', 'receive']);
    assert.ok(!world.held.has(5));
    assert.ok(world.held.has(6));
  });
});

describe('a node that knows no peer', () => {
  const lonely = { ...config, peers: [] };

  test('is active at once and answers for 60 s without anybody', () => {
    const world = new ScriptedWorld();
    const member = world.join(lonely);
    member.turn();
    assert.equal(world.held.size, 1024);
    assert.equal(world.fence, world.clock + 60n * second);
  });

  test('draws its fence near before it answers a first peer', () => {
    const world = new ScriptedWorld();
    const member = world.join(lonely);
    member.turn();
    world.clock += second;
    world.hear({ sequence: 1 }, null);
    world.duringSend = () => assert.ok(world.fence <= world.clock + 200n * ms);
    member.turn();
    assert.equal(world.sent.length, 1);
    assert.equal(world.fence, world.clock + 200n * ms);
  });
});

describe('what is believed', () => {
  test('a heartbeat proves that its sender lives only if it quotes ours', () => {
    const world = new ScriptedWorld();
    const member = world.join();
    member.turn();
    world.hear({ sequence: 1 }, null);
    member.turn();
    assert.deepEqual(live(member), [false]);
    world.clock += 10n * ms;
    member.turn();
    assert.equal(world.sent.at(-1)?.peers[0]?.incarnation, sampleBeat.incarnation);
    world.hear({ sequence: 2 });
    member.turn();
    assert.deepEqual(live(member), [true]);
  });

  test('what was recorded earlier is counted as replayed', () => {
    const world = new ScriptedWorld();
    const member = world.join();
    member.turn();
    world.hear({ sequence: 5 });
    world.hear({ sequence: 5 });
    world.hear({ sequence: 4 });
    member.turn();
    assert.equal(member.snapshot().counters.dropped.replayed, 2);
  });

  test('an incarnation that was followed by another stays dead', () => {
    const world = new ScriptedWorld();
    const member = world.join();
    member.turn();
    world.hear({ incarnation: 1, sequence: 5 });
    world.hear({ incarnation: 2, sequence: 1 });
    world.hear({ incarnation: 1, sequence: 6 }, null);
    member.turn();
    assert.equal(member.snapshot().members[0]?.incarnation, 2);
    assert.equal(member.snapshot().counters.dropped.replayed, 1);
  });

  test('what is not for us is dropped, counted, and told in words', () => {
    const world = new ScriptedWorld();
    const member = world.join();
    const drop = (bytes: Uint8Array): void => {
      world.inbox.push({ from: address, bytes });
    };
    drop(encodeHeartbeat(sampleBeat, 'other', unauthenticated));
    drop(encodeHeartbeat({ ...sampleBeat, minimumVersion: 2 }, clusterId, unauthenticated));
    drop(encodeHeartbeat({ ...sampleBeat, node: 'a' }, clusterId, unauthenticated));
    drop(encodeHeartbeat(sampleBeat, clusterId, unauthenticated).subarray(0, 30));
    drop(Buffer.from('hello there'));
    member.turn();
    const { received, dropped } = member.snapshot().counters;
    assert.equal(received, 5);
    const counted = Object.entries(dropped).filter(([, count]) => count > 0);
    assert.deepEqual(Object.fromEntries(counted), {
      'foreign-cluster': 1,
      'newer-version': 1,
      'own-name': 1,
      truncated: 1,
      'not-a-heartbeat': 1,
    });
    const problems = member.problems().map(({ code }) => code);
    assert.deepEqual(problems, ['joining', 'foreign-cluster', 'newer-version', 'own-name']);
    assert.match(member.problems()[1]?.message ?? '', /Another cluster, "other".*10\.0\.0\.2/u);
  });

  test('a valid signature makes an unknown sender a peer', () => {
    const world = new ScriptedWorld();
    const member = world.join();
    member.turn();
    world.hear({ node: 'c', sequence: 1 });
    member.turn();
    assert.deepEqual(
      member.snapshot().members.map(({ node, live: lives }) => [node, lives]),
      [
        ['b', false],
        ['c', true],
      ],
    );
  });
});

describe('a peer that falls silent', () => {
  const talk = (world: ScriptedWorld, member: SegmentMember): void => {
    let sequence = 0;
    world.pass(member, second, () => {
      sequence += 1;
      world.hear({ sequence });
    });
  };

  test('is asked by ARP five times in the last 50 ms, then taken over from', () => {
    const world = new ScriptedWorld();
    const member = world.join();
    talk(world, member);
    assert.equal(world.held.size, 0, 'we wait for our turn');
    world.pass(member, 300n * ms);
    assert.equal(world.asked, 5);
    world.pass(member, 100n * ms);
    assert.equal(world.held.size, 1024);
  });

  test('is asked all the same by one that woke up too late to ask in time', () => {
    const world = new ScriptedWorld();
    const member = world.join();
    talk(world, member);
    world.pass(member, 200n * ms);
    world.clock += 150n * ms;
    member.turn();
    assert.equal(world.asked, 1);
    assert.deepEqual(live(member), [true]);
    world.pass(member, 40n * ms);
    assert.equal(world.asked, 5);
    assert.equal(world.held.size, 0);
    world.pass(member, 20n * ms);
    assert.deepEqual(live(member), [false]);
    assert.equal(world.held.size, 1024);
  });

  test('stays live while its kernel answers, and that is reported', () => {
    const world = new ScriptedWorld();
    const member = world.join();
    talk(world, member);
    let asked = world.asked;
    world.pass(member, 3n * second, () => {
      if (world.asked > asked) member.echoAnswered(mac);
      asked = world.asked;
    });
    assert.equal(world.held.size, 0);
    assert.deepEqual(live(member), [true]);
    assert.ok(member.problems().some(({ code }) => code === 'heartbeats-blocked'));
  });

  test('that claims an address is live after all, and hears whose it is', () => {
    const world = new ScriptedWorld();
    const member = world.join();
    talk(world, member);
    world.pass(member, second);
    assert.equal(world.held.size, 1024);
    const ours = [...world.held].find((bucket) => {
      member.addressSeen(mac, 0, bucket);
      member.turn();
      return world.calls.includes('reannounce');
    });
    assert.notEqual(ours, undefined);
    assert.deepEqual(live(member), [true]);
    assert.ok(!member.addressSeen(parseMac('02:00:00:00:00:99') as MacAddress, 0, 1));
  });

  test('that was never met, and does not answer, keeps nobody waiting', () => {
    const world = new ScriptedWorld();
    const member = world.join();
    world.pass(member, 320n * ms);
    assert.ok(world.asked >= 5, `${world.asked}`);
    assert.equal(world.held.size, 1024);
    assert.ok(member.alone);
  });

  test('that was never met, but answers, keeps a new node waiting, with a word why', () => {
    const world = new ScriptedWorld();
    const member = world.join();
    let asked = 0;
    world.pass(member, 10n * second, () => {
      if (world.asked > asked) member.echoAnswered(mac);
      asked = world.asked;
    });
    assert.equal(world.held.size, 0);
    const problem = member.problems().find(({ code }) => code === 'never-met');
    assert.match(problem?.message ?? '', /Node b answers ARP.*Allow UDP port 7476/u);
  });
});

describe('leaving', () => {
  test('hands over, says so, and puts the fence into the past', () => {
    const world = new ScriptedWorld();
    const member = world.join();
    let sequence = 0;
    let holdings: Heartbeat['holdings'] = [];
    const talk = (): void => {
      sequence += 1;
      world.hear({ sequence, class: nodeClass.joining, holdings });
    };
    world.pass(member, second, talk);
    assert.equal(world.held.size, 1024);
    member.leave();
    member.turn();
    assert.equal(world.held.size, 1024, 'it answers until another does');
    const all = world.sent.at(-1)?.holdings[0]?.offered ?? bucketSet();
    holdings = [{ announcement: 0, held: all, offered: bucketSet() }];
    world.clock += 10n * ms;
    talk();
    world.pass(member, 20n * ms);
    assert.equal(world.held.size, 0);
    assert.ok(member.left);
    assert.ok(world.fence <= world.clock);
    assert.equal(world.sent.at(-1)?.class, nodeClass.out);
  });

  test('ends after a second even if nobody takes anything', () => {
    const world = new ScriptedWorld();
    const member = world.join();
    world.pass(member, second);
    member.leave();
    world.pass(member, 1100n * ms);
    assert.ok(member.left);
    assert.equal(world.held.size, 0);
  });
});
