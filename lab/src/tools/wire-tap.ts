/**
 * Prints what every frame is about that comes in at the ports of a switch: all that the hosts there send, whoever it
 * is for. Runs in the switch's namespace.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { listInterfaces, PacketSocket, Poller, type ReceivedFrame } from '@fairlead/linux';
import { meaningOf, type Sighting } from '../measure/sighting.ts';
import { monotonicMs } from '../monotonic-clock.ts';
import { printLine } from './print-line.ts';

const { values } = parseArgs({
  options: {
    port: { type: 'string', multiple: true, default: [] },
    /** What is not printed: what an observer causes would be too much of it. */
    without: { type: 'string', multiple: true, default: [] },
  },
});

/** ETH_P_ALL, include/uapi/linux/if_ether.h: before the bridge takes the frame. */
const allTypes = 0x0003;
const receiveBuffer = 4 << 20;
const patienceMs = 50;
const atATime = 32;

const interfaces = new Map(listInterfaces().map(({ name, index }) => [name, index]));
const taps = values.port.map((port) => {
  const interfaceIndex = interfaces.get(port);
  if (interfaceIndex === undefined) throw new Error(`there is no port ${JSON.stringify(port)}`);
  const options = { etherType: allTypes, filter: 'all', receiveBuffer, timestamps: true } as const;
  return { port, socket: new PacketSocket({ interfaceIndex, ...options }) };
});

/** Port by port, a few at a time: one that floods does not hide what the others sent. */
function drain(): void {
  for (let found = true; found;) {
    found = false;
    for (const { port, socket } of taps) {
      for (let count = 0; count < atATime; count++) {
        const got = socket.receive();
        if (got === undefined) break;
        found = true;
        say(port, got);
      }
    }
  }
}

function say(port: string, { frame, kernelTimeNs }: ReceivedFrame): void {
  const atMs = kernelTimeNs === undefined ? monotonicMs() : Number(kernelTimeNs) / 1e6;
  const seen = meaningOf(frame);
  if (values.without.includes(seen.meaning)) return;
  printLine({ kind: 'sighting', atMs, port, ...seen } satisfies Sighting);
}

const stop = new AbortController();
process.once('SIGTERM', () => stop.abort());
const poller = new Poller();
for (const { socket } of taps) poller.add(socket.fd);
printLine({ kind: 'ready' });
while (!stop.signal.aborted) {
  poller.wait(patienceMs);
  drain();
  await turn();
}
drain();
