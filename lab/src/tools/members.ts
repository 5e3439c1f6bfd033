/**
 * Takes part in a cluster's membership as nodes that are nothing else: real rules and heartbeats, but no fence, no
 * answers. Each `--member NAME=ADDRESS` has a socket at an address of the interface. `--newer` has them speak
 * rules that are newer than ours: `compatible`, or such as cannot be talked to.
 */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { familyOf, type IpAddress } from '@fairlead/ip';
import { listInterfaces, monotonicNs, Poller, UdpSocket } from '@fairlead/linux';
import { heartbeatPort, membershipKey, SegmentMember, type PeerConfig } from '@fairlead/membership';
import { asNewerVersion } from '@fairlead/membership/simulation';
import { requireAddress } from '../requested-address.ts';
import { printLine } from './print-line.ts';

const { values } = parseArgs({
  options: {
    interface: { type: 'string', default: 'eth0' },
    cluster: { type: 'string', default: '' },
    /** Its first line is the key, in base64. */
    'key-file': { type: 'string', default: '' },
    member: { type: 'string', multiple: true, default: [] },
    peer: { type: 'string', multiple: true, default: [] },
    /** Send to these only: with many members, each that heard all others would be a load of its own. */
    only: { type: 'string', multiple: true, default: [] },
    newer: { type: 'string' },
  },
});

/** How often this thread lets Node do what else there is: signals. */
const turnEveryNs = 50_000_000n;

/** The rules that `--newer` says it can apply at least; ours are 1. */
const minimumVersion = values.newer === 'compatible' ? 1 : 2;

const [line = ''] = readFileSync(values['key-file'], 'utf8').split('\n');
const keys = [membershipKey(Buffer.from(line, 'base64'))] as const;
const mac = listInterfaces().find(({ name }) => name === values.interface)?.mac;
if (mac === undefined) throw new Error(`no Ethernet interface ${JSON.stringify(values.interface)}`);
const macs = [mac];
const only = new Set(values.only.map(requireAddress));

function named(text: string): { readonly node: string; readonly address: IpAddress } {
  const [node = '', address = ''] = text.split('=');
  return { node, address: requireAddress(address) };
}

const all = [...values.member, ...values.peer].map(named);

function peersOf(self: string): PeerConfig[] {
  return all
    .filter(({ node }) => node !== self)
    .map(({ node, address }) => ({ node, addresses: [address], macs: [] }));
}

function start({ node, address }: ReturnType<typeof named>) {
  const socket = new UdpSocket({
    family: familyOf(address),
    address,
    port: heartbeatPort,
    interfaceName: values.interface,
  });
  const send = (to: IpAddress, bytes: Uint8Array): void => {
    if (only.size > 0 && !only.has(to)) return;
    const sent = values.newer === undefined ? bytes : asNewerVersion(bytes, keys, minimumVersion);
    socket.sendTo(sent, to, heartbeatPort);
  };
  const member = new SegmentMember(
    { node, clusterId: values.cluster },
    {
      macs,
      peers: peersOf(node),
      announcements: [{ id: 0 }],
      keys,
      excluded: false,
      ready: true,
      fresh: true,
      roundRobin: true,
    },
    {
      now: monotonicNs,
      receive: () => {
        const datagram = socket.receive();
        return datagram && { from: datagram.address, bytes: datagram.bytes };
      },
      send,
      storeFence: () => {},
      askEcho: () => {},
      random: () => randomBytes(4).readUInt32LE(),
    },
    { onHolding: () => {}, onReannounce: () => {} },
  );
  return { socket, member, nextNs: 0n };
}

const stop = new AbortController();
process.once('SIGTERM', () => stop.abort());
const members = values.member.map(named).map(start);
// Unlike agents without the real-time scheduler: so many nodes in one thread would leave nothing to others when all
// of them meet at once.
const poller = new Poller();
for (const { socket } of members) poller.add(socket.fd);
printLine({ kind: 'ready' });
let nextTurnNs = 0n;
while (!stop.signal.aborted) {
  const nextNs = members.reduce((least, { nextNs: at }) => (at < least ? at : least), nextTurnNs);
  const ready = new Set(poller.wait(Math.max(0, Number(nextNs - monotonicNs()) / 1e6)));
  const nowNs = monotonicNs();
  for (const each of members) {
    if (nowNs < each.nextNs && !ready.has(each.socket.fd)) continue;
    each.member.feed();
    each.nextNs = each.member.turn();
  }
  if (nowNs >= nextTurnNs) {
    await turn();
    nextTurnNs = nowNs + turnEveryNs;
  }
}
