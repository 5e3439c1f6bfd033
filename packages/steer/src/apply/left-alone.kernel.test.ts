import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import * as fc from 'fast-check';
import { checkAgreement } from '../testing/agreement.ts';
import { address } from '../testing/cluster.ts';
import { Fixture } from '../testing/fixture.ts';
import { ourIpv4, planFor, segmentOf, webFlow, webFlow6 } from '../testing/plans.ts';
import type { SteerDriver } from './driver.ts';

describe('what is not steered', () => {
  let fixture: Fixture;
  let driver: SteerDriver;
  before(() => (fixture = new Fixture(['n1', 'n2'])));
  beforeEach(() => {
    driver = fixture.open('n1');
    const segment = segmentOf(fixture.network, 'n1', { n2: {} });
    assert.deepEqual(driver.apply(planFor('n1', { n2: 1 }), [segment]), []);
    assert.equal(fixture.ask('n1', webFlow(1)).host, 'n2', 'all else is');
  });
  afterEach(() => fixture.reset());
  after(() => fixture[Symbol.dispose]());

  /** Sends a frame that must come out at n1 as it is. */
  function isLeftAlone(frame: Uint8Array): void {
    assert.deepEqual(fixture.network.exchange('client', frame), { host: 'n1', frame });
  }

  it('is a fragment of IPv4, the first or another; those of ours are counted', () => {
    const moreFragments = 0x2000;
    for (const fragment of [moreFragments, moreFragments | 185, 185]) {
      isLeftAlone(fixture.frame('n1', webFlow(1), { fragment }));
      isLeftAlone(
        fixture.frame('n1', webFlow(1, { destination: webFlow(1).source }), { fragment }),
      );
    }
    assert.equal(driver.counters().fragments, 3n);
  });

  it('is IPv6 with an extension header', () => {
    const [hopByHop, fragment] = [0, 44];
    for (const nextHeader of [hopByHop, fragment]) {
      const frame = fixture.frame('n1', webFlow6(1));
      frame[20] = nextHeader;
      isLeftAlone(frame);
    }
  });

  it('is IPv6 to an IPv4-mapped address, which our maps would take for IPv4', () => {
    isLeftAlone(fixture.frame('n1', webFlow6(1, { destination: address(`::ffff:${ourIpv4}`) })));
  });

  it('is another protocol: ICMP that is no error, SCTP', () => {
    for (const protocol of [1, 132]) {
      const frame = fixture.frame('n1', webFlow(1));
      frame[23] = protocol;
      isLeftAlone(frame);
    }
  });

  it("is a VLAN's, but a mere priority tag is no VLAN's", () => {
    const tagged = (tag: number) => {
      const frame = fixture.frame('n1', webFlow(1));
      const header = Uint8Array.of(0x81, 0, tag >> 8, tag & 255);
      return Buffer.concat([frame.subarray(0, 12), header, frame.subarray(12)]);
    };
    assert.equal(fixture.network.exchange('client', tagged(5)).host, 'n1');
    assert.equal(fixture.network.exchange('client', tagged(0xe005)).host, 'n1');
    assert.equal(fixture.network.exchange('client', tagged(0xe000)).host, 'n2');
  });

  it('is what is cut short or lies about its length', () => {
    for (const flow of [webFlow(1), webFlow6(1)]) {
      const whole = fixture.frame('n1', flow);
      for (let length = 14; length < whole.length; length++) isLeftAlone(whole.slice(0, length));
    }
    const short = fixture.frame('n1', webFlow(1), { payload: new Uint8Array(40) });
    short[17] = 20 + 19;
    isLeftAlone(short);
    const empty = fixture.frame('n1', webFlow(1));
    empty.fill(0, 16, 18);
    isLeftAlone(empty);
  });

  it('is anything that is not what it should be, byte by byte', () => {
    const flows = [
      webFlow(1),
      webFlow6(1),
      webFlow(1, { protocol: 'UDP', destinationPort: 53 }),
      webFlow6(1, { protocol: 'UDP', destinationPort: 53 }),
    ];
    const seeds = flows.flatMap((flow) => [
      fixture.frame('n1', flow, { payload: new Uint8Array(20) }),
      fixture.error('n1', flow),
    ]);
    const damage = fc.array(
      fc.tuple(fc.integer({ min: 14, max: 115 }), fc.integer({ min: 0, max: 255 })),
      {
        maxLength: 3,
      },
    );
    const frames = fc
      .record({
        seed: fc.constantFrom(...seeds),
        damage,
        length: fc.integer({ min: 14, max: 200 }),
      })
      .map(({ seed, damage, length }) => {
        const frame = seed.slice(0, length);
        for (const [at, byte] of damage) if (at < frame.length) frame[at] = byte;
        return frame;
      });
    fc.assert(
      fc.property(fc.array(frames, { minLength: 500, maxLength: 500 }), (sample) => {
        checkAgreement(fixture.network, sample);
      }),
      { numRuns: 10, endOnFailure: true },
    );
  });
});
