/**
 * Whatever is wrong in the file, `fairlead status` names the object, the field and the value and says what to
 * do; and all the while the Service that is right goes on being served, without a lost connection.
 */
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import {
  lostAttempts,
  startConnector,
  ThreeNodes,
  waitFor,
  type Attempt,
  type Recording,
  type StatusProblem,
} from '@fairlead/lab';

interface Complaint {
  readonly object: string;
  readonly field: RegExp;
  readonly value: string | RegExp;
  /** What is wrong, and what to do. */
  readonly message: RegExp;
}

let three: ThreeNodes;
let connector: Recording<Attempt>;

before(async () => {
  three = await ThreeNodes.create('input');
  await three.boot();
  connector = await startConnector(three.cluster.client, {
    addresses: three.addresses,
    port: 80,
    protocols: ['tcp', 'udp'],
    everyMs: 20,
    patienceMs: 2_000,
  });
});

after(() => three[Symbol.asyncDispose]());

function fits(problem: StatusProblem, { object, field, value, message }: Complaint): boolean {
  return (
    problem.object === object &&
    field.test(problem.field) &&
    (typeof value === 'string' ? problem.value === value : value.test(problem.value)) &&
    message.test(problem.message)
  );
}

async function problems(): Promise<readonly StatusProblem[]> {
  const status = await three.cluster.status(three.a);
  return [...status.services.flatMap((service) => service.problems), ...status.problems];
}

/** The agent of node a says so, to programs and to people. */
async function complains(complaint: Complaint): Promise<void> {
  const problem = await waitFor(
    async () => {
      const all = await problems();
      const found = all.find((each) => fits(each, complaint));
      if (found === undefined) throw new Error(JSON.stringify(all));
      return found;
    },
    { what: `status to complain about ${complaint.object}`, deadlineMs: 15_000, everyMs: 50 },
  );
  const text = await three.cluster.fairlead(three.a, 'status');
  const line = text.split('\n').find((each) => each.includes(problem.message)) ?? '';
  for (const part of [problem.object, problem.field, problem.value]) {
    assert.ok(
      line.includes(part),
      `${JSON.stringify(part)} is in the line ${JSON.stringify(line)}`,
    );
  }
}

async function mended(object: string): Promise<void> {
  await waitFor(async () => (await problems()).every((each) => each.object !== object), {
    what: `nothing to be said about ${object}`,
    deadlineMs: 15_000,
    everyMs: 50,
  });
}

function lossText({ protocol, address, startedMs, error }: Attempt): string {
  return `${protocol} ${address} at ${startedMs.toFixed(0)}: ${error}`;
}

function pool(name: string, addresses: readonly string[], more: object = {}): object {
  const apiVersion = 'fairlead.dev/v1alpha1';
  return { apiVersion, kind: 'AddressPool', metadata: { name }, spec: { addresses, ...more } };
}

describe('an AddressPool', () => {
  const cases: readonly (readonly [what: string, object: object, complaint: Complaint])[] = [
    [
      'with a range whose ends are swapped',
      pool('bad', ['198.51.100.20-198.51.100.10']),
      {
        object: 'AddressPool/bad',
        field: /^spec\.addresses\[0\]$/,
        value: '198.51.100.20-198.51.100.10',
        message: /is behind.*write 198\.51\.100\.10-198\.51\.100\.20/,
      },
    ],
    [
      'with bits set behind the prefix length',
      pool('bad', ['198.51.100.5/24']),
      {
        object: 'AddressPool/bad',
        field: /^spec\.addresses\[0\]$/,
        value: '198.51.100.5/24',
        message: /198\.51\.100\.0\/24/,
      },
    ],
    [
      'that overlaps another',
      pool('bad', ['192.0.2.190-192.0.2.210']),
      {
        object: 'AddressPool/bad',
        field: /^spec\.addresses\[0\]$/,
        value: '192.0.2.190-192.0.2.210',
        message: /AddressPool\/lan.*one of the two/,
      },
    ],
    [
      'with a field that does not exist',
      pool('bad', ['198.51.100.0/28'], { autoAsign: false }),
      {
        object: 'AddressPool/bad',
        field: /autoAsign/,
        value: /./,
        message: /autoAssign|unknown|not a field/i,
      },
    ],
  ];
  for (const [what, object, complaint] of cases) {
    test(what, async () => {
      three.cluster.write({ more: [object] });
      await complains(complaint);
      three.cluster.write({ more: [] });
      await mended(complaint.object);
    });
  }
});

describe('a Service', () => {
  const requested = /fairlead\.dev\/addresses/;

  test('that asks for an address outside all pools', async () => {
    three.cluster.service({ name: 'asks', addresses: ['198.51.100.7'] });
    await complains({
      object: 'Service/default/asks',
      field: requested,
      value: '198.51.100.7',
      message: /no AddressPool.*Choose from lan/,
    });
    three.cluster.removeService('asks');
    await mended('Service/default/asks');
  });

  test('that asks for an address which another has', async () => {
    const addresses = ['192.0.2.181'];
    three.cluster.service({ name: 'first', addresses });
    three.cluster.service({ name: 'second', addresses });
    await complains({
      object: 'Service/default/second',
      field: requested,
      value: '192.0.2.181',
      message: /held by Service\/default\/first.*another address/,
    });
    three.cluster.removeService('first');
    await mended('Service/default/second');
    three.cluster.removeService('second');
  });

  test('whose address is in no subnet of a node', async () => {
    three.cluster.write({ more: [pool('elsewhere', ['203.0.113.0/28'])] });
    three.cluster.service({ name: 'far', addresses: ['203.0.113.4'] });
    await complains({
      object: 'Service/default/far',
      field: /./,
      value: '203.0.113.4',
      message: /no address in the subnet of 203\.0\.113\.4.*Use a pool inside/,
    });
    three.cluster.removeService('far');
    three.cluster.write({ more: [] });
    await mended('Service/default/far');
  });

  test('whose address a foreign host uses', async () => {
    const { cluster, lab, a } = three;
    const foreign = await lab.foreign('foreign', {
      nics: [{ switch: cluster.lan, addresses: ['192.0.2.180/24'] }],
    });
    cluster.service({ name: 'contested', addresses: ['192.0.2.180'], preferredNode: a.name });
    await complains({
      object: 'Service/default/contested',
      field: /./,
      value: '192.0.2.180',
      message: new RegExp(`${foreign.nic.mac}.*(?:Remove|Take|Give|Request)`),
    });
    cluster.removeService('contested');
    await mended('Service/default/contested');
  });
});

describe('the file', () => {
  test('is no YAML', async () => {
    three.cluster.writeWith('spec: [1, 2');
    await complains({
      object: 'File/lab.yaml',
      field: /line \d+/,
      value: '',
      message: /Cannot be read as YAML.*Mend it/,
    });
    three.cluster.write({});
    await mended('File/lab.yaml');
  });

  test('is gone', async () => {
    rmSync(three.cluster.file);
    await complains({
      object: 'File/lab.yaml',
      field: /^$/,
      value: three.cluster.file,
      message: /Cannot be read.*Put the file there/,
    });
    three.cluster.write({});
    await mended('File/lab.yaml');
  });
});

test('meanwhile the Service that is right was served without a lost connection', async (t) => {
  const attempts = await connector.stop();
  const lost = lostAttempts(attempts);
  t.diagnostic(`connections ${attempts.length}, lost ${lost.length}`);
  assert.deepEqual(lost.map(lossText), []);
});
