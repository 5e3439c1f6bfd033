/**
 * A client that asks through addresses again and again: a new TCP connection, a UDP packet from a new port,
 * every `--every` ms whatever became of those before. Prints each attempt.
 */
import { createSocket } from 'node:dgram';
import { connect, isIPv6 } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { Attempt } from '../measure/attempts.ts';
import type { PodAnswer } from '../measure/pod-answer.ts';
import { monotonicMs } from '../monotonic-clock.ts';
import { printLine } from './print-line.ts';

const { values } = parseArgs({
  options: {
    address: { type: 'string', multiple: true, default: [] },
    port: { type: 'string', default: '80' },
    protocol: { type: 'string', multiple: true, default: ['tcp'] },
    every: { type: 'string', default: '10' },
    /** An attempt without an answer for so long has failed. Below 1 s no SYN is repeated: each try counts alone. */
    patience: { type: 'string', default: '250' },
    /** How many times; for ever without. */
    count: { type: 'string', default: 'Infinity' },
  },
});
const port = Number(values.port);
const patienceMs = Number(values.patience);
const everyMs = Number(values.every);

type Outcome = Pick<Attempt, 'local' | 'answer' | 'error'>;

function askTcp(address: string): Promise<Outcome> {
  const { promise, resolve } = Promise.withResolvers<Outcome>();
  const socket = connect({ host: address, port });
  let text = '';
  let local: { address: string; port: number } | undefined;
  const end = (outcome: Outcome): void => {
    clearTimeout(timer);
    socket.destroy();
    resolve({ ...(local && { local }), ...outcome });
  };
  const timer = patience(() => end({ error: 'timeout' }));
  socket.on('connect', () => {
    local = { address: socket.localAddress ?? '', port: socket.localPort ?? 0 };
  });
  socket.on('data', (data) => (text += data.toString()));
  socket.on('end', () => end(readAnswer(text)));
  socket.on('error', (error) => end({ error: errorCode(error) }));
  return promise;
}

function askUdp(address: string): Promise<Outcome> {
  const { promise, resolve } = Promise.withResolvers<Outcome>();
  const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
  let local: { address: string; port: number } | undefined;
  let ended = false;
  const end = (outcome: Outcome): void => {
    if (ended) return;
    ended = true;
    clearTimeout(timer);
    socket.close();
    resolve({ ...(local && { local }), ...outcome });
  };
  const timer = patience(() => end({ error: 'timeout' }));
  socket.on('message', (message) => end(readAnswer(message.toString())));
  // Connected, so that the kernel reports ports and hosts that are unreachable.
  socket.on('error', (error) => end({ error: errorCode(error) }));
  socket.connect(port, address, (error?: Error) => {
    if (error !== undefined && error !== null) return end({ error: errorCode(error) });
    local = socket.address();
    socket.send('?');
  });
  return promise;
}

/** What arrived while this process had no processor is read first: then it was not the address that failed. */
function patience(onEnd: () => void): NodeJS.Timeout {
  return setTimeout(() => setImmediate(onEnd), patienceMs);
}

function readAnswer(text: string): Outcome {
  try {
    return { answer: JSON.parse(text) as PodAnswer };
  } catch {
    return { error: `not an answer: ${text.slice(0, 80)}` };
  }
}

function errorCode(error: Error): string {
  return 'code' in error ? String(error.code) : error.message;
}

async function attempt(protocol: 'tcp' | 'udp', address: string): Promise<void> {
  const startedMs = monotonicMs();
  const outcome = await (protocol === 'tcp' ? askTcp(address) : askUdp(address));
  const endedMs = monotonicMs();
  const kind = 'attempt';
  printLine({ kind, protocol, address, port, startedMs, endedMs, ...outcome } satisfies Attempt);
}

const protocols = values.protocol.map((text) => {
  if (text === 'tcp' || text === 'udp') return text;
  throw new RangeError(`--protocol tcp or udp, not ${text}`);
});

const stop = new AbortController();
process.once('SIGTERM', () => stop.abort());
const underWay = new Set<Promise<void>>();
printLine({ kind: 'ready' });
const beganMs = monotonicMs();
for (let round = 0; round < Number(values.count) && !stop.signal.aborted; round++) {
  for (const protocol of protocols) {
    for (const address of values.address) {
      const one = attempt(protocol, address).finally(() => underWay.delete(one));
      underWay.add(one);
    }
  }
  // By the clock, not from the last one on: else every round would be late by what it took.
  const nextMs = beganMs + (round + 1) * everyMs;
  await pause(Math.max(0, nextMs - monotonicMs()));
}
await Promise.all(underWay);
