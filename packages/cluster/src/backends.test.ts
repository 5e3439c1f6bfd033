import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseAddress } from '@fairlead/ip';
import { portBackends, usableBackends } from './backends.ts';
import type { Endpoint, LoadBalancerService, NodeName } from './state.ts';
import { sampleService } from './testing/sample-service.ts';

const http = { name: 'http', protocol: 'TCP', port: 80 } as const;
const dns = { name: 'dns', protocol: 'UDP', port: 53 } as const;

function endpoint(address: string, more: Partial<Endpoint> = {}): Endpoint {
  const parsed = parseAddress(address);
  assert.ok(parsed !== undefined);
  const ready = { ready: true, serving: true, terminating: false };
  const ports = [{ name: 'http', protocol: 'TCP', port: 8080 } as const];
  return { address: parsed, node: 'node-1' as NodeName, ...ready, ports, ...more };
}

function serviceWith(...endpoints: readonly Endpoint[]): LoadBalancerService {
  const dualStack = { families: [4, 6], familyPolicy: 'PreferDualStack' } as const;
  return sampleService('web', { ...dualStack, ports: [http, dns], endpoints });
}

const terminating = { ready: false, serving: true, terminating: true };

describe('usable backends', () => {
  it('are the ready endpoints of the family, with the port of the pod', () => {
    const service = serviceWith(
      endpoint('10.244.2.5'),
      endpoint('10.244.1.5'),
      endpoint('10.244.3.5', { ready: false, serving: false }),
      endpoint('10.244.4.5', terminating),
      endpoint('2001:db8::5'),
    );
    assert.deepEqual(usableBackends(service, http, 4), [
      { address: '10.244.1.5', port: 8080, node: 'node-1' },
      { address: '10.244.2.5', port: 8080, node: 'node-1' },
    ]);
    assert.deepEqual(
      usableBackends(service, http, 6).map(({ address }) => address),
      ['2001:db8::5'],
    );
  });

  it('are those that terminate but still serve when none is ready (KEP-1669)', () => {
    const service = serviceWith(
      endpoint('10.244.1.5', terminating),
      endpoint('10.244.2.5', { ...terminating, serving: false }),
      endpoint('10.244.3.5', { ready: false, serving: false }),
    );
    assert.deepEqual(
      usableBackends(service, http, 4).map(({ address }) => address),
      ['10.244.1.5'],
    );
  });

  it('are told apart by the name and protocol of the port, and may differ in its number', () => {
    const service = serviceWith(
      endpoint('10.244.1.5'),
      endpoint('10.244.2.5', {
        ports: [
          { name: 'http', protocol: 'TCP', port: 9090 },
          { name: 'dns', protocol: 'UDP', port: 5353 },
        ],
      }),
    );
    const ports = portBackends(service, 4).map(({ port, backends }) => [
      port.name,
      backends.map((backend) => `${backend.address}:${backend.port}`),
    ]);
    assert.deepEqual(ports, [
      ['http', ['10.244.1.5:8080', '10.244.2.5:9090']],
      ['dns', ['10.244.2.5:5353']],
    ]);
    assert.deepEqual(usableBackends(service, { ...http, protocol: 'UDP' }, 4), []);
  });
});
