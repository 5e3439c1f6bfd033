import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { PacketSocket } from '../sockets/packet-socket.ts';
import { SystemError } from '../system-error.ts';
import { listInterfaces } from './list.ts';
import { receivedFrames } from './received-frames.ts';

function ip(...args: readonly string[]): void {
  execFileSync('ip', args);
}

test('counts the frames that an interface receives, and not those it sends', () => {
  ip('link', 'add', 'one', 'type', 'veth', 'peer', 'name', 'two');
  for (const name of ['one', 'two']) ip('link', 'set', name, 'addrgenmode', 'none', 'up');
  const index = (name: string) => listInterfaces().find((each) => each.name === name)?.index ?? 0;
  const before = [receivedFrames(index('one')), receivedFrames(index('two'))];
  using sender = new PacketSocket({ interfaceIndex: index('one'), etherType: 0 });
  for (let sent = 0; sent < 3; sent += 1) sender.send(new Uint8Array(60).fill(0xff, 0, 6));
  assert.deepEqual(
    [receivedFrames(index('one')), receivedFrames(index('two'))],
    [before[0], (before[1] ?? 0n) + 3n],
  );
});

test('an interface that is not there is an error that names it', () => {
  assert.throws(
    () => receivedFrames(4711),
    (error) => error instanceof SystemError && error.errno === 'ENODEV',
  );
});
