import { macToBytes } from '@fairlead/ip';
import { allNodesGroup, arpProbe, broadcastMac, gratuitousArp, multicastMac } from '@fairlead/l2';
import type { TcMode } from '@fairlead/linux';
import assert from 'node:assert/strict';
import { after, before, beforeEach, suite, test } from 'node:test';
import {
  held4,
  watched4,
  free4,
  client4,
  client,
  stranger,
  us,
  sibling,
  echo,
  any4,
  zeroMac,
} from './conformance/cast.ts';
import { ask, arpReply } from './conformance/frames.ts';
import { Stage } from './conformance/stage.ts';

for (const mode of ['tcx', 'clsact'] as const) {
  suite(`what becomes of ARP, attached by ${mode}`, () => rules(mode));
}

function rules(mode: TcMode): void {
  let stage: Stage;
  before(() => {
    stage = new Stage(mode);
  });
  after(() => stage[Symbol.dispose]());
  beforeEach(() => stage.setFence('ahead'));

  test('a request for an address is answered, whether broadcast or to us', () => {
    stage.check({ frame: ask(held4), reply: arpReply(held4) });
    stage.check({ frame: ask(held4, { targetMac: us }), reply: arpReply(held4) });
    const padded = new Uint8Array(60).fill(0xaa);
    padded.set(ask(held4));
    stage.check({ frame: padded, reply: arpReply(held4) });
  });

  test('a request to another MAC or to a group is not ours', () => {
    stage.check({ frame: ask(held4, { targetMac: stranger }) });
    stage.check({ frame: ask(held4, { targetMac: multicastMac(allNodesGroup) }) });
  });

  test('only the entries of this interface count, and only those to be answered', () => {
    stage.check({ frame: ask(free4) });
    stage.check({ frame: ask(watched4) });
  });

  test('the reply goes to the MAC inside the request', () => {
    const frame = ask(held4);
    frame.set(macToBytes(stranger), 6);
    stage.check({ frame, reply: arpReply(held4) });
  });

  test('a probe is answered, so that the prober learns that the address is taken', () => {
    stage.check({ frame: arpProbe(client, held4), reply: arpReply(held4, any4) });
  });

  test('nobody who cannot be answered is', () => {
    for (const senderMac of [zeroMac, broadcastMac, multicastMac(allNodesGroup), us, sibling]) {
      stage.check({ frame: ask(held4, { senderMac }) });
      stage.check({ frame: arpProbe(senderMac, watched4) });
    }
  });

  test('behind the fence nothing is answered', () => {
    const before = stage.maps.counters().fenced;
    stage.check({ frame: ask(held4), fence: 'behind' });
    stage.check({ frame: ask(echo, { targetMac: us }), fence: 'behind' });
    assert.equal(stage.maps.counters().fenced, before + 2n);
  });

  test('an echo is answered to the one that asks us alone', () => {
    stage.check({ frame: ask(echo, { targetMac: us }), reply: arpReply(echo) });
    stage.check({ frame: ask(echo) });
    stage.check({ frame: ask(echo, { targetMac: stranger }) });
    stage.check({ frame: ask(echo, { targetMac: us, senderMac: sibling }) });
  });

  test('the answer to our echo is evidence, ahead of the fence or behind', () => {
    const evidence = { kind: 'echo', address: echo, mac: client } as const;
    const frame = arpReply(echo, client4, us, client);
    stage.check({ frame, evidence });
    stage.check({ frame, evidence, fence: 'behind' });
    stage.check({ frame: arpReply(echo, client4, stranger, client) });
    stage.check({ frame: arpReply(echo, client4, us, sibling) });
  });

  test('whoever speaks from an address claims it; who announces it gets no answer', () => {
    for (const address of [held4, watched4]) {
      const evidence = { kind: 'claim', address, mac: stranger } as const;
      for (const frame of gratuitousArp(stranger, address)) stage.check({ frame, evidence });
      stage.check({ frame: arpReply(address, client4, client, stranger), evidence });
      for (const own of [us, sibling]) {
        for (const frame of gratuitousArp(own, address)) stage.check({ frame });
      }
    }
    for (const frame of gratuitousArp(stranger, free4)) stage.check({ frame });
  });

  test('who claims an address and asks for another is answered as any host is', () => {
    const from = { senderMac: stranger, senderIp: watched4 };
    const evidence = { kind: 'claim', address: watched4, mac: stranger } as const;
    const reply = arpReply(held4, watched4, stranger);
    stage.check({ frame: ask(held4, from), reply, evidence });
    stage.check({ frame: ask(held4, { ...from, targetMac: us }), reply, evidence });
    stage.check({ frame: ask(held4, { ...from, targetMac: sibling }), evidence });
    stage.check({ frame: ask(held4, from), evidence, fence: 'behind' });
    stage.check({ frame: ask(free4, from), evidence });
    const echoed = arpReply(echo, watched4, stranger);
    stage.check({ frame: ask(echo, { ...from, targetMac: us }), reply: echoed, evidence });
    stage.check({ frame: ask(echo, from), evidence });
    const fromHeld = { senderMac: stranger, senderIp: held4 };
    stage.check({
      frame: ask(watched4, fromHeld),
      evidence: { kind: 'claim', address: held4, mac: stranger },
    });
    for (const senderMac of [zeroMac, broadcastMac, multicastMac(allNodesGroup)]) {
      const claims = { ...evidence, mac: senderMac };
      stage.check({ frame: ask(held4, { ...from, senderMac }), evidence: claims });
    }
    for (const own of [us, sibling])
      stage.check({ frame: ask(held4, { ...from, senderMac: own }) });
  });

  test('a probe that we do not answer is evidence', () => {
    const probes = { kind: 'probe', mac: stranger } as const;
    stage.check({
      frame: arpProbe(stranger, watched4),
      evidence: { ...probes, address: watched4 },
    });
    stage.check({
      frame: arpProbe(stranger, held4),
      evidence: { ...probes, address: held4 },
      fence: 'behind',
    });
  });

  test('an ARP packet that is not of IPv4 over Ethernet is not ours', () => {
    const before = stage.maps.counters().malformed;
    for (const offset of [14, 15, 16, 17, 18, 19]) {
      const frame = ask(held4);
      frame[offset] = (frame[offset] ?? 0) + 1;
      stage.check({ frame });
    }
    assert.equal(stage.maps.counters().malformed, before + 6n);
    const frame = ask(held4);
    frame[21] = 3;
    stage.check({ frame });
    for (let length = 14; length < 42; length += 1) {
      stage.check({ frame: ask(held4).subarray(0, length) });
    }
  });
}
