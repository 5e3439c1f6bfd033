import {
  addressFromBytes,
  macToBytes,
  parseAddress,
  parseMac,
  solicitedNodeGroup,
  type IpAddress,
  type MacAddress,
} from '@fairlead/ip';
import {
  allNodesGroup,
  arpProbe,
  arpRequest,
  broadcastMac,
  duplicateAddressProbe,
  encodeArp,
  encodeEthernet,
  encodeNeighbourAdvertisement,
  encodeNeighbourSolicitation,
  etherTypes,
  gratuitousArp,
  multicastMac,
  unsolicitedNeighbourAdvertisement,
} from '@fairlead/l2';
import { monotonicNs, PacketSocket, type TcMode } from '@fairlead/linux';
import { internetChecksum } from '@fairlead/wire';
import * as fc from 'fast-check';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, before, beforeEach, suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ip, layCable, temporaryBpffs, type Cable } from './conformance/cable.ts';
import { judge, type Outcome, type Scene } from './conformance/judge.ts';
import type { Answer, Evidence } from './responder-layout.ts';
import { Responder } from './responder.ts';

const objectPath = fileURLToPath(new URL('../../../dist/bpf/announce.bpf.o', import.meta.url));

const address = (text: string) => parseAddress(text) as IpAddress;
const macOf = (text: string) => parseMac(text) as MacAddress;

const held4 = address('192.0.2.1');
const watched4 = address('192.0.2.2');
const free4 = address('192.0.2.3');
const client4 = address('192.0.2.9');
const echo = address('192.0.0.8');
const held6 = address('2001:db8::5:1');
const watched6 = address('2001:db8::5:2');
const free6 = address('2001:db8::5:3');
const client6 = address('fe80::9');
const any4 = address('0.0.0.0');
const any6 = address('::');
const zeroMac = macOf('00:00:00:00:00:00');
const client = macOf('02:00:00:00:00:09');
const stranger = macOf('02:00:00:00:00:bb');
/** Of another interface of this node, on the same segment. */
const sibling = macOf('02:00:00:00:00:cc');

/** What an example has to say about itself. */
interface Example {
  readonly frame: Uint8Array;
  readonly reply?: Uint8Array;
  readonly evidence?: Outcome['evidence'];
  readonly fence?: 'ahead' | 'behind';
}

for (const mode of ['tcx', 'clsact'] as const) {
  suite(`what becomes of a frame, attached by ${mode}`, () => rules(mode));
}

