/**
 * Asks who has addresses, by ARP and neighbour solicitations, every `--every` ms, and prints every answer and
 * every other claim of them. It blocks in poll(2) between, for the sake of its timing, and prints 20 times a
 * second: a reader that wakes up with each answer takes processor time from those who are observed.
 */
import { parseArgs } from 'node:util';
import { setImmediate as turn } from 'node:timers/promises';
import {
  familyOf,
  prefixContains,
  solicitedNodeGroup,
  type IpAddress,
  type MacAddress,
} from '@fairlead/ip';
import {
  arpProbe,
  arpRequest,
  encodeNeighbourSolicitation,
  etherTypes,
  multicastMac,
} from '@fairlead/l2';
import {
  listAddresses,
  listInterfaces,
  PacketSocket,
  Poller,
  setRoundRobin,
  type InterfaceAddress,
} from '@fairlead/linux';
import { observe, type Asked, type Observation } from '../measure/observation.ts';
import { monotonicMs } from '../monotonic-clock.ts';
import { requireAddress } from '../requested-address.ts';
import { printLine, printLines } from './print-line.ts';

const { values } = parseArgs({
  options: {
    interface: { type: 'string', default: 'eth0' },
    address: { type: 'string', multiple: true, default: [] },
    every: { type: 'string', default: '5' },
  },
});

/** How often this thread prints, and lets Node do what else there is: signals. */
const turnEveryMs = 50;
/** Enough for bursts of many addresses while this process does not get a processor. */
const receiveBuffer = 4 << 20;

interface Device {
  readonly index: number;
  readonly mac: MacAddress;
  readonly addresses: readonly InterfaceAddress[];
}

function findDevice(name: string): Device {
  const found = listInterfaces().find((one) => one.name === name);
  if (found?.mac === undefined) throw new Error(`no Ethernet interface ${JSON.stringify(name)}`);
  const { index, mac } = found;
  return { index, mac, addresses: listAddresses().filter((one) => one.interfaceIndex === index) };
}

function questionFor(target: IpAddress, { mac, addresses }: Device): Uint8Array {
  if (familyOf(target) === 4) {
    const own = addresses.filter(({ address }) => familyOf(address) === 4);
    const near = own.find(({ address, prefixLength: length }) =>
      prefixContains({ family: 4, address, length }, target),
    );
    const senderIp = (near ?? own[0])?.address;
    return senderIp === undefined
      ? arpProbe(mac, target)
      : arpRequest({ senderMac: mac, senderIp, targetIp: target });
  }
  const source = addresses.find(({ address, linkLocal }) => linkLocal && familyOf(address) === 6);
  if (source === undefined) throw new Error(`${values.interface} has no IPv6 link-local address`);
  const destination = solicitedNodeGroup(target);
  return encodeNeighbourSolicitation(
    { destination: multicastMac(destination), source: mac },
    { source: source.address, destination, target, sourceMac: mac },
  );
}

const device = findDevice(values.interface);
const targets = new Set(values.address.map(requireAddress));
const common = { interfaceIndex: device.index, receiveBuffer, timestamps: true };
const arp = new PacketSocket({ ...common, etherType: etherTypes.arp });
const ndp = new PacketSocket({
  ...common,
  etherType: etherTypes.ipv6,
  filter: 'neighbour-discovery',
});
const questions = [...targets].map((target) => ({
  frame: questionFor(target, device),
  socket: familyOf(target) === 4 ? arp : ndp,
}));

let seen: Observation[] = [];

function print(): void {
  if (seen.length > 0) printLines(seen);
  seen = [];
}

function ask(): void {
  const atMs = monotonicMs();
  const failures = questions.filter(({ socket, frame }) => socket.send(frame) !== undefined);
  // A question that did not leave was not asked; then a silence is nobody's fault.
  if (failures.length === 0) seen.push({ kind: 'asked', atMs } satisfies Asked);
}

function drain(socket: PacketSocket): void {
  for (let got = socket.receive(); got !== undefined; got = socket.receive()) {
    const atMs = got.kernelTimeNs === undefined ? monotonicMs() : Number(got.kernelTimeNs) / 1e6;
    const found = observe(got.frame, atMs, device.mac);
    if (found !== undefined && targets.has(found.address)) seen.push(found);
  }
}

const stop = new AbortController();
process.once('SIGTERM', () => stop.abort());
// What the machine is busy with must not look like an outage. Where that is refused, `asked` shows it.
setRoundRobin(1);
const poller = new Poller();
poller.add(arp.fd);
poller.add(ndp.fd);
printLine({ kind: 'ready' });
const everyMs = Number(values.every);
let nextAskMs = monotonicMs();
let nextTurnMs = nextAskMs + turnEveryMs;
while (!stop.signal.aborted) {
  const now = monotonicMs();
  if (now >= nextAskMs) {
    ask();
    // After a late question too: one right behind it would find no answer to the first before it.
    nextAskMs = now + everyMs;
  }
  const ready = poller.wait(Math.max(0, nextAskMs - monotonicMs()));
  for (const socket of [arp, ndp]) if (ready.includes(socket.fd)) drain(socket);
  if (now >= nextTurnMs) {
    print();
    await turn();
    nextTurnMs = now + turnEveryMs;
  }
}
drain(arp);
drain(ndp);
print();
