import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ProtocolError } from '@fairlead/wire';
import * as fc from 'fast-check';
import { decodeAcknowledgement } from './acknowledgement.ts';
import { decodeDefaultGateways } from './default-gateway.ts';
import { decodeInterfaceAddress } from './interface-address.ts';
import {
  decodeMessages,
  encodeMessage,
  MessageFlag,
  MessageType,
  type NetlinkMessage,
} from './message.ts';
import { decodeInterface } from './network-interface.ts';
import { decodeRulesetGeneration } from './ruleset-generation.ts';
import { decodeRulesetChange } from './ruleset-watch.ts';
import { decodeBpfFilter, encodeBpfFilter } from './traffic-control.ts';

/** As Linux 6.18 sent them. Of the link message the attributes that nobody here reads were left out. */
const captured = {
  link:
    '6c0000001000020001000000e0500000000001000400000003100000000000000a00030076657468' +
    '30000000080004007805000008000a00020000000a00010002000000000100001c00120009000100' +
    '76657468000000000b00040062726964676500000800050003000000',
  addresses:
    '4c0000001400020001000000e0500000021880000200000008000100c000020108000200c0000201' +
    '08000300627230000800080080000000' +
    '14000600ffffffffffffffff33d2030033d20300' +
    '480000001400020001000000e05000000a40c000020000001400010020010db8000000000000000000000001' +
    '14000600ffffffffffffffff34d2030034d2030008000800c0000000',
  filters:
    '340000002c00020001000000e0500000000000000200000000000000f2ffffff00030700' +
    '080001006270660008000b0000000000' +
    '740000002c00020001000000e0500000000000000200000034120000f2ffffff00030700' +
    '080001006270660008000b00000000004000020017000700696e67726573732e6270662e6f3a5b74635d0000' +
    '08000b00340100000c000a00b161bd72811055c508000800010000000800090008000000',
  ruleset:
    '3c000000000a000001000000ec500000010000020c000100666f726569676e00' +
    '08000300000000000c00040000000000000000010800020000000000' +
    '2c0000000f0a000001000000ec5000000000000208000100000000020800020000' +
    '0050ec080003006e667400',
  refusal: '240000000200000101000000e0500000edffffff24000000240005060100000000000000',
} as const;

function read(hex: string): NetlinkMessage[] {
  return decodeMessages(Uint8Array.fromHex(hex));
}

test('an interface: a veth end that is a port of a bridge', () => {
  const [link] = read(captured.link).map(decodeInterface);
  assert.deepEqual(link, {
    index: 4,
    name: 'veth0',
    mac: '02:00:00:00:00:01',
    up: true,
    carrier: false,
    loopback: false,
    noArp: false,
    broadcast: true,
    mtu: 1400,
    master: 2,
    parent: 3,
    kind: 'veth',
    slaveKind: 'bridge',
  });
});

test('addresses: one of IPv4, and one of IPv6 that is still checked for duplicates', () => {
  const common = {
    interfaceIndex: 2,
    scope: 'global',
    dadFailed: false,
    deprecated: false,
    linkLocal: false,
  };
  assert.deepEqual(read(captured.addresses).map(decodeInterfaceAddress), [
    { ...common, address: '192.0.2.1', prefixLength: 24, tentative: false },
    { ...common, address: '2001:db8::1', prefixLength: 64, tentative: true },
  ]);
});

test('BPF filters: the head of a priority is passed over', () => {
  assert.deepEqual(read(captured.filters).map(decodeBpfFilter), [
    undefined,
    { interfaceIndex: 2, priority: 7, handle: 0x1234, name: 'ingress.bpf.o:[tc]', programId: 308 },
  ]);
});

test('a BPF filter that we ask for has its place in the header, as the kernel lists it', () => {
  const place = { interfaceIndex: 2, priority: 7, handle: 0x1234 };
  const payload = encodeBpfFilter(place, 5, 'steer');
  const [message] = decodeMessages(encodeMessage(44, 0, 1, payload));
  assert.ok(message);
  assert.deepEqual(decodeBpfFilter(message), { ...place, name: 'steer', programId: 0 });
  assert.deepEqual(
    read(captured.filters)[1]?.payload.subarray(0, 20).toHex(),
    payload.subarray(0, 20).toHex(),
  );
});

