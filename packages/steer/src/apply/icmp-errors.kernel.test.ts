import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { familyOf, macToBytes } from '@fairlead/ip';
import type { TcMode } from '@fairlead/linux';
import * as fc from 'fast-check';
import type { Flow } from '../flow.ts';
import { checkAgreement } from '../testing/agreement.ts';
import { node } from '../testing/cluster.ts';
import { Fixture } from '../testing/fixture.ts';
import { answerTo, buildPacket, errorTypes, tcpFlags } from '../testing/frames.ts';
import {
  clientFlows,
  datagram,
  ourIpv4,
  ourIpv6,
  planFor,
  segmentOf,
  webFlow,
  webFlow6,
} from '../testing/plans.ts';
import type { SteerDriver } from './driver.ts';

const opening = { flags: tcpFlags.syn };

for (const mode of ['tcx', 'clsact'] as const) {
  describe(`an ICMP error to one of our addresses, attached by ${mode}`, () => errors(mode));
}

function errors(mode: TcMode): void {
  let fixture: Fixture;
  let driver: SteerDriver;
  before(() => (fixture = new Fixture(['n1', 'n2', 'n3'], mode)));
  beforeEach(() => (driver = fixture.open('n1')));
  afterEach(() => fixture.reset());
  after(() => fixture[Symbol.dispose]());

  /** Applies a plan for n1; nothing may be wrong. */
  function steer(pods: Record<string, number>, changes = {}): void {
    const segment = segmentOf(fixture.network, 'n1', { n2: {}, n3: {} });
    assert.deepEqual(driver.apply(planFor('n1', pods, changes), [segment]), []);
  }

  const hostOf = (flow: Flow, options = {}) => fixture.ask('n1', flow, options).host;
  const hostOfError = (flow: Flow, options = {}) => fixture.askAbout('n1', flow, options).host;

  /** Sends a frame that must come out at n1 as it is. */
  function isLeftAlone(frame: Uint8Array): void {
    assert.deepEqual(fixture.network.exchange('client', frame), { host: 'n1', frame });
  }

  for (const [name, flow] of Object.entries(clientFlows)) {
    const family = familyOf(flow.destination);
    const header = family === 4 ? 20 : 40;
    const answer = buildPacket(answerTo(flow));

    describe(`about an answer by ${name}`, () => {
      it('reaches the node with the pod, only the MAC addresses changed', () => {
        steer({ n2: 1 });
        for (const type of errorTypes[family]) {
          const sent = fixture.error('n1', flow, { type });
          const { host, frame } = fixture.network.exchange('client', sent);
          assert.equal(host, 'n2');
          assert.deepEqual(frame.subarray(0, 6), macToBytes(fixture.network.host('n2').mac));
          assert.deepEqual(frame.subarray(6, 12), macToBytes(fixture.network.host('n1').mac));
          assert.deepEqual(frame.subarray(12), sent.subarray(12));
        }
        const { steered } = driver.counters();
        assert.equal(steered.get(node('n2')), BigInt(errorTypes[family].length));
      });

      it('is of the same row as the flow, with session affinity too', () => {
        for (const affinitySeconds of [undefined, 600]) {
          steer({ n1: 1, n2: 1, n3: 1 }, { affinitySeconds });
          const hosts = new Set<string>();
          for (let port = 1; port <= 60; port++) {
            const each = { ...flow, sourcePort: port * 997 };
            const host = hostOf(each);
            assert.equal(hostOfError(each), host);
            hosts.add(host);
          }
          assert.equal(hosts.size, affinitySeconds === undefined ? 3 : 1);
        }
      });

      it('is left alone where it is of another type', () => {
        steer({ n2: 1 });
        const types = Array.from({ length: 256 }, (_, type) => type);
        const others = types.filter((type) => !errorTypes[family].some((error) => error === type));
        for (const type of others) isLeftAlone(fixture.error('n1', flow, { type }));
      });

      it('is left alone where less is quoted than the IP header and 8 bytes', () => {
        steer({ n2: 1 });
        const error = fixture.error('n1', flow);
        for (let length = 14; length < error.length; length++) isLeftAlone(error.slice(0, length));
        for (let length = 0; length <= answer.length; length++) {
          const quoted = answer.slice(0, length);
          if (length >= header + 8) assert.equal(hostOfError(flow, { quoted }), 'n2');
          else isLeftAlone(fixture.error('n1', flow, { quoted }));
          // What lies behind the packet in its frame is not of the packet.
          const padded = Buffer.concat([fixture.error('n1', flow, { quoted }), new Uint8Array(80)]);
          const { host } = fixture.network.exchange('client', padded);
          assert.equal(host, length >= header + 8 ? 'n2' : 'n1');
        }
      });

      it('is left alone where it quotes what did not come from the address', () => {
        steer({ n2: 1 });
        const [own, other] = family === 4 ? [ourIpv4, '198.51.100.9'] : [ourIpv6, '2001:db8:e::9'];
        assert.equal(own, flow.destination);
        const byAnother = buildPacket({ ...answerTo(flow), source: other as Flow['source'] });
        isLeftAlone(fixture.error('n1', flow, { quoted: byAnother }));
        isLeftAlone(fixture.error('n1', flow, { quoted: buildPacket(flow) }));
        // Any byte of the address.
        const [at, width] = family === 4 ? [12, 4] : [8, 16];
        for (let offset = at; offset < at + width; offset++) {
          const quoted = answer.slice();
          quoted[offset]! ^= 1;
          isLeftAlone(fixture.error('n1', flow, { quoted }));
        }
      });

      it('is left alone where it quotes another protocol, version or port', () => {
        steer({ n2: 1 });
        const protocolAt = family === 4 ? 9 : 6;
        for (const protocol of [0, 1, 43, 44, 50, 58, 60, 132]) {
          const quoted = answer.slice();
          quoted[protocolAt] = protocol;
          isLeftAlone(fixture.error('n1', flow, { quoted }));
        }
        const noHeader = family === 4 ? [0x05, 0x40, 0x44, 0x55, 0x65] : [0x00, 0x45, 0x50, 0x70];
        for (const first of noHeader) {
          const quoted = answer.slice();
          quoted[0] = first;
          isLeftAlone(fixture.error('n1', flow, { quoted }));
        }
        const quoted = buildPacket({ ...answerTo(flow), sourcePort: 81 });
        isLeftAlone(fixture.error('n1', flow, { quoted }));
      });

      it('may lie in memory in pieces', () => {
        steer({ n2: 1 });
        const quoted = buildPacket(answerTo(flow), { payload: new Uint8Array(8000).fill(7) });
        const sent = fixture.error('n1', flow, { quoted });
        const { host, frame } = fixture.network.exchange('client', sent);
        assert.equal(host, 'n2');
        assert.deepEqual(frame.subarray(12), sent.subarray(12));
      });
    });
  }

  for (const flow of [clientFlows['TCP over IPv4']!, clientFlows['UDP over IPv4']!]) {
    describe(`about an answer in IPv4, ${flow.protocol}`, () => {
      beforeEach(() => steer({ n2: 1 }));

      it('may quote options, as far as they are there', () => {
        for (const ipv4Options of [4, 20, 40]) {
          const whole = buildPacket(answerTo(flow), { ipv4Options });
          for (let length = 20; length <= whole.length; length++) {
            const host = hostOfError(flow, { quoted: whole.slice(0, length) });
            assert.equal(host, length >= 20 + ipv4Options + 8 ? 'n2' : 'n1');
          }
        }
      });

      it('may quote a first fragment, which has the ports, but no other', () => {
        const quote = (fragment: number) => buildPacket(answerTo(flow), { fragment });
        for (const fragment of [0x2000, 0x4000, 0x8000]) {
          assert.equal(hostOfError(flow, { quoted: quote(fragment) }), 'n2');
        }
        for (const fragment of [1, 185, 0x1fff, 0x2001, 0x3000]) {
          isLeftAlone(fixture.error('n1', flow, { quoted: quote(fragment) }));
        }
      });

      it('is left alone, and counted, where it is a fragment itself', () => {
        for (const fragment of [0x2000, 185]) {
          isLeftAlone(fixture.error('n1', flow, { fragment }));
        }
        assert.equal(driver.counters().fragments, 2n);
      });
    });
  }

  it('is left alone by the other family’s protocol', () => {
    steer({ n2: 1 });
    for (const [flow, at, protocol] of [
      [webFlow(1), 23, 58],
      [webFlow6(1), 20, 1],
    ] as const) {
      const frame = fixture.error('n1', flow, { type: 3 });
      frame[at] = protocol;
      isLeftAlone(frame);
    }
  });

  it('goes where the flow went while the node was silent', () => {
    steer({ n2: 1, n3: 1 });
    const ofN2 = Array.from({ length: 40 }, (_, port) => webFlow(port + 1)).filter(
      (flow) => hostOf(flow) === 'n2',
    );
    const [before, during] = ofN2;
    assert.ok(before !== undefined && during !== undefined);
    driver.setLive(node('n2'), false);
    assert.equal(hostOf(during, opening), 'n3');
    assert.deepEqual([hostOfError(before), hostOfError(during)], ['n2', 'n3']);
    for (let port = 1; port <= 20; port++) {
      assert.equal(hostOfError(webFlow(port, datagram)), hostOf(webFlow(port, datagram)));
    }
    driver.setLive(node('n2'), true);
    assert.deepEqual([hostOfError(before), hostOfError(during)], ['n2', 'n3']);
    assert.equal(hostOf(during), 'n3', 'an error opens nothing');
  });

  it('has one hop only', () => {
    steer({ n2: 1 });
    const { mac: from } = fixture.network.host('n3');
    assert.equal(hostOfError(webFlow(1), { from }), 'n1');
    assert.equal(driver.counters().hopDone, 1n);
  });

  it('is what the specifications say, whatever is done to it', () => {
    steer({ n2: 1 });
    const seeds = Object.values(clientFlows).flatMap((flow) => [
      fixture.error('n1', flow),
      fixture.error('n1', flow, { quoted: buildPacket(answerTo(flow), { ipv4Options: 8 }) }),
    ]);
    const edit = fc.tuple(
      fc.integer({ min: 14, max: 115 }),
      fc.oneof(fc.integer({ min: 0, max: 255 }), fc.constantFrom(1, 3, 6, 17, 0x45, 0x46, 0x60)),
    );
    const frames = fc
      .record({
        seed: fc.constantFrom(...seeds),
        edits: fc.array(edit, { maxLength: 2 }),
        length: fc.option(fc.integer({ min: 14, max: 130 }), { nil: undefined, freq: 3 }),
      })
      .map(({ seed, edits, length = seed.length }) => {
        const frame = seed.slice(0, length);
        for (const [at, byte] of edits) if (at < frame.length) frame[at] = byte;
        return frame;
      });
    let steered = 0;
    fc.assert(
      fc.property(fc.array(frames, { minLength: 500, maxLength: 500 }), (sample) => {
        steered += checkAgreement(fixture.network, sample);
      }),
      { numRuns: 10, endOnFailure: true },
    );
    assert.ok(steered > 500 && steered < 4500, `${steered} of 5000`);
  });
}
