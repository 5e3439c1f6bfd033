import { parseAddress } from '@fairlead/ip';
import { UdpSocket } from '../sockets/udp-socket.ts';

/* A process that sends as many datagrams to loopback as its argument says, and prints how many left. */

const to = parseAddress('127.0.0.1');
using socket = new UdpSocket({ family: 4, port: 0 });
using sink = new UdpSocket({ family: 4, port: 9, receiveBuffer: 1 });
let left = 0;
if (to !== undefined) {
  for (let n = Number(process.argv[2]); n > 0; n -= 1) {
    left += socket.sendTo(new Uint8Array(8), to, sink.local.port) === undefined ? 1 : 0;
  }
}
process.stdout.write(`${left}\n`);