test('a transaction of nft: only the message that ends it counts', () => {
  assert.deepEqual(read(captured.ruleset).map(decodeRulesetGeneration), [
    undefined,
    { id: 2, threadId: 20716, threadName: 'nft' },
  ]);
});

test('a transaction of nft: what it did', () => {
  assert.deepEqual(read(captured.ruleset).map(decodeRulesetChange), [
    { table: 'inet foreign', chain: undefined, hooked: false },
    undefined,
  ]);
});

test('a refusal: ENODEV, with and without words', () => {
  assert.deepEqual(read(captured.refusal).map(decodeAcknowledgement), [
    { error: 19, text: undefined },
  ]);
  const message = encodeMessage(
    MessageType.error,
    MessageFlag.capped | MessageFlag.extended,
    1,
    Uint8Array.fromHex('edffffff240000002400050601000000000000000c0001006e6f207375636800'),
  );
  assert.deepEqual(decodeMessages(message).map(decodeAcknowledgement), [
    { error: 19, text: 'no such' },
  ]);
});

test('a refusal that claims to quote more than there is, or than fits into 31 bits', () => {
  for (const quoted of ['25000000', 'ffffff7f', '00000080', 'ffffffff']) {
    const payload = Uint8Array.fromHex(`edffffff${quoted}240005060100000000000000`);
    const [message] = decodeMessages(
      encodeMessage(MessageType.error, MessageFlag.extended, 1, payload),
    );
    assert.ok(message);
    assert.throws(
      () => decodeAcknowledgement(message),
      (error) => error instanceof ProtocolError && error.code === 'truncated-message',
      quoted,
    );
  }
});

const decoders: readonly ((message: NetlinkMessage) => unknown)[] = [
  decodeInterface,
  decodeInterfaceAddress,
  decodeDefaultGateways,
  decodeBpfFilter,
  decodeRulesetGeneration,
  decodeRulesetChange,
  decodeAcknowledgement,
];

/** Whatever the bytes, every decoder returns or throws ProtocolError with an offset inside them. */
function decodeAll(bytes: Uint8Array): void {
  try {
    for (const message of decodeMessages(bytes)) {
      for (const decode of decoders) {
        try {
          decode(message);
        } catch (error) {
          assert.ok(error instanceof ProtocolError, String(error));
          assert.ok(error.offset >= 0 && error.offset <= bytes.length, error.message);
        }
      }
    }
  } catch (error) {
    assert.ok(error instanceof ProtocolError, String(error));
  }
}

test('arbitrary bytes', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), decodeAll), { numRuns: 1000 });
  const payload = fc.uint8Array({ maxLength: 200 });
  fc.assert(
    fc.property(fc.nat(0xffff), fc.nat(0xffff), payload, (type, flags, payload) =>
      decodeAll(encodeMessage(type, flags, 1, payload)),
    ),
    { numRuns: 1000 },
  );
});

test('real messages with bytes changed or cut off', () => {
  const originals = Object.values(captured).map((hex) => Uint8Array.fromHex(hex));
  const change = fc.tuple(fc.nat(), fc.nat(255));
  fc.assert(
    fc.property(
      fc.constantFrom(...originals),
      fc.array(change, { maxLength: 4 }),
      fc.nat(),
      (original, changes, cut) => {
        const bytes = original.slice(0, cut % 4 === 0 ? cut % original.length : original.length);
        for (const [at, value] of changes) {
          bytes[at % Math.max(1, bytes.length)] = value;
        }
        decodeAll(bytes);
      },
    ),
    { numRuns: 3000 },
  );
});

test('every proper prefix of a message is refused', () => {
  const [first] = read(captured.addresses);
  assert.ok(first);
  const whole = encodeMessage(first.type, first.flags, first.sequence, first.payload);
  for (let length = 1; length < whole.length; length += 1) {
    assert.throws(() => decodeMessages(whole.subarray(0, length)), ProtocolError);
  }
});
