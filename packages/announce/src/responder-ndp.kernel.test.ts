import { macToBytes, parseAddress, parseMac, type IpAddress, type MacAddress } from '@fairlead/ip';
import {
  allNodesGroup,
  broadcastMac,
  duplicateAddressProbe,
  encodeNeighbourAdvertisement,
  multicastMac,
  unsolicitedNeighbourAdvertisement,
} from '@fairlead/l2';
import type { TcMode } from '@fairlead/linux';
import assert from 'node:assert/strict';
import { after, before, beforeEach, suite, test } from 'node:test';
import {
  held6,
  watched6,
  free6,
  client6,
  client,
  stranger,
  us,
  sibling,
  any6,
  zeroMac,
} from './conformance/cast.ts';
import {
  solicit,
  advertisement,
  withByte,
  withOptions,
  withChecksum,
} from './conformance/frames.ts';
import { Stage } from './conformance/stage.ts';

for (const mode of ['tcx', 'clsact'] as const) {
  suite(`what becomes of neighbour discovery, attached by ${mode}`, () => rules(mode));
}

function rules(mode: TcMode): void {
  let stage: Stage;
  before(() => {
    stage = new Stage(mode);
  });
  after(() => stage[Symbol.dispose]());
  beforeEach(() => stage.setFence('ahead'));

  test('a solicitation is answered: to the group, or to us alone', () => {
    stage.check({ frame: solicit(held6), reply: advertisement(held6) });
    stage.check({ frame: solicit(held6, { to: us }), reply: advertisement(held6) });
  });

  test('a neighbour that checks whether we are there is answered, with its MAC or without', () => {
    for (const sourceMac of [client, undefined]) {
      const frame = solicit(held6, { destination: held6, to: us, sourceMac });
      stage.check({ frame, reply: advertisement(held6) });
    }
  });

  test('the answer goes to the link-layer address that the solicitation names', () => {
    stage.check({ frame: solicit(held6, { from: stranger }), reply: advertisement(held6) });
    const reply = advertisement(held6, client6, stranger);
    stage.check({ frame: solicit(held6, { from: stranger, sourceMac: undefined }), reply });
  });

  test('a duplicate address probe is answered to all nodes', () => {
    const all = multicastMac(allNodesGroup);
    const reply = advertisement(held6, allNodesGroup, all);
    stage.check({ frame: duplicateAddressProbe(client, held6), reply });
    // RFC 7527 §4.1: with a nonce.
    const nonce = Uint8Array.of(14, 1, 1, 2, 3, 4, 5, 6);
    stage.check({ frame: withOptions(duplicateAddressProbe(client, held6), nonce), reply });
  });

  test('a solicitation that is not for us is not answered', () => {
    stage.check({ frame: solicit(free6) });
    stage.check({ frame: solicit(watched6) });
    stage.check({ frame: solicit(held6, { to: broadcastMac }) });
    stage.check({ frame: solicit(held6, { to: stranger }) });
    stage.check({ frame: solicit(held6, { destination: held6 }) });
    const groupOfNobody = parseMac('33:33:00:05:00:01') as MacAddress;
    stage.check({ frame: solicit(held6, { destination: held6, to: groupOfNobody }) });
    stage.check({ frame: solicit(held6, { destination: client6, to: us }) });
    stage.check({
      frame: solicit(held6, { destination: allNodesGroup, to: multicastMac(allNodesGroup) }),
    });
    // An IPv4 entry is not to be had by its IPv4-mapped form.
    const mapped = parseAddress('::ffff:192.0.2.1') as IpAddress;
    stage.check({ frame: solicit(mapped, { destination: mapped, to: us }) });
  });

  test('nobody who cannot be answered gets an advertisement', () => {
    for (const mac of [zeroMac, broadcastMac, multicastMac(allNodesGroup), us, sibling]) {
      stage.check({ frame: solicit(held6, { sourceMac: mac }) });
      stage.check({ frame: solicit(held6, { sourceMac: undefined, from: mac }) });
    }
    // One of our own frames, come back, whatever is inside.
    for (const from of [us, sibling]) stage.check({ frame: solicit(held6, { from }) });
    stage.check({ frame: solicit(held6, { source: allNodesGroup }) });
    // RFC 4861 §7.1.1, from ::.
    stage.check({ frame: solicit(held6, { source: any6 }) });
    stage.check({
      frame: solicit(held6, { source: any6, sourceMac: undefined, destination: held6, to: us }),
    });
  });

  test('other options of a solicitation do not matter, as long as they are well-formed', () => {
    const reply = advertisement(held6);
    const link = Uint8Array.of(1, 1, ...macToBytes(client));
    const second = Uint8Array.of(1, 1, ...macToBytes(stranger));
    const bare = solicit(held6, { sourceMac: undefined });
    const unknown = Uint8Array.of(200, 2, ...Array<number>(14).fill(7));
    stage.check({ frame: withOptions(bare, unknown, link), reply });
    stage.check({ frame: withOptions(bare, link, second, unknown), reply });
    stage.check({
      frame: withOptions(bare, Uint8Array.of(2, 2, ...Array<number>(14).fill(7)), link),
      reply,
    });
    stage.check({
      frame: withOptions(bare, ...Array<Uint8Array>(3).fill(unknown), link, link),
      reply,
    });
    // More than the program reads, though well-formed: the price of a bounded loop.
    stage.check({ frame: withOptions(bare, ...Array<Uint8Array>(4).fill(unknown), link) });
  });

  test('RFC 4861 §7.1.1: what a host must discard is not answered', () => {
    const before = stage.maps.counters().malformed;
    const link = Uint8Array.of(1, 1, ...macToBytes(client));
    const bare = solicit(held6, { sourceMac: undefined });
    const broken = [
      withOptions(bare, Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0)),
      withOptions(bare, link, Uint8Array.of(14, 0, 0, 0, 0, 0, 0, 0)),
      withOptions(bare, link, Uint8Array.of(14, 2, 0, 0, 0, 0, 0, 0)),
      withOptions(bare, Uint8Array.of(1, 2, ...Array<number>(14).fill(2))),
      withOptions(bare, link.subarray(0, 5)),
      withByte(bare, 21, 254),
      withChecksum(withByte(bare, 55, 1)),
      withByte(bare, 57, (bare[57] ?? 0) ^ 1),
      withByte(bare, 14, 0x40),
      withByte(bare, 18, 1),
      withByte(bare, 19, 23),
      withChecksum(withByte(bare, 19, 4)),
    ];
    for (const frame of broken) stage.check({ frame });
    assert.equal(stage.maps.counters().malformed, before + BigInt(broken.length));
    const whole = solicit(held6);
    for (let length = 14; length < whole.length; length += 1) {
      stage.check({ frame: whole.subarray(0, length) });
    }
  });

  test('extension headers are not looked through', () => {
    const frame = solicit(held6);
    const hopByHop = Uint8Array.of(58, 0, 1, 4, 0, 0, 0, 0);
    const extended = Uint8Array.of(...frame.subarray(0, 54), ...hopByHop, ...frame.subarray(54));
    extended[20] = 0;
    extended[19] = (extended[19] ?? 0) + 8;
    stage.check({ frame: extended });
  });

  test('padding behind a solicitation is no part of it', () => {
    const padded = new Uint8Array(120).fill(0xaa);
    padded.set(solicit(held6));
    stage.check({ frame: padded, reply: advertisement(held6) });
  });

  test('whoever advertises an address claims it', () => {
    for (const address of [held6, watched6]) {
      const evidence = { kind: 'claim', address, mac: stranger } as const;
      const unsolicited = unsolicitedNeighbourAdvertisement(stranger, address, address);
      stage.check({ frame: unsolicited, evidence });
      stage.check({ frame: unsolicited, evidence, fence: 'behind' });
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
      stage.check({ frame: bare, evidence });
      for (const own of [us, sibling]) {
        stage.check({ frame: unsolicitedNeighbourAdvertisement(own, address, address) });
        const proxied = unsolicitedNeighbourAdvertisement(own, address, address);
        proxied.set(macToBytes(stranger), 6);
        stage.check({ frame: proxied });
      }
    }
    stage.check({ frame: unsolicitedNeighbourAdvertisement(stranger, free6, free6) });
    // RFC 4861 §7.1.2: solicited, but to a group.
    const odd = unsolicitedNeighbourAdvertisement(stranger, held6, held6);
    stage.check({ frame: withChecksum(withByte(odd, 58, 0x60)) });
  });

  test('behind the fence nothing is answered', () => {
    const before = stage.maps.counters().fenced;
    stage.check({ frame: solicit(held6), fence: 'behind' });
    assert.equal(stage.maps.counters().fenced, before + 1n);
  });

  test('a duplicate address probe that we do not answer is evidence', () => {
    const probes = { kind: 'probe', mac: stranger } as const;
    stage.check({
      frame: duplicateAddressProbe(stranger, watched6),
      evidence: { ...probes, address: watched6 },
    });
    stage.check({
      frame: duplicateAddressProbe(stranger, held6),
      evidence: { ...probes, address: held6 },
      fence: 'behind',
    });
  });
}