function rules(mode: TcMode): void {
  let stack: DisposableStack;
  let cable: Cable;
  let responder: Responder;
  let us: MacAddress;
  let entries: Answer[];
  let siblingIndex: number;

  before(() => {
    stack = new DisposableStack();
    const bpffs = stack.use(temporaryBpffs());
    cable = stack.use(layCable());
    const other = stack.use(layCable());
    us = cable.nearMac;
    siblingIndex = other.nearIndex;
    responder = stack.use(
      Responder.open({ objectPath, bpffsDirectory: bpffs.path, attachMode: mode }),
    );
    const faults = responder.setInterfaces([
      { index: cable.nearIndex, mac: us },
      { index: siblingIndex, mac: sibling },
    ]);
    assert.deepEqual(faults, []);
    const interfaceIndex = cable.nearIndex;
    entries = [
      { interfaceIndex, address: held4, mac: us, mode: 'answer' },
      { interfaceIndex, address: watched4, mac: us, mode: 'watch' },
      { interfaceIndex, address: held6, mac: us, mode: 'answer' },
      { interfaceIndex, address: watched6, mac: us, mode: 'watch' },
    ];
    responder.maps.setAnswers([
      ...entries,
      { interfaceIndex: siblingIndex, address: free4, mac: sibling, mode: 'answer' },
      { interfaceIndex: siblingIndex, address: free6, mac: sibling, mode: 'answer' },
    ]);
    responder.maps.storeFence(siblingIndex, monotonicNs() + 3_600_000_000_000n);
  });
  after(() => stack[Symbol.dispose]());
  beforeEach(() => setFence('ahead'));

  function setFence(where: 'ahead' | 'behind'): void {
    const deadline = where === 'ahead' ? monotonicNs() + 3_600_000_000_000n : monotonicNs();
    assert.ok(responder.maps.storeFence(cable.nearIndex, deadline));
  }

  function scene(fenceAhead: boolean): Scene {
    const answers = new Map(entries.map((each) => [each.address, each]));
    return { interfaceMac: us, ownMacs: new Set([us, sibling]), answers, fenceAhead };
  }

  function drain(): Evidence[] {
    const drained: Evidence[] = [];
    responder.maps.drainEvents((each) => drained.push(each));
    return drained;
  }

  /** Sends the frame; it is answered, or goes on to the stack as it came, and never both. */
  function outcomeOf(frame: Uint8Array): Outcome {
    const sentNs = monotonicNs();
    const { reply, passed } = cable.exchange(frame);
    assert.ok((reply === undefined) !== (passed === undefined), frame.subarray(0, 142).toHex());
    if (passed !== undefined) assert.deepEqual(passed, frame);
    const [first, ...more] = drain();
    assert.deepEqual(more, []);
    if (first === undefined) return { reply, evidence: undefined };
    const { kind, address, mac, timeNs, interfaceIndex } = first;
    assert.equal(interfaceIndex, cable.nearIndex);
    assert.ok(timeNs >= sentNs && timeNs <= monotonicNs());
    return { reply, evidence: { kind, address, mac } };
  }

  /** The kernel does what the example says, and so does the model. */
  function check({ frame, reply, evidence, fence = 'ahead' }: Example): void {
    setFence(fence);
    const expected = { reply, evidence };
    assert.deepEqual(hex(outcomeOf(frame)), hex(expected));
    assert.deepEqual(hex(judge(frame, scene(fence === 'ahead'))), hex(expected));
  }

  const ask = (targetIp: IpAddress, more: Partial<Parameters<typeof arpRequest>[0]> = {}) =>
    arpRequest({ senderMac: client, senderIp: client4, targetIp, ...more });
  const arpReply = (senderIp: IpAddress, targetIp = client4, to = client, from = us) =>
    encodeEthernet({
      destination: to,
      source: from,
      etherType: etherTypes.arp,
      payload: encodeArp({
        operation: 'reply',
        senderMac: from,
        senderIp,
        targetMac: to,
        targetIp,
      }),
    });
  const solicit = (
    target: IpAddress,
    more: Partial<{
      source: IpAddress;
      destination: IpAddress;
      sourceMac: MacAddress | undefined;
      from: MacAddress;
      to: MacAddress;
    }> = {},
  ) => {
    const { source = client6, destination = solicitedNodeGroup(target), from = client } = more;
    const { to = multicastMac(solicitedNodeGroup(target)) } = more;
    const sourceMac = 'sourceMac' in more ? more.sourceMac : client;
    const link = { destination: to, source: from };
    return encodeNeighbourSolicitation(link, { source, destination, target, sourceMac });
  };
  const advertisement = (target: IpAddress, destination = client6, to = client) =>
    encodeNeighbourAdvertisement(
      { destination: to, source: us },
      {
        source: target,
        destination,
        target,
        router: false,
        solicited: destination !== allNodesGroup,
        override: true,
        targetMac: us,
      },
    );

  test('a request for an address is answered, whether broadcast or to us', () => {
    check({ frame: ask(held4), reply: arpReply(held4) });
    check({ frame: ask(held4, { targetMac: us }), reply: arpReply(held4) });
    const padded = new Uint8Array(60).fill(0xaa);
    padded.set(ask(held4));
    check({ frame: padded, reply: arpReply(held4) });
  });

  test('a request to another MAC or to a group is not ours', () => {
    check({ frame: ask(held4, { targetMac: stranger }) });
    check({ frame: ask(held4, { targetMac: multicastMac(allNodesGroup) }) });
  });

  test('only the entries of this interface count, and only those to be answered', () => {
    check({ frame: ask(free4) });
    check({ frame: ask(watched4) });
  });

  test('the reply goes to the MAC inside the request', () => {
    const frame = ask(held4);
    frame.set(macToBytes(stranger), 6);
    check({ frame, reply: arpReply(held4) });
  });

  test('a probe is answered, so that the prober learns that the address is taken', () => {
    check({ frame: arpProbe(client, held4), reply: arpReply(held4, any4) });
  });

  test('nobody who cannot be answered is', () => {
    for (const senderMac of [zeroMac, broadcastMac, multicastMac(allNodesGroup), us, sibling]) {
      check({ frame: ask(held4, { senderMac }) });
      check({ frame: arpProbe(senderMac, watched4) });
    }
  });

  test('behind the fence nothing is answered', () => {
    const before = responder.maps.counters().fenced;
    check({ frame: ask(held4), fence: 'behind' });
    check({ frame: ask(echo, { targetMac: us }), fence: 'behind' });
    check({ frame: solicit(held6), fence: 'behind' });
    assert.equal(responder.maps.counters().fenced, before + 3n);
  });

  test('an echo is answered to the one that asks us alone', () => {
    check({ frame: ask(echo, { targetMac: us }), reply: arpReply(echo) });
    check({ frame: ask(echo) });
    check({ frame: ask(echo, { targetMac: stranger }) });
    check({ frame: ask(echo, { targetMac: us, senderMac: sibling }) });
  });

  test('the answer to our echo is evidence, ahead of the fence or behind', () => {
    const evidence = { kind: 'echo', address: echo, mac: client } as const;
    const frame = arpReply(echo, client4, us, client);
    check({ frame, evidence });
    check({ frame, evidence, fence: 'behind' });
    check({ frame: arpReply(echo, client4, stranger, client) });
    check({ frame: arpReply(echo, client4, us, sibling) });
  });

  test('whoever speaks from an address claims it, and gets no answer', () => {
    for (const address of [held4, watched4]) {
      const evidence = { kind: 'claim', address, mac: stranger } as const;
      for (const frame of gratuitousArp(stranger, address)) check({ frame, evidence });
      check({ frame: arpReply(address, client4, client, stranger), evidence });
      const asks = ask(held4, { senderMac: stranger, senderIp: address });
      check({ frame: asks, evidence });
      check({ frame: asks, evidence, fence: 'behind' });
      for (const own of [us, sibling]) {
        for (const frame of gratuitousArp(own, address)) check({ frame });
      }
    }
    for (const frame of gratuitousArp(stranger, free4)) check({ frame });
  });

  test('a probe that we do not answer is evidence', () => {
    const probes = { kind: 'probe', mac: stranger } as const;
    check({
      frame: arpProbe(stranger, watched4),
      evidence: { ...probes, address: watched4 },
    });
    check({
      frame: arpProbe(stranger, held4),
      evidence: { ...probes, address: held4 },
      fence: 'behind',
    });
    check({
      frame: duplicateAddressProbe(stranger, watched6),
      evidence: { ...probes, address: watched6 },
    });
    check({
      frame: duplicateAddressProbe(stranger, held6),
      evidence: { ...probes, address: held6 },
      fence: 'behind',
    });
  });

  test('an ARP packet that is not of IPv4 over Ethernet is not ours', () => {
    const before = responder.maps.counters().malformed;
    for (const offset of [14, 15, 16, 17, 18, 19]) {
      const frame = ask(held4);
      frame[offset] = (frame[offset] ?? 0) + 1;
      check({ frame });
    }
    assert.equal(responder.maps.counters().malformed, before + 6n);
    const frame = ask(held4);
    frame[21] = 3;
    check({ frame });
    for (let length = 14; length < 42; length += 1) {
      check({ frame: ask(held4).subarray(0, length) });
    }
  });

  test('a solicitation is answered: to the group, or to us alone', () => {
    check({ frame: solicit(held6), reply: advertisement(held6) });
    check({ frame: solicit(held6, { to: us }), reply: advertisement(held6) });
  });

  test('a neighbour that checks whether we are there is answered, with its MAC or without', () => {
    for (const sourceMac of [client, undefined]) {
      const frame = solicit(held6, { destination: held6, to: us, sourceMac });
      check({ frame, reply: advertisement(held6) });
    }
  });

  test('the answer goes to the link-layer address that the solicitation names', () => {
    check({ frame: solicit(held6, { from: stranger }), reply: advertisement(held6) });
    const reply = advertisement(held6, client6, stranger);
    check({ frame: solicit(held6, { from: stranger, sourceMac: undefined }), reply });
  });

  test('a duplicate address probe is answered to all nodes', () => {
    const all = multicastMac(allNodesGroup);
    const reply = advertisement(held6, allNodesGroup, all);
    check({ frame: duplicateAddressProbe(client, held6), reply });
    // RFC 7527 §4.1: with a nonce.
    const nonce = Uint8Array.of(14, 1, 1, 2, 3, 4, 5, 6);
    check({ frame: withOptions(duplicateAddressProbe(client, held6), nonce), reply });
  });

  test('a solicitation that is not for us is not answered', () => {
    check({ frame: solicit(free6) });
    check({ frame: solicit(watched6) });
    check({ frame: solicit(held6, { to: broadcastMac }) });
    check({ frame: solicit(held6, { to: stranger }) });
    check({ frame: solicit(held6, { destination: held6 }) });
    const groupOfNobody = macOf('33:33:00:05:00:01');
    check({ frame: solicit(held6, { destination: held6, to: groupOfNobody }) });
    check({ frame: solicit(held6, { destination: client6, to: us }) });
    check({
      frame: solicit(held6, { destination: allNodesGroup, to: multicastMac(allNodesGroup) }),
    });
    // An IPv4 entry is not to be had by its IPv4-mapped form.
    const mapped = address('::ffff:192.0.2.1');
    check({ frame: solicit(mapped, { destination: mapped, to: us }) });
  });

  test('nobody who cannot be answered gets an advertisement', () => {
    for (const mac of [zeroMac, broadcastMac, multicastMac(allNodesGroup), us, sibling]) {
      check({ frame: solicit(held6, { sourceMac: mac }) });
      check({ frame: solicit(held6, { sourceMac: undefined, from: mac }) });
    }
    check({ frame: solicit(held6, { source: allNodesGroup }) });
    // RFC 4861 §7.1.1, from ::.
    check({ frame: solicit(held6, { source: any6 }) });
    check({
      frame: solicit(held6, { source: any6, sourceMac: undefined, destination: held6, to: us }),
    });
  });

  test('other options of a solicitation do not matter, as long as they are well-formed', () => {
    const reply = advertisement(held6);
    const link = Uint8Array.of(1, 1, ...macToBytes(client));
    const second = Uint8Array.of(1, 1, ...macToBytes(stranger));
    const bare = solicit(held6, { sourceMac: undefined });
    const unknown = Uint8Array.of(200, 2, ...Array<number>(14).fill(7));
    check({ frame: withOptions(bare, unknown, link), reply });
    check({ frame: withOptions(bare, link, second, unknown), reply });
    check({
      frame: withOptions(bare, Uint8Array.of(2, 2, ...Array<number>(14).fill(7)), link),
      reply,
    });
    check({ frame: withOptions(bare, ...Array<Uint8Array>(3).fill(unknown), link, link), reply });
    // More than the program reads, though well-formed: the price of a bounded loop.
    check({ frame: withOptions(bare, ...Array<Uint8Array>(4).fill(unknown), link) });
  });

  test('RFC 4861 §7.1.1: what a host must discard is not answered', () => {
    const before = responder.maps.counters().malformed;
    const link = Uint8Array.of(1, 1, ...macToBytes(client));
    const bare = solicit(held6, { sourceMac: undefined });
    const broken = [
      withOptions(bare, Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0)),
      withOptions(bare, link, Uint8Array.of(14, 0, 0, 0, 0, 0, 0, 0)),
      withOptions(bare, link, Uint8Array.of(14, 2, 0, 0, 0, 0, 0, 0)),
      withOptions(bare, Uint8Array.of(1, 2, ...Array<number>(14).fill(2))),
      withOptions(bare, link.subarray(0, 5)),
      withByte(bare, 21, 254),
      fixChecksum(withByte(bare, 55, 1)),
      withByte(bare, 57, (bare[57] ?? 0) ^ 1),
      withByte(bare, 14, 0x40),
      withByte(bare, 18, 1),
      withByte(bare, 19, 23),
      fixChecksum(withByte(bare, 19, 4)),
    ];
    for (const frame of broken) check({ frame });
    assert.equal(responder.maps.counters().malformed, before + BigInt(broken.length));
    const whole = solicit(held6);
    for (let length = 14; length < whole.length; length += 1) {
      check({ frame: whole.subarray(0, length) });
    }
  });

  test('extension headers are not looked through', () => {
    const frame = solicit(held6);
    const hopByHop = Uint8Array.of(58, 0, 1, 4, 0, 0, 0, 0);
    const extended = Uint8Array.of(...frame.subarray(0, 54), ...hopByHop, ...frame.subarray(54));
    extended[20] = 0;
    extended[19] = (extended[19] ?? 0) + 8;
    check({ frame: extended });
  });

  test('padding behind a solicitation is no part of it', () => {
    const padded = new Uint8Array(120).fill(0xaa);
    padded.set(solicit(held6));
    check({ frame: padded, reply: advertisement(held6) });
  });

  test('whoever advertises an address claims it', () => {
    for (const address of [held6, watched6]) {
      const evidence = { kind: 'claim', address, mac: stranger } as const;
      const unsolicited = unsolicitedNeighbourAdvertisement(stranger, address, address);
      check({ frame: unsolicited, evidence });
      check({ frame: unsolicited, evidence, fence: 'behind' });
      const bare = encodeNeighbourAdvertisement(
        { destination: us, source: stranger },
        {
          source: address,
          destination: client6,
          target: address,
          router: false,
          solicited: true,
          override: false,
          targetMac: undefined,
        },
      );
      check({ frame: bare, evidence });
      for (const own of [us, sibling]) {
        check({ frame: unsolicitedNeighbourAdvertisement(own, address, address) });
        const proxied = unsolicitedNeighbourAdvertisement(own, address, address);
        proxied.set(macToBytes(stranger), 6);
        check({ frame: proxied });
      }
    }
    check({ frame: unsolicitedNeighbourAdvertisement(stranger, free6, free6) });
    // RFC 4861 §7.1.2: solicited, but to a group.
    const odd = unsolicitedNeighbourAdvertisement(stranger, held6, held6);
    check({ frame: fixChecksum(withByte(odd, 58, 0x60)) });
  });

  test('a frame of a VLAN is not ours, a priority tag does not matter', () => {
    const count = `table netdev tags { chain ingress {
      type filter hook ingress device "${cable.farName}" priority 0;
      vlan pcp 0-7 counter
    }
    }`;
    execFileSync('nft', ['-f', '-'], { input: count });
    for (const [untagged, reply] of [
      [ask(held4), arpReply(held4)],
      [solicit(held6), advertisement(held6)],
    ] as const) {
      // The kernel takes the tag off in any case.
      const foreign = cable.exchange(tagged(untagged, 5));
      assert.deepEqual([foreign.reply, foreign.passed?.toHex()], [undefined, untagged.toHex()]);
      const priority = cable.exchange(tagged(untagged, 0x6000));
      assert.deepEqual([priority.reply?.toHex(), priority.passed], [reply.toHex(), undefined]);
    }
    // As the kernel's own answers, ours have no tag.
    const counted = execFileSync('nft', ['list', 'table', 'netdev', 'tags'], { encoding: 'utf8' });
    assert.match(counted, /counter packets 0 /);
    execFileSync('nft', ['delete', 'table', 'netdev', 'tags']);
  });

  test('a capture at the interface sees the question as it came', () => {
    using capture = new PacketSocket({ interfaceIndex: cable.nearIndex, etherType: 0x0003 });
    for (const [frame, reply] of [
      [ask(held4), arpReply(held4)],
      [solicit(held6), advertisement(held6)],
    ] as const) {
      check({ frame, reply });
      assert.equal(capture.receive()?.frame.toHex(), frame.toHex());
    }
  });

  test('a frame of which the kernel keeps all but the Ethernet header in fragments', () => {
    for (const name of [cable.nearName, cable.farName]) ip(`link set ${name} mtu 9000`);
    for (const [question, reply] of [
      [ask(held4), arpReply(held4)],
      [solicit(held6), advertisement(held6)],
      [ask(free4), undefined],
      [solicit(free6), undefined],
      [withByte(solicit(held6), 20, 17), undefined],
    ] as const) {
      const frame = new Uint8Array(8000);
      frame.set(question);
      check(reply ? { frame, reply } : { frame });
    }
  });

  test('evidence that nobody reads is counted, and the rest goes on', () => {
    const [frame] = gratuitousArp(stranger, held4);
    const before = responder.maps.counters();
    const sent = 3000n;
    for (let count = 0n; count < sent; count += 1n) cable.exchange(frame);
    const { events, eventsDropped } = responder.maps.counters();
    assert.equal(events - before.events + eventsDropped - before.eventsDropped, sent);
    assert.ok(eventsDropped > before.eventsDropped);
    check0(ask(held4), arpReply(held4));
    assert.equal(BigInt(drain().length), events - before.events);
    check({ frame, evidence: { kind: 'claim', address: held4, mac: stranger } });
  });

  function check0(frame: Uint8Array, reply: Uint8Array): void {
    assert.equal(cable.exchange(frame).reply?.toHex(), reply.toHex());
  }

  test('whatever is done to a frame, the kernel and the model agree', () => {
    const [gratuitousRequest, gratuitousReply] = gratuitousArp(stranger, held4);
    const nonce = Uint8Array.of(14, 1, 1, 2, 3, 4, 5, 6);
    const seeds = [
      ask(held4),
      ask(held4, { targetMac: us }),
      ask(echo, { targetMac: us }),
      arpProbe(client, watched4),
      arpProbe(client, held4),
      gratuitousRequest,
      gratuitousReply,
      arpReply(echo, client4, us, client),
      solicit(held6),
      solicit(held6, { destination: held6, to: us }),
      solicit(held6, { destination: held6, to: us, sourceMac: undefined }),
      withOptions(solicit(held6), nonce, nonce),
      duplicateAddressProbe(client, held6),
      duplicateAddressProbe(client, watched6),
      unsolicitedNeighbourAdvertisement(stranger, held6, held6),
    ];
    const pieces = [us, sibling, client, zeroMac, broadcastMac].map(macToBytes);
    const edit = fc.record({
      offset: fc.nat({ max: 110 }),
      bytes: fc.oneof(
        fc.uint8Array({ minLength: 1, maxLength: 2 }),
        fc.constantFrom(...pieces),
        fc.constantFrom(0, 1, 2, 3, 255).map((value) => Uint8Array.of(value)),
      ),
    });
    const hostile = fc
      .record({
        seed: fc.constantFrom(...seeds),
        edits: fc.array(edit, { maxLength: 4 }),
        length: fc.option(fc.integer({ min: 14, max: 200 }), { nil: undefined, freq: 3 }),
        valid: fc.boolean(),
      })
      .map(({ seed, edits, length = seed.length, valid }) => {
        const frame = new Uint8Array(length);
        frame.set(seed.subarray(0, length));
        for (const { offset, bytes } of edits) {
          for (const [index, byte] of bytes.entries()) {
            const at = offset + index;
            // The type stays: only frames of these two come back to the test.
            if (at < length && at !== 12 && at !== 13) frame[at] = byte;
          }
        }
        return valid ? fixChecksum(frame) : frame;
      });
    const kinds = new Map<string, number>();
    fc.assert(
      fc.property(hostile, fc.constantFrom('ahead', 'ahead', 'behind'), (frame, fence) => {
        setFence(fence);
        const expected = judge(frame, scene(fence === 'ahead'));
        const kind = expected.reply ? 'reply' : (expected.evidence?.kind ?? 'pass');
        kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
        assert.deepEqual(hex(outcomeOf(frame)), hex(expected));
      }),
      { numRuns: 4000 },
    );
    // Mutations that only ever lead to one end would test nothing.
    for (const kind of ['reply', 'claim', 'probe', 'echo', 'pass']) {
      assert.ok((kinds.get(kind) ?? 0) > 40, `${kind}: ${kinds.get(kind)}`);
    }
    check({ frame: ask(held4), reply: arpReply(held4) });
  });

  test('noise of every length and type leaves the program running', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 14, maxLength: 1500 }), (frame) => {
        cable.send(frame);
      }),
      { numRuns: 1000 },
    );
    while (cable.exchange(ask(free4)).passed?.toHex() !== ask(free4).toHex());
    while (cable.received() !== undefined);
    drain();
    check({ frame: ask(held4), reply: arpReply(held4) });
  });

  test('a thousand addresses of each family', () => {
    const interfaceIndex = cable.nearIndex;
    const many = Array.from({ length: 1000 }, (_, index) => {
      const tail = [index >> 8, index & 0xff];
      return [
        addressFromBytes(Uint8Array.of(198, 18, ...tail)),
        addressFromBytes(
          Uint8Array.of(0x20, 1, 0xd, 0xb8, 0, 6, ...Array<number>(8).fill(0), ...tail),
        ),
      ] as const;
    });
    const wanted = many.flat().map((address): Answer => {
      return { interfaceIndex, address, mac: us, mode: 'answer' };
    });
    const previous = responder.maps.answers();
    responder.maps.setAnswers([...previous, ...wanted]);
    assert.equal(responder.maps.answers().length, previous.length + wanted.length);
    for (const [ipv4, ipv6] of many) {
      check0(ask(ipv4), arpReply(ipv4));
      check0(solicit(ipv6), advertisement(ipv6));
    }
    responder.maps.setAnswers(previous);
    assert.deepEqual(byAddress(responder.maps.answers()), byAddress(previous));
    check({ frame: ask(many[0]?.[0] ?? held4) });
  });

  test('one entry at a time', () => {
    const { maps } = responder;
    const interfaceIndex = cable.nearIndex;
    const added = address('192.0.2.77');
    maps.answer(interfaceIndex, added, us, 'answer');
    check0(ask(added), arpReply(added));
    maps.answer(interfaceIndex, added, stranger, 'answer');
    check0(ask(added), arpReply(added, client4, client, stranger));
    maps.answer(interfaceIndex, added, us, 'watch');
    assert.equal(cable.exchange(ask(added)).reply, undefined);
    assert.ok(maps.remove(interfaceIndex, added));
    assert.ok(!maps.remove(interfaceIndex, added));
    check({ frame: arpProbe(stranger, added) });
  });
}

