import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseAddress } from '@fairlead/ip';
import { Poller } from '../sockets/poller.ts';
import { UdpSocket } from '../sockets/udp-socket.ts';
import { openDescriptors, shell, temporaryBpffs, temporaryDirectory } from '../test-namespace.ts';
import { BpfObject } from './bpf-object.ts';
import { RingBuffer } from './ring-buffer.ts';
import { attachTcIngress } from './tc-ingress.ts';
import { compileTestObject } from './test-object.ts';

const loopback = 1;

test('records that the kernel writes', () => {
  shell('ip link set lo up');
  using directory = temporaryDirectory();
  using bpffs = temporaryBpffs();
  using object = BpfObject.load(compileTestObject(directory.path, 'ingress'));
  attachTcIngress(loopback, object.program('emit_records'), join(bpffs.path, 'link'));
  using ring = new RingBuffer(object.map('events'));
  using socket = new UdpSocket({ family: 4, port: 0, receiveBuffer: 1 });
  const address = parseAddress('127.0.0.1');
  assert.ok(address);
  const poller = new Poller();
  poller.add(ring.fd);
  let sent = 0;
  const read: number[] = [];
  const send = (count: number): void => {
    for (let n = 0; n < count; n += 1) {
      sent += 1;
      socket.sendTo(new Uint8Array(sent % 50), address, 9);
      // The answer that nobody listens is a packet too.
      sent += 1;
    }
  };
  const drain = (): number =>
    ring.drain((bytes) => {
      const words = new Uint32Array(bytes.slice().buffer);
      assert.equal(words.length, 5);
      const inverted = ~(words[0] ?? 0) >>> 0;
      assert.deepEqual(Array.from(words.slice(2)), [inverted, inverted, inverted]);
      read.push(words[0] ?? 0);
    });

  assert.deepEqual(poller.wait(0), []);
  assert.equal(drain(), 0);
  send(1);
  assert.deepEqual(poller.wait(1000), [ring.fd]);
  assert.equal(drain(), 2);
  assert.deepEqual(poller.wait(0), []);
  // Many times around the buffer, which holds 128 records.
  for (let round = 0; round < 500; round += 1) {
    send(1 + (round % 30));
    drain();
  }
  const expected = Array.from({ length: sent }, (_, n) => n + 1).filter((n) => n % 3 !== 0);
  assert.deepEqual(read, expected);

  // More than it holds: the newest are lost, the rest is whole.
  read.length = 0;
  const before = sent;
  send(1000);
  const kept = drain();
  assert.ok(kept > 50 && kept < 128, `${kept} records`);
  assert.deepEqual(
    read,
    Array.from({ length: sent - before }, (_, n) => before + n + 1)
      .filter((n) => n % 3 !== 0)
      .slice(0, kept),
  );
});

test('a map that is no ring buffer, and what is left after closing', () => {
  using directory = temporaryDirectory();
  using object = BpfObject.load(compileTestObject(directory.path, 'ingress'));
  assert.throws(() => new RingBuffer(object.map('words')), RangeError);
  const before = openDescriptors();
  for (let round = 0; round < 1000; round += 1) {
    new RingBuffer(object.map('events'))[Symbol.dispose]();
  }
  assert.equal(openDescriptors(), before);
  const ring = new RingBuffer(object.map('events'));
  ring[Symbol.dispose]();
  assert.throws(() => ring.drain(() => {}), TypeError);
});
