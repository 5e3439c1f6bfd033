/**
 * Whatever is wrong in an object, the API server refuses it, or a condition and an event on it name the field and
 * the value and say what to do; and all the while the Service that is right is served, without a lost connection.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { KubeObject } from '@fairlead/kube';
import { resources } from '@fairlead/kube';
import {
  Lab,
  lostAttempts,
  startConnector,
  waitFor,
  type Attempt,
  type Recording,
} from '@fairlead/lab';
import { fairleadKinds, KubernetesCluster } from '@fairlead/lab/kubernetes';

let lab: Lab;
let cluster: KubernetesCluster;
let connector: Recording<Attempt>;

before(async () => {
  lab = await Lab.create({ name: 'input' });
  cluster = await KubernetesCluster.create(lab);
  await cluster.controllers.start('controller');
  await cluster.startAgents();
  await cluster.joined();
  await cluster.service({ name: 'web' });
  const addresses = await cluster.allocated('web');
  for (const address of addresses) await cluster.owner(address);
  connector = await startConnector(cluster.client, {
    addresses,
    port: 80,
    protocols: ['tcp', 'udp'],
    everyMs: 20,
    patienceMs: 2_000,
  });
  await connector.next(({ answer }) => answer !== undefined);
});

after(() => lab[Symbol.asyncDispose]());

function pool(name: string, addresses: readonly string[], more: object = {}): KubeObject {
  const apiVersion = 'fairlead.dev/v1alpha1';
  const spec = { addresses, ...more };
  return { apiVersion, kind: 'AddressPool', metadata: { name }, spec } as KubeObject;
}

describe('the API server refuses an AddressPool', () => {
  const cases: readonly (readonly [what: string, object: KubeObject, said: readonly RegExp[]])[] = [
    [
      'with a range whose ends are swapped',
      pool('bad', ['198.51.100.20-198.51.100.10']),
      [/spec\.addresses\[0\]/, /"198\.51\.100\.20-198\.51\.100\.10"/, /lower end first/],
    ],
    [
      'with bits set behind the prefix length',
      pool('bad', ['198.51.100.5/24']),
      [/spec\.addresses\[0\]/, /"198\.51\.100\.5\/24"/, /no bits set behind its prefix length/],
    ],
    [
      'with a range of two families',
      pool('bad', ['198.51.100.1-2001:db8::5']),
      [/spec\.addresses\[0\]/, /"198\.51\.100\.1-2001:db8::5"/, /both ends of one family/],
    ],
    [
      'with one address without a length',
      pool('bad', ['198.51.100.7']),
      [
        /spec\.addresses\[0\]/,
        /"198\.51\.100\.7"/,
        /one address alone is written 192\.0\.2\.7\/32/,
      ],
    ],
    [
      'with a field that does not exist',
      pool('bad', ['198.51.100.0/28'], { autoAsign: false }),
      [/unknown field "spec\.autoAsign"/],
    ],
    ['without addresses', pool('bad', []), [/spec\.addresses/, /at least 1 item/]],
  ];
  for (const [what, object, said] of cases) {
    test(what, async () => {
      const { code, stderr } = await cluster.kubectl(['create', '--filename=-'], {
        input: JSON.stringify(object),
        mayFail: true,
      });
      assert.equal(code, 1);
      for (const pattern of said) assert.match(stderr, pattern);
    });
  }
});

interface Complaint {
  readonly kind: 'Service' | 'AddressPool';
  readonly name: string;
  /** Type of the condition that is False. */
  readonly condition: string;
  /** Field, value, what is wrong and what to do: all in its message. */
  readonly said: readonly RegExp[];
}

interface Judged extends KubeObject {
  readonly status?: {
    readonly conditions?: readonly {
      readonly type?: string;
      readonly status?: string;
      readonly message?: string;
    }[];
  };
}

async function conditionsOf({ kind, name }: Complaint) {
  const object: Judged =
    kind === 'Service'
      ? await cluster.serviceObject(name)
      : await cluster.api.get(fairleadKinds.addressPools, { name });
  return object.status?.conditions ?? [];
}

/** A condition says so, and a warning among the events. */
async function complains(complaint: Complaint): Promise<void> {
  const { kind, name, condition, said } = complaint;
  const fits = (text = ''): boolean => said.every((pattern) => pattern.test(text));
  await waitFor(
    async () => {
      const all = await conditionsOf(complaint);
      const found = all.some(
        ({ type, status, message }) => type === condition && status === 'False' && fits(message),
      );
      if (!found) throw new Error(JSON.stringify(all));
      return true;
    },
    { what: `a condition on ${kind}/${name}`, deadlineMs: 15_000, everyMs: 50 },
  );
  await waitFor(
    async () => {
      const { items } = await cluster.api.listPage(resources.events, { namespace: 'default' });
      const about = items.filter(
        ({ regarding }) => regarding?.kind === kind && regarding.name === name,
      );
      if (!about.some(({ type, note }) => type === 'Warning' && fits(note))) {
        throw new Error(
          JSON.stringify(about.map(({ type, reason, note }) => [type, reason, note])),
        );
      }
      return true;
    },
    { what: `an event on ${kind}/${name}`, deadlineMs: 15_000, everyMs: 100 },
  );
}

