import type { MacAddress } from '@fairlead/ip';
import { listInterfaces, PacketSocket, Poller } from '@fairlead/linux';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';

/** For the tests: two interfaces at the ends of a cable, the program at the ingress of `near`. */
export interface Cable extends Disposable {
  readonly nearName: string;
  readonly farName: string;
  readonly nearIndex: number;
  readonly nearMac: MacAddress;
  readonly farMac: MacAddress;
  /** Sends from the far end. */
  send(frame: Uint8Array): void;
  /** Sends from the far end, and waits until the frame is answered or has gone on to the stack. */
  exchange(frame: Uint8Array): Exchange;
  /** Waits until the next frame is answered or has gone on to the stack. */
  next(): Exchange;
  /** The next frame at the far end, or undefined after that time. */
  wait(timeoutMs: number): Uint8Array | undefined;
}

interface Exchange {
  readonly reply: Uint8Array | undefined;
  readonly passed: Uint8Array | undefined;
}

/** ETH_P_ALL, include/uapi/linux/if_ether.h */
const everyType = 0x0003;
let cables = 0;

export function ip(command: string): void {
  execFileSync('ip', command.split(' '));
}

/** Both ends have no address and no IPv6, so that every frame is one of ours. */
export function layCable(nearMac?: MacAddress): Cable {
  cables += 1;
  const nearName = `near${cables}`;
  const farName = `far${cables}`;
  ip(`link add ${nearName} type veth peer name ${farName}`);
  if (nearMac !== undefined) ip(`link set ${nearName} address ${nearMac}`);
  for (const name of [nearName, farName]) {
    writeFileSync(`/proc/sys/net/ipv6/conf/${name}/disable_ipv6`, '1');
    ip(`link set ${name} up`);
  }
  const near = findInterface(nearName);
  const far = findInterface(farName);
  const filter = 'all';
  const farSocket = new PacketSocket({ interfaceIndex: far.index, etherType: everyType, filter });
  // Sockets for one type get a frame after tc ingress, those for every type before.
  const nearSockets = [0x0806, 0x86dd].map(
    (etherType) => new PacketSocket({ interfaceIndex: near.index, etherType, filter }),
  );
  const sockets = [farSocket, ...nearSockets];
  const poller = new Poller();
  for (const { fd } of sockets) poller.add(fd);
  const farPoller = new Poller();
  farPoller.add(farSocket.fd);
  const send = (frame: Uint8Array): void => {
    const failure = farSocket.send(frame);
    if (failure !== undefined) throw new Error(`not sent: ${JSON.stringify(failure)}`);
  };
  const next = (): Exchange => {
    poller.wait(2000);
    const [reply, ...passed] = sockets.map((socket) => socket.receive()?.frame);
    return { reply, passed: passed.find((each) => each !== undefined) };
  };
  return {
    nearName,
    farName,
    nearIndex: near.index,
    nearMac: near.mac,
    farMac: far.mac,
    send,
    exchange(frame) {
      send(frame);
      return next();
    },
    next,
    wait(timeoutMs) {
      farPoller.wait(timeoutMs);
      return farSocket.receive()?.frame;
    },
    [Symbol.dispose]() {
      for (const socket of sockets) socket[Symbol.dispose]();
      if (listInterfaces().some((each) => each.index === near.index)) ip(`link del ${nearName}`);
    },
  };
}

export function findInterface(name: string): { readonly index: number; readonly mac: MacAddress } {
  const found = listInterfaces().find((each) => each.name === name);
  if (found?.mac === undefined) throw new Error(`no interface ${name} with a MAC`);
  return { index: found.index, mac: found.mac };
}
