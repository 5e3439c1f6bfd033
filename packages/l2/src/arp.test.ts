import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { IpAddress, MacAddress } from '@fairlead/ip';
import * as fc from 'fast-check';
import { decodeArp, encodeArp } from './arp.ts';
import { decodeEthernet } from './ethernet.ts';
import { arpPackets, bytesOf, captured, first, second } from './test-frames.ts';

describe('an ARP packet', () => {
  it('is read: a request', () => {
    assert.deepEqual(decodeArp(decodeEthernet(bytesOf(captured.arpRequest)).payload), {
      operation: 'request',
      senderMac: first,
      senderIp: '192.0.2.1',
      targetMac: '00:00:00:00:00:00',
      targetIp: '192.0.2.2',
    });
  });

  it('is read: a reply', () => {
    assert.deepEqual(decodeArp(decodeEthernet(bytesOf(captured.arpReply)).payload), {
      operation: 'reply',
      senderMac: second,
      senderIp: '192.0.2.2',
      targetMac: first,
      targetIp: '192.0.2.1',
    });
  });

  it('is read: a probe, with the padding behind it', () => {
    const { payload } = decodeEthernet(bytesOf(captured.arpProbe));
    assert.equal(payload.length, 44);
    const probe = decodeArp(payload);
    assert.equal(probe.senderIp, '0.0.0.0');
    assert.equal(probe.targetIp, '192.0.2.2');
  });

  it('is written as the kernel writes it', () => {
    const reply = encodeArp({
      operation: 'reply',
      senderMac: second,
      senderIp: '192.0.2.2' as IpAddress,
      targetMac: first,
      targetIp: '192.0.2.1' as IpAddress,
    });
    assert.equal(reply.toHex(), captured.arpReply.slice(28));
  });

  it('comes back from its bytes', () => {
    fc.assert(
      fc.property(arpPackets, (packet) => {
        assert.deepEqual(decodeArp(encodeArp(packet)), packet);
      }),
    );
  });

  const broken = [
    ['another hardware type', 1, 6, 'bad-hardware-type', 0, 'hardware-type 6, not 1'],
    ['another protocol', 3, 0xdd, 'bad-protocol-type', 2, 'protocol-type 2269, not 2048'],
    ['a longer hardware address', 4, 8, 'bad-hardware-length', 4, 'hardware-length 8, not 6'],
    ['a longer protocol address', 5, 16, 'bad-protocol-length', 5, 'protocol-length 16, not 4'],
    ['operation 0', 7, 0, 'unknown-operation', 6, 'operation 0, not 1 or 2'],
    ['a reverse request', 7, 3, 'unknown-operation', 6, 'operation 3, not 1 or 2'],
  ] as const;
  for (const [what, at, value, code, offset, detail] of broken) {
    it(`is refused with ${what}`, () => {
      const bytes = decodeEthernet(bytesOf(captured.arpRequest)).payload.with(at, value);
      assert.throws(() => decodeArp(bytes), { name: 'ProtocolError', code, offset, detail });
    });
  }

  it('is refused when cut off', () => {
    const { payload } = decodeEthernet(bytesOf(captured.arpRequest));
    for (let length = 0; length < 28; length++) {
      assert.throws(() => decodeArp(payload.subarray(0, length)), { code: 'truncated', offset: 0 });
    }
  });

  it('carries IPv4 only', () => {
    const mac = '02:00:00:00:00:01' as MacAddress;
    const v6 = '2001:db8::1' as IpAddress;
    const packet = { operation: 'request', senderMac: mac, targetMac: mac } as const;
    assert.throws(
      () => encodeArp({ ...packet, senderIp: v6, targetIp: '192.0.2.1' as IpAddress }),
      /IPv4 addresses, not 2001:db8::1/u,
    );
  });
});
