import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseAddress, parseMac } from '@fairlead/ip';
import {
  arpRequest,
  encodeArp,
  encodeEthernet,
  encodeNeighbourAdvertisement,
  encodeNeighbourSolicitation,
  etherTypes,
  gratuitousArp,
  multicastMac,
  unsolicitedNeighbourAdvertisement,
} from '@fairlead/l2';
import * as fc from 'fast-check';
import { observe } from './observation.ts';

const me = parseMac('02:00:00:00:00:01')!;
const owner = parseMac('02:00:00:00:00:0a')!;
const [v4, myV4] = ['192.0.2.240', '192.0.2.100'].map((text) => parseAddress(text)!) as [
  never,
  never,
];
const [v6, ownerV6, myV6] = ['2001:db8::240', 'fe80::a', 'fe80::1'].map((text) =>
  parseAddress(text)!,
) as [never, never, never];

test('a reply to the observer is an answer', () => {
  const payload = encodeArp({
    operation: 'reply',
    senderMac: owner,
    senderIp: v4,
    targetMac: me,
    targetIp: myV4,
  });
  const frame = encodeEthernet({
    destination: me,
    source: owner,
    etherType: etherTypes.arp,
    payload,
  });
  assert.deepEqual(observe(frame, 7, me), { kind: 'answer', atMs: 7, address: v4, mac: owner });
});

test('gratuitous ARP in either form is a claim', () => {
  const forms = gratuitousArp(owner, v4).map((frame) => observe(frame, 7, me));
  const claim = { kind: 'claim', atMs: 7, address: v4, mac: owner };
  assert.deepEqual(forms, [
    { ...claim, form: 'arp-request' },
    { ...claim, form: 'arp-reply' },
  ]);
});

test('who asks in the name of an address claims it', () => {
  const request = arpRequest({ senderMac: owner, senderIp: v4, targetIp: myV4 });
  assert.equal(observe(request, 7, me)?.address, v4);
  const group = parseAddress('ff02::1:ff00:1')!;
  const solicitation = encodeNeighbourSolicitation(
    { destination: multicastMac(group), source: owner },
    { source: v6, destination: group, target: myV6, sourceMac: owner },
  );
  const form = 'neighbour-solicitation';
  assert.deepEqual(observe(solicitation, 7, me), {
    kind: 'claim',
    atMs: 7,
    address: v6,
    mac: owner,
    form,
  });
});

test('a solicited advertisement to the observer is an answer, an unsolicited one a claim', () => {
  const solicited = encodeNeighbourAdvertisement(
    { destination: me, source: owner },
    {
      source: ownerV6,
      destination: myV6,
      target: v6,
      router: false,
      solicited: true,
      override: true,
      targetMac: owner,
    },
  );
  const answer = { kind: 'answer', atMs: 7, address: v6, mac: owner };
  assert.deepEqual(observe(solicited, 7, me), answer);
  const unsolicited = unsolicitedNeighbourAdvertisement(owner, ownerV6, v6);
  const claim = {
    kind: 'claim',
    atMs: 7,
    address: v6,
    mac: owner,
    form: 'neighbour-advertisement',
  };
  assert.deepEqual(observe(unsolicited, 7, me), claim);
});

test('no frame, however broken, stops the observer', () => {
  const header = fc.constantFrom([0x08, 0x06], [0x86, 0xdd], [0x08, 0x00]);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), header, (bytes, type) => {
      if (bytes.length >= 14) bytes.set(type, 12);
      observe(bytes, 0, me);
    }),
  );
});
