import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseAddress, parseMac, type IpAddress, type MacAddress } from '@fairlead/ip';
import {
  arpProbe,
  arpRequest,
  encodeEthernet,
  encodeNeighbourAdvertisement,
  encodeNeighbourSolicitation,
  encodeUdp,
  etherTypes,
  gratuitousArp,
  unsolicitedNeighbourAdvertisement,
} from '@fairlead/l2';
import * as fc from 'fast-check';
import { meaningOf } from './sighting.ts';

const [one, other] = ['02:00:00:00:00:0a', '02:00:00:00:00:0b'].map(parseMac) as MacAddress[];
const [v4, own4, v6, own6] = ['192.0.2.240', '192.0.2.11', '2001:db8::240', 'fe80::a'].map(
  parseAddress,
) as IpAddress[];
assert.ok(one && other && v4 && own4 && v6 && own6);
const link = { destination: other, source: one };

test('a heartbeat is known by its port, over either family', () => {
  const ports = { sourcePort: 7476, destinationPort: 7476, trafficClass: 0 };
  const payload = new Uint8Array(100);
  for (const [source, destination] of [
    [own4, v4],
    [own6, v6],
  ] as const) {
    const frame = encodeUdp(link, { ...ports, source, destination, payload });
    assert.deepEqual(meaningOf(frame), { meaning: 'heartbeat' });
  }
});

test('gratuitous ARP and unsolicited advertisements announce', () => {
  for (const frame of gratuitousArp(one, v4)) {
    assert.deepEqual(meaningOf(frame), { meaning: 'announcement', address: v4 });
  }
  const advertisement = unsolicitedNeighbourAdvertisement(one, v6, v6);
  assert.deepEqual(meaningOf(advertisement), { meaning: 'announcement', address: v6 });
});

test('requests, probes and solicitations ask; replies answer', () => {
  const asked = { meaning: 'question', address: v4 };
  assert.deepEqual(meaningOf(arpRequest({ senderMac: one, senderIp: own4, targetIp: v4 })), asked);
  assert.deepEqual(meaningOf(arpProbe(one, v4)), asked);
  const solicitation = { source: own6, destination: v6, target: v6, sourceMac: one };
  assert.deepEqual(meaningOf(encodeNeighbourSolicitation(link, solicitation)), {
    meaning: 'question',
    address: v6,
  });
  const flags = { router: false, solicited: true, override: true };
  const advertisement = { source: v6, destination: own6, target: v6, targetMac: one, ...flags };
  assert.deepEqual(meaningOf(encodeNeighbourAdvertisement(link, advertisement)), {
    meaning: 'answer',
    address: v6,
  });
});

test('whatever comes, it means something', () => {
  const types = fc.constantFrom(...Object.values(etherTypes), 0x88cc);
  fc.assert(
    fc.property(types, fc.uint8Array({ maxLength: 120 }), (etherType, payload) => {
      const { meaning } = meaningOf(encodeEthernet({ ...link, etherType, payload }));
      assert.notEqual(meaning, '');
    }),
  );
  assert.equal(meaningOf(new Uint8Array(3)).meaning, 'other');
});