/** The condition is True again. */
async function mended(complaint: Complaint): Promise<void> {
  await waitFor(
    async () => {
      const all = await conditionsOf(complaint);
      const found = all.find(({ type }) => type === complaint.condition);
      if (found?.status !== 'True') throw new Error(JSON.stringify(all));
      return true;
    },
    { what: `${complaint.kind}/${complaint.name} to be mended`, deadlineMs: 20_000, everyMs: 50 },
  );
}

describe('a condition and an event on an AddressPool', () => {
  const cases: readonly (readonly [what: string, addresses: string, said: readonly RegExp[]])[] = [
    [
      'that overlaps an older one',
      '192.0.2.190-192.0.2.210',
      [/spec\.addresses\[0\]/, /192\.0\.2\.190-192\.0\.2\.210/, /AddressPool\/lan/],
    ],
    [
      'with an IPv6 range whose ends are swapped',
      '2001:db8::2:9-2001:db8::2:1',
      [/spec\.addresses\[0\]/, /2001:db8::2:9-2001:db8::2:1/, /write 2001:db8::2:1-2001:db8::2:9/],
    ],
    [
      'that holds addresses of nodes',
      '192.0.2.8/29',
      [/spec\.addresses\[0\]/, /192\.0\.2\.8\/29/, /192\.0\.2\.1[1-3]/],
    ],
    [
      'that holds the address of a gateway',
      '192.0.2.0/30',
      [
        /spec\.addresses\[0\]/,
        /192\.0\.2\.0\/30/,
        /192\.0\.2\.1\b.*gateway|gateway.*192\.0\.2\.1\b/,
      ],
    ],
  ];
  for (const [what, addresses, said] of cases) {
    test(what, async () => {
      await cluster.apply(pool('bad', [addresses]));
      await complains({ kind: 'AddressPool', name: 'bad', condition: 'Ready', said });
      await cluster.api.delete(fairleadKinds.addressPools, { name: 'bad' });
    });
  }
});

describe('a condition and an event on a Service', () => {
  const requested = /fairlead\.dev\/addresses/;
  const allocated = { kind: 'Service', condition: 'fairlead.dev/Allocated' } as const;
  const announced = { kind: 'Service', condition: 'fairlead.dev/Announced' } as const;
  // In both families it would still get the other one.
  const spec = { ipFamilies: ['IPv4'], ipFamilyPolicy: 'SingleStack' };

  test('that asks for an address outside all pools', async () => {
    const name = 'asks';
    const complaint = { ...allocated, name, said: [requested, /198\.51\.100\.7/, /lan/] };
    await cluster.service({ name, addresses: ['198.51.100.7'], spec });
    await complains(complaint);
    await cluster.service({ name, addresses: ['192.0.2.182'], spec });
    await mended(complaint);
    await cluster.removeService(name);
  });

  test('that asks for an address which another has', async () => {
    const addresses = ['192.0.2.181'];
    const said = [requested, /192\.0\.2\.181/, /Service\/default\/first/];
    const complaint = { ...allocated, name: 'second', said };
    await cluster.service({ name: 'first', addresses, spec });
    await mended({ ...complaint, name: 'first' });
    await cluster.service({ name: 'second', addresses, spec });
    await complains(complaint);
    await cluster.removeService('first');
    await mended(complaint);
    await cluster.removeService('second');
  });

  test('whose address is in no subnet of a node', async () => {
    await cluster.apply(pool('elsewhere', ['203.0.113.0/28'], { autoAssign: false }));
    await cluster.service({ name: 'far', addresses: ['203.0.113.4'] });
    await complains({ ...announced, name: 'far', said: [/203\.0\.113\.4/, /192\.0\.2\.0\/24/] });
    await cluster.removeService('far');
    await cluster.api.delete(fairleadKinds.addressPools, { name: 'elsewhere' });
  });

  test('whose address a foreign host uses', async () => {
    const foreign = await lab.foreign('foreign', {
      nics: [{ switch: cluster.lan, addresses: ['192.0.2.180/24'] }],
    });
    await lab.settled();
    await cluster.service({ name: 'contested', addresses: ['192.0.2.180'] });
    const said = [/192\.0\.2\.180/, new RegExp(foreign.nic.mac)];
    await complains({ ...announced, name: 'contested', said });
    await cluster.removeService('contested');
  });
});

test('meanwhile the Service that is right was served without a lost connection', async (t) => {
  const attempts = await connector.stop();
  const lost = lostAttempts(attempts);
  t.diagnostic(`connections ${attempts.length}, lost ${lost.length}`);
  assert.deepEqual(
    lost.map(({ protocol, address, error }) => `${protocol} ${address}: ${error}`),
    [],
  );
});
