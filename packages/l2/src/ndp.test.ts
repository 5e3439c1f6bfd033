import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { addressToBytes, type IpAddress } from '@fairlead/ip';
import * as fc from 'fast-check';
import { decodeEthernet } from './ethernet.ts';
import { encodeIcmpv6 } from './icmpv6.ts';
import {
  decodeNdp,
  encodeNeighbourAdvertisement,
  encodeNeighbourSolicitation,
  type NdpMessage,
} from './ndp.ts';
import { bytesOf, captured, first, ndpMessages, second } from './test-frames.ts';

type Frame = keyof typeof captured;

function packetOf(frame: Frame): Uint8Array {
  return decodeEthernet(bytesOf(captured[frame])).payload;
}

function encode(message: NdpMessage): Uint8Array {
  const link = { destination: second, source: first };
  return message.kind === 'solicitation'
    ? encodeNeighbourSolicitation(link, message)
    : encodeNeighbourAdvertisement(link, message);
}

describe('a neighbour solicitation', () => {
  it('is read', () => {
    assert.deepEqual(decodeNdp(packetOf('solicitation')), {
      kind: 'solicitation',
      source: '2001:db8::1',
      destination: 'ff02::1:ff00:2',
      target: '2001:db8::2',
      sourceMac: first,
    });
  });

  it('is read from ::, its nonce skipped', () => {
    assert.deepEqual(decodeNdp(packetOf('duplicateAddressProbe')), {
      kind: 'solicitation',
      source: '::',
      destination: 'ff02::1:ff00:1',
      target: '2001:db8::1',
      sourceMac: undefined,
    });
  });

  it('is written as the kernel writes it', () => {
    const frame = bytesOf(captured.solicitation);
    const message = decodeNdp(packetOf('solicitation'));
    assert.ok(message.kind === 'solicitation');
    assert.deepEqual(encodeNeighbourSolicitation(decodeEthernet(frame), message), frame);
  });
});

describe('a neighbour advertisement', () => {
  it('is read', () => {
    assert.deepEqual(decodeNdp(packetOf('advertisement')), {
      kind: 'advertisement',
      source: '2001:db8::2',
      destination: '2001:db8::1',
      target: '2001:db8::2',
      router: false,
      solicited: true,
      override: true,
      targetMac: second,
    });
  });

  it('is read when nobody asked', () => {
    const message = decodeNdp(packetOf('unsolicitedAdvertisement'));
    assert.ok(message.kind === 'advertisement');
    assert.equal(message.destination, 'ff02::1');
    assert.equal(message.solicited, false);
    assert.equal(message.override, true);
  });

  it('is written as the kernel writes it', () => {
    for (const name of ['advertisement', 'unsolicitedAdvertisement'] as const) {
      const message = decodeNdp(packetOf(name));
      assert.ok(message.kind === 'advertisement');
      const link = decodeEthernet(bytesOf(captured[name]));
      assert.deepEqual(encodeNeighbourAdvertisement(link, message), bytesOf(captured[name]));
    }
  });
});

describe('the flags of an advertisement', () => {
  const none = { router: false, solicited: false, override: false };
  const cases = [
    [none, 0],
    [{ ...none, router: true }, 0x80],
    [{ ...none, solicited: true }, 0x40],
    [{ ...none, override: true }, 0x20],
  ] as const;
  for (const [flags, byte] of cases) {
    it(`are 0x${byte.toString(16)} in the first of four bytes`, () => {
      const message = decodeNdp(packetOf('advertisement'));
      assert.ok(message.kind === 'advertisement');
      const { payload } = decodeEthernet(encode({ ...message, ...flags }));
      assert.deepEqual([...payload.subarray(44, 48)], [byte, 0, 0, 0]);
    });
  }
});

describe('a neighbour discovery message', () => {
  it('comes back from its frame', () => {
    fc.assert(
      fc.property(ndpMessages, (message) => {
        assert.deepEqual(decodeNdp(decodeEthernet(encode(message)).payload), message);
      }),
    );
  });

  it('ends where its header says, whatever pads the frame', () => {
    fc.assert(
      fc.property(ndpMessages, fc.uint8Array({ maxLength: 20 }), (message, padding) => {
        const { payload } = decodeEthernet(encode(message));
        assert.deepEqual(decodeNdp(Buffer.concat([payload, padding])), message);
      }),
    );
  });

  it('is refused with any byte changed that its checksum covers', () => {
    // Not covered: class, flow label (0 to 3) and, not protected but checked, the hop limit (7).
    // A changed length (4, 5) moves the end, too: it is tried below.
    const covered = fc.integer({ min: 6, max: 63 });
    fc.assert(
      fc.property(ndpMessages, covered, fc.integer({ min: 1, max: 255 }), (message, at, flip) => {
        const { payload } = decodeEthernet(encode(message));
        const changed = payload.with(at, (payload[at] ?? 0) ^ flip);
        const code = at === 6 ? 'not-icmpv6' : at === 7 ? 'bad-hop-limit' : 'bad-checksum';
        assert.throws(() => decodeNdp(changed), { name: 'ProtocolError', code });
      }),
    );
  });

  it('carries IPv6 only', () => {
    const v4 = '192.0.2.1' as IpAddress;
    const message = decodeNdp(packetOf('solicitation'));
    assert.throws(() => encode({ ...message, source: v4 }), /IPv6 address is wanted, not 192/u);
    assert.throws(() => encode({ ...message, target: v4 }), RangeError);
  });
});