function hex({ reply, evidence }: Outcome): object {
  return { reply: reply?.toHex(), evidence };
}

function byAddress(answers: readonly Answer[]): Answer[] {
  return answers.toSorted((a, b) => (a.address < b.address ? -1 : 1));
}

function withByte(frame: Uint8Array, offset: number, value: number): Uint8Array {
  const changed = frame.slice();
  changed[offset] = value;
  return changed;
}

/** The solicitation or advertisement with these options behind those it has. */
function withOptions(frame: Uint8Array, ...options: readonly Uint8Array[]): Uint8Array {
  const longer = new Uint8Array(Buffer.concat([frame, ...options]));
  new DataView(longer.buffer).setUint16(18, longer.length - 54);
  return fixChecksum(longer);
}

/** The frame with the right ICMPv6 checksum, where it is one of ICMPv6. */
function fixChecksum(frame: Uint8Array): Uint8Array {
  const fixed = frame.slice();
  const view = new DataView(fixed.buffer);
  if (fixed.length < 78 || view.getUint16(12) !== etherTypes.ipv6) return fixed;
  const length = view.getUint16(18);
  if (54 + length > fixed.length) return fixed;
  view.setUint16(56, 0);
  const lengthAndType = Uint8Array.of(0, 0, length >> 8, length & 0xff, 0, 0, 0, 58);
  const parts = [fixed.subarray(22, 54), lengthAndType, fixed.subarray(54, 54 + length)];
  view.setUint16(56, internetChecksum(parts));
  return fixed;
}

function tagged(frame: Uint8Array, control: number): Uint8Array {
  const tag = [0x81, 0x00, control >> 8, control & 0xff];
  return Uint8Array.of(...frame.subarray(0, 12), ...tag, ...frame.subarray(12));
}
