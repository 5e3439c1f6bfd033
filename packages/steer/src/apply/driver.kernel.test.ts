import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { NodeName } from '@fairlead/cluster';
import { macFromBytes } from '@fairlead/ip';
import { decideSteering } from '../decide.ts';
import type { Flow } from '../flow.ts';
import type { SteerSegment } from '../plan.ts';
import { address, allocated, cluster, endpoint, node, service } from '../testing/cluster.ts';
import { buildFrame } from '../testing/frames.ts';
import { Network, temporaryBpffs } from '../testing/network.ts';
import { SteerDriver } from './driver.ts';

const objectPath = fileURLToPath(new URL('../../../../dist/bpf/steer.bpf.o', import.meta.url));

describe('try', () => {
  it('steers', () => {
    using network = new Network(['client', 'n1', 'n2', 'n3']);
    using bpffs = temporaryBpffs();
    using driver = SteerDriver.open({ objectPath, bpffsDirectory: bpffs.path });
    const state = cluster(['n1', 'n2', 'n3'], [service('web', [endpoint('10.244.2.1', 'n2')])]);
    const plan = decideSteering(state, allocated({ web: ['192.0.2.10'] }), node('n1'), {
      landingNodes: new Set(['n1', 'n2', 'n3'].map(node)),
    });
    const segment: SteerSegment = {
      interfaceIndex: network.host('n1').interfaceIndex,
      mac: network.host('n1').mac,
      peers: ['n2', 'n3'].map((n) => ({ node: node(n), mac: network.host(n).mac, live: true })),
    };
    let t = performance.now();
    console.log(driver.apply(plan, [segment]), performance.now() - t);
    t = performance.now();
    console.log(driver.apply(plan, [segment]), performance.now() - t);
    const flow: Flow = {
      protocol: 'TCP',
      source: address('203.0.113.10'),
      sourcePort: 4000,
      destination: address('192.0.2.10'),
      destinationPort: 80,
    };
    const arrival = network.exchange(
      'client',
      buildFrame(flow, { from: network.host('client').mac, to: network.host('n1').mac }),
    );
    console.log(arrival, driver.counters(), driver.installed(address('192.0.2.10')));
  });
});