describe('what RFC 4861 §7.1 discards', () => {
  const cases: readonly [string, Uint8Array, string, number][] = [
    ['IPv4', packetOf('solicitation').with(0, 0x45), 'bad-ip-version', 0],
    ['extension headers', packetOf('multicastReport'), 'not-icmpv6', 6],
    ['another message', packetOf('routerSolicitation'), 'unknown-type', 40],
    ['a hop limit of 254', packetOf('solicitation').with(7, 254), 'bad-hop-limit', 7],
    ['a wrong checksum', packetOf('solicitation').with(42, 0), 'bad-checksum', 42],
    ['a code', crafted({ code: 1 }), 'bad-code', 41],
    ['a length beyond the end', packetOf('solicitation').with(5, 33), 'truncated', 40],
    ['no room for a checksum', packetOf('solicitation').with(5, 3), 'truncated', 40],
    ['nothing behind its checksum', crafted({ cut: 4 }), 'truncated', 44],
    ['no room for the target', crafted({ cut: 23 }), 'truncated', 48],
    ['a group as the target', crafted({ target: 'ff02::1' }), 'multicast-target', 48],
    ['an option of length 0', crafted({ options: '0e00000000000000' }), 'empty-option', 64],
    ['an option cut off', crafted({ options: '0101aabbcc' }), 'truncated', 66],
    ['an option without a length', crafted({ options: '01' }), 'truncated', 65],
    [
      'a longer link-layer address',
      crafted({ options: `0102${'00'.repeat(14)}` }),
      'bad-option-length',
      64,
    ],
    ['a unicast probe from ::', crafted({ source: '::' }), 'bad-duplicate-address-probe', 24],
    [
      'a link-layer address from ::',
      crafted({ source: '::', destination: 'ff02::1:ff00:2', options: '0101020000000001' }),
      'bad-duplicate-address-probe',
      64,
    ],
    [
      'a solicited advertisement to a group',
      crafted({ type: 136, flags: 0x40, destination: 'ff02::1' }),
      'solicited-multicast',
      44,
    ],
  ];
  for (const [what, packet, code, offset] of cases) {
    it(`is refused: ${what}`, () => {
      assert.throws(() => decodeNdp(packet), { name: 'ProtocolError', code, offset });
    });
  }

  it('does not hold for what only looks alike', () => {
    const duplicate = crafted({ options: '01010200000000010101020000000002' });
    const message = decodeNdp(duplicate);
    assert.equal(message.kind === 'solicitation' && message.sourceMac, first);
    const twice = decodeNdp(crafted({ type: 136, options: '02010200000000010201020000000002' }));
    assert.equal(twice.kind === 'advertisement' && twice.targetMac, first);
    const unknown = decodeNdp(
      crafted({ options: 'fe0200000000000000000000000000000101020000000001' }),
    );
    assert.equal(unknown.kind === 'solicitation' && unknown.sourceMac, first);
    const reserved = decodeNdp(crafted({ type: 136, flags: 0x1f, destination: 'ff02::1' }));
    assert.equal(reserved.kind === 'advertisement' && reserved.solicited, false);
    const stranger = decodeNdp(crafted({ options: '0201020000000001' }));
    assert.equal(stranger.kind === 'solicitation' && stranger.sourceMac, undefined);
  });
});

interface Crafted {
  readonly type?: number;
  readonly code?: number;
  readonly flags?: number;
  readonly source?: string;
  readonly destination?: string;
  readonly target?: string;
  /** Hexadecimal. */
  readonly options?: string;
  /** Bytes of the message to keep. */
  readonly cut?: number;
}

/** A packet with a right checksum whatever else is wrong. */
function crafted({
  type = 135,
  code = 0,
  flags = 0,
  source = '2001:db8::1',
  destination = '2001:db8::2',
  target = '2001:db8::2',
  options = '',
  cut = 1500,
}: Crafted): Uint8Array {
  const message = Buffer.concat([
    Uint8Array.of(type, code, 0, 0, flags, 0, 0, 0),
    addressToBytes(target as IpAddress),
    Uint8Array.fromHex(options),
  ]);
  const addresses = { source: source as IpAddress, destination: destination as IpAddress };
  return encodeIcmpv6({ ...addresses, hopLimit: 255, message: message.subarray(0, cut) });
}
