import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parseMac } from '@fairlead/ip';
import { listInterfaces, type TcMode } from '@fairlead/linux';
import { temporaryBpffs } from '@fairlead/linux/testing';
import { node } from '../testing/cluster.ts';
import { objectPath } from '../testing/fixture.ts';
import { Namespace } from '../testing/namespace.ts';
import { run } from '../testing/network.ts';
import { ourIpv4, ourIpv6, planFor } from '../testing/plans.ts';
import type { Upload } from '../testing/stack-peer.ts';
import { SteerDriver } from './driver.ts';

const program = fileURLToPath(new URL('../testing/stack-peer.ts', import.meta.url));
const backendMac = '02:5e:e0:00:02:02';
const MEBIBYTES = 8;

for (const mode of ['tcx', 'clsact'] as const) {
  describe(`whole connections by real stacks, steered by ${mode}`, () => connections(mode));
}

/**
 * The test's namespace is the receiving node. The other node has our address on its loopback,
 * as if a pod were there, and replies to the client directly.
 */
function connections(mode: TcMode): void {
  let stack: AsyncDisposableStack;
  let client: Namespace;
  before(async () => {
    stack = new AsyncDisposableStack();
    client = stack.use(await Namespace.create());
    const backend = stack.use(await Namespace.create());
    const lan = stack.use(await Namespace.create());
    stack.defer(() => run('ip link del ss-node'));
    run(`
      ip link add ss-node type veth peer port-node netns ${lan.pid}
      ip link add ss-client netns ${client.pid} type veth peer port-client netns ${lan.pid}
      ip link add ss-backend netns ${backend.pid} address ${backendMac} type veth peer port-backend netns ${lan.pid}
      ip addr add 10.0.0.1/24 dev ss-node
      ip addr add fd00::1/64 dev ss-node nodad
      ip link set ss-node up
    `);
    lan.run(`
      sysctl -qw net.bridge.bridge-nf-call-iptables=0 net.bridge.bridge-nf-call-ip6tables=0
      ip link add switch type bridge mcast_snooping 0
      ip link set switch up
      for port in node client backend; do ip link set port-$port master switch up; done
    `);
    client.run(`
      ip addr add 10.0.0.9/24 dev ss-client
      ip addr add fd00::9/64 dev ss-client nodad
      ip link set ss-client up
      ip route add ${ourIpv4} via 10.0.0.1
      ip route add ${ourIpv6} via fd00::1
    `);
    backend.run(`
      ip addr add 10.0.0.2/24 dev ss-backend
      ip addr add fd00::2/64 dev ss-backend nodad
      ip addr add ${ourIpv4}/32 dev lo
      ip addr add ${ourIpv6}/128 dev lo nodad
      ip link set lo up
      ip link set ss-backend up
    `);
    await backend.start(program, 'serve', '80');
    const { path } = stack.use(temporaryBpffs());
    const driver = stack.use(
      SteerDriver.open({ objectPath, bpffsDirectory: path, attachMode: mode }),
    );
    stack.defer(() => SteerDriver.removeAll(path));
    const uplink = listInterfaces().find(({ name }) => name === 'ss-node')!;
    const segment = {
      interfaceIndex: uplink.index,
      mac: uplink.mac!,
      peers: [{ node: node('n2'), mac: parseMac(backendMac), live: true }],
    };
    assert.deepEqual(driver.apply(planFor('n1', { n2: 1 }), [segment]), []);
  });
  after(() => stack[Symbol.asyncDispose]());

  for (const [address, seenAs] of [
    [ourIpv4, '::ffff:10.0.0.9'],
    [ourIpv6, 'fd00::9'],
  ] as const) {
    it(`uploads in super-packets to ${address}, and the pod sees the client`, async () => {
      const answer = await client.start(program, 'upload', address, '80', String(MEBIBYTES));
      const { client: seen, bytes } = JSON.parse(answer) as Upload;
      assert.deepEqual([seen, bytes], [seenAs, MEBIBYTES * 1024 * 1024]);
    });
  }
}
