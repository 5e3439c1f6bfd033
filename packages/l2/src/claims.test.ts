import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { IpAddress } from '@fairlead/ip';
import { decodeArp } from './arp.ts';
import {
  arpProbe,
  arpRequest,
  duplicateAddressProbe,
  gratuitousArp,
  unsolicitedNeighbourAdvertisement,
} from './claims.ts';
import { decodeEthernet } from './ethernet.ts';
import { decodeNdp } from './ndp.ts';
import { captured, first, second } from './test-frames.ts';

const firstIp = '192.0.2.1' as IpAddress;
const secondIp = '192.0.2.2' as IpAddress;

describe('ARP questions and claims', () => {
  it('ask all for an address, byte for byte as the kernel does', () => {
    const frame = arpRequest({ senderMac: first, senderIp: firstIp, targetIp: secondIp });
    assert.equal(frame.toHex(), captured.arpRequest);
  });

  it('ask one host alone', () => {
    const frame = arpRequest({
      senderMac: first,
      senderIp: firstIp,
      targetIp: '192.0.0.8' as IpAddress,
      targetMac: second,
    });
    const { destination, payload } = decodeEthernet(frame);
    assert.equal(destination, second);
    assert.deepEqual(decodeArp(payload), {
      operation: 'request',
      senderMac: first,
      senderIp: firstIp,
      targetMac: '00:00:00:00:00:00',
      targetIp: '192.0.0.8',
    });
  });

  it('probe without touching caches, byte for byte as arping does', () => {
    assert.equal(arpProbe(first, secondIp).toHex(), captured.arpProbe.slice(0, 84));
  });

  it('claim by a request, byte for byte as the kernel does, and by a reply', () => {
    const [request, reply] = gratuitousArp(second, secondIp);
    assert.equal(request.toHex(), captured.arpAnnouncement);
    assert.equal(
      reply.toHex(),
      'ffffffffffff02000000000208060001080006040002020000000002c0000202020000000002c0000202',
    );
  });
});

describe('NDP questions and claims', () => {
  it('claim by an advertisement, byte for byte as the kernel does', () => {
    const ip = 'fe80::ff:fe00:2' as IpAddress;
    const frame = unsolicitedNeighbourAdvertisement(second, ip, ip);
    assert.equal(frame.toHex(), captured.unsolicitedAdvertisement);
  });

  it('claim another address than that of the interface', () => {
    const source = 'fe80::1' as IpAddress;
    const frame = unsolicitedNeighbourAdvertisement(second, source, '2001:db8::9' as IpAddress);
    const message = decodeNdp(decodeEthernet(frame).payload);
    assert.equal(message.source, 'fe80::1');
    assert.equal(message.target, '2001:db8::9');
  });

  it('probe from :: at the group of the address, as the kernel does but for its nonce', () => {
    const frame = duplicateAddressProbe(first, '2001:db8::1' as IpAddress);
    const kernels = Uint8Array.fromHex(captured.duplicateAddressProbe);
    const ours = decodeEthernet(frame);
    assert.equal(ours.destination, '33:33:ff:00:00:01');
    assert.equal(ours.source, first);
    assert.deepEqual(decodeNdp(ours.payload), decodeNdp(decodeEthernet(kernels).payload));
    assert.equal(frame.length, kernels.length - 8);
  });
});
