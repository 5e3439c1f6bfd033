/**
 * Sends numbers through an address to an echo and counts what comes back: UDP packets of one flow, or records
 * in one TCP connection. On SIGTERM it stops, waits for stragglers and prints the result.
 */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, isIPv6 } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { NumberedResult } from '../measure/numbered.ts';
import { SequenceTally } from '../measure/sequence-tally.ts';
import { monotonicMs } from '../monotonic-clock.ts';
import { printLine } from './print-line.ts';

const { values } = parseArgs({
  options: {
    address: { type: 'string', default: '' },
    port: { type: 'string', default: '7' },
    protocol: { type: 'string', default: 'udp' },
    /** Numbers a second. */
    rate: { type: 'string', default: '1000' },
    /** How long to wait for a next straggler, ms. */
    grace: { type: 'string', default: '1000' },
  },
});
const port = Number(values.port);
const recordBytes = 8;

interface Channel {
  readonly localPort: number;
  readonly send: (record: Buffer) => void;
  readonly close: () => void;
}

const tally = new SequenceTally();
const stop = new AbortController();
let failure: string | undefined;

function onRecord(record: Buffer): void {
  tally.receive(Number(record.readBigUInt64BE()), monotonicMs());
}

function onError(error: Error): void {
  failure ??= 'code' in error ? String(error.code) : error.message;
}

async function openUdp(): Promise<Channel> {
  const socket = createSocket({
    type: isIPv6(values.address) ? 'udp6' : 'udp4',
    recvBufferSize: 4 << 20,
  });
  socket.on('message', (message) => {
    if (message.length === recordBytes) onRecord(message);
  });
  // An unreachable port is a lost packet: the next may arrive.
  socket.on('error', onError);
  socket.connect(port, values.address);
  await once(socket, 'connect');
  return {
    localPort: socket.address().port,
    send: (record) => socket.send(record, (error) => error && onError(error)),
    close: () => socket.close(),
  };
}

async function openTcp(): Promise<Channel> {
  const socket = connect({ host: values.address, port, noDelay: true });
  let pending: Buffer = Buffer.alloc(0);
  socket.on('data', (data: Buffer) => {
    pending = Buffer.concat([pending, data]);
    while (pending.length >= recordBytes) {
      onRecord(pending.subarray(0, recordBytes));
      pending = pending.subarray(recordBytes);
    }
  });
  await once(socket, 'connect');
  // No second connection: that the one breaks is the result.
  socket.on('error', (error) => {
    onError(error);
    stop.abort();
  });
  socket.on('close', () => {
    if (!stop.signal.aborted) failure ??= 'closed by the other end';
    stop.abort();
  });
  return {
    localPort: socket.localPort ?? 0,
    send: (record) => socket.write(record),
    close: () => socket.destroy(),
  };
}

async function sendUntilStopped(channel: Channel): Promise<void> {
  const perMs = Number(values.rate) / 1_000;
  const beganMs = monotonicMs();
  for (let sent = 0; !stop.signal.aborted;) {
    // As many as are due by the clock: timers come late, the rate is kept.
    for (const due = (monotonicMs() - beganMs) * perMs; sent < due; sent++) {
      const record = Buffer.alloc(recordBytes);
      record.writeBigUInt64BE(BigInt(tally.send(monotonicMs())));
      channel.send(record);
    }
    await pause(1);
  }
}

async function waitForStragglers(): Promise<void> {
  let { received } = tally;
  let lastMs = monotonicMs();
  // An echo on a busy machine may be seconds behind.
  while (monotonicMs() < lastMs + Number(values.grace) && tally.result().lost > 0) {
    await pause(10);
    if (tally.received === received) continue;
    ({ received } = tally);
    lastMs = monotonicMs();
  }
}

process.once('SIGTERM', () => stop.abort());
const channel = await (values.protocol === 'tcp' ? openTcp() : openUdp());
printLine({ kind: 'ready' });
await sendUntilStopped(channel);
await waitForStragglers();
channel.close();
const error = failure === undefined ? {} : { error: failure };
const { localPort } = channel;
printLine({ kind: 'result', localPort, ...tally.result(), ...error } satisfies NumberedResult);
