/**
 * What an operator does, and what other programs do to the node: repaired, survived, refused with a word that
 * helps, or removed without a trace.
 */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import {
  answersByPod,
  detachIngressPrograms,
  ECHO_PORT,
  ingressPrograms,
  lostAttempts,
  NumberedFlow,
  startConnector,
  startObserver,
  ThreeNodes,
  waitFor,
  type Attempt,
  type ConnectorOptions,
  type Host,
  type IngressProgram,
  type Node,
} from '@fairlead/lab';

let three: ThreeNodes;

before(async () => {
  three = await ThreeNodes.create('ops');
});

beforeEach(() => three.ready());

after(() => three[Symbol.asyncDispose]());

async function ask(
  options: Partial<ConnectorOptions> = {},
  from: Host = three.cluster.client,
): Promise<readonly Attempt[]> {
  await using connector = await startConnector(from, {
    addresses: three.addresses,
    port: 80,
    protocols: ['tcp', 'udp'],
    count: 20,
    patienceMs: 2_000,
    ...options,
  });
  await connector.process.exited;
  return connector.stop();
}

function lossText({ protocol, address, error }: Attempt): string {
  return `${protocol} ${address}: ${error}`;
}

function podsOf(attempts: readonly Attempt[]): string[] {
  return [...answersByPod(attempts).keys()].sort();
}

async function nftTables(node: Node): Promise<string> {
  const { stdout } = await node.exec(['nft', 'list', 'tables']);
  return stdout.trim();
}

const OURS = ['fairlead_announce', 'fairlead_steer'];

async function ourPrograms(node: Node): Promise<readonly IngressProgram[]> {
  // The kernel cuts names to 15 characters.
  const prefixes = OURS.map((name) => name.slice(0, 15));
  const all = await ingressPrograms(node);
  return all.filter(({ programName }) => prefixes.some((prefix) => programName.startsWith(prefix)));
}

describe('somebody changes the kernel behind our back', () => {
  test('nft flush ruleset: landing is back, for new connections too', async (t) => {
    const { b } = three;
    await using witness = await three.witness();
    await b.exec(['nft', 'flush', 'ruleset']);
    await waitFor(async () => (await nftTables(b)).includes('table inet fairlead'), {
      what: 'the table to be back',
      deadlineMs: 20_000,
    });
    assert.deepEqual(lostAttempts(await ask()).map(lossText), []);
    const evidence = await witness.end();
    t.diagnostic(evidence.figures());
    // A datagram that comes while there is no table is sent on as it is, and the next node refuses it: the
    // client of that one datagram may hear so. TCP is met with silence there, and must not notice.
    const { udp4, udp6, ...tcp } = evidence.errors();
    assert.deepEqual(tcp, {});
    for (const error of [udp4, udp6]) assert.equal(error ?? 'ECONNREFUSED', 'ECONNREFUSED');
    assert.deepEqual(Object.values(evidence.owners()), [['a'], ['a']]);
  });

  test('the programs are detached: they are attached again', async () => {
    const { a } = three;
    for (const name of OURS) {
      // What is attached right after says nothing: the agent may be back already.
      assert.equal(await detachIngressPrograms(a, name), 1, `${name} was attached`);
    }
    await waitFor(async () => (await ourPrograms(a)).length === 2, {
      what: 'both programs to be attached',
      deadlineMs: 15_000,
      everyMs: 200,
    });
    await three.settled(a);
    assert.deepEqual(lostAttempts(await ask()).map(lossText), []);
  });
});

describe('an agent ends', () => {
  test('killed -9 on all nodes, a client with a warm cache notices nothing', async (t) => {
    const { cluster } = three;
    await using witness = await three.witness();
    await cluster.killAgents();
    await witness.asks(200);
    const cold = lostAttempts(await ask());
    await cluster.startAgents();
    await three.settled(three.a);
    const evidence = await witness.end();
    t.diagnostic(evidence.figures());
    assert.deepEqual(cold.map(lossText), []);
    assert.deepEqual(evidence.lost(), {});
    assert.deepEqual(evidence.errors(), {});
  });

  test('restarted: no packet is lost, and what is in the kernel stays', async (t) => {
    const { cluster, b } = three;
    await using witness = await three.witness();
    const before = await ingressPrograms(b);
    const { code } = await cluster.agent(b).stop();
    await cluster.startAgent(b);
    await three.settled(three.a);
    const evidence = await witness.end();
    t.diagnostic(evidence.figures());
    assert.equal(code, 0, 'SIGTERM is no failure');
    assert.deepEqual(evidence.lost(), {});
    assert.deepEqual(evidence.errors(), {});
    assert.equal((await ourPrograms(b)).length, 2);
    assert.equal((await ingressPrograms(b)).length, before.length);
  });
});

test('a node whose agent is gone still finds the addresses that others answer for', async () => {
  const { a, c, cluster, addresses } = three;
  await cluster.agent(c)[Symbol.asyncDispose]();
  await waitFor(
    async () => {
      const { nodes } = await cluster.status(a);
      return nodes.some(({ node, live }) => node === c.name && !live);
    },
    { what: `${a.name} to miss ${c.name}` },
  );
  // Not what its kernel knows in the end: gratuitous announcements tell it as well.
  await using asking = await startObserver(c, { addresses, everyMs: 50 });
  for (const address of addresses) {
    await asking.next((seen) => seen.kind === 'answer' && seen.address === address);
  }
});

describe('commands', () => {
  const executable = join(import.meta.dirname, '..', 'bin', 'fairlead');

  /** What a command says where it must fail. */
  async function refusal(host: Host, ...argv: readonly string[]): Promise<string> {
    const { code, stderr } = await host.exec([executable, ...argv], { mayFail: true });
    assert.notEqual(code, 0);
    assert.doesNotMatch(stderr, /^\s+at /m, 'no stack');
    return stderr;
  }

  test('a second agent with the same state directory is refused', async () => {
    const { cluster, a } = three;
    const directory = cluster.stateDirectory(a);
    const flags = ['--file', cluster.file, '--node', a.name, '--metrics', '0'];
    const said = await refusal(a, 'agent', ...flags, '--state-dir', directory);
    assert.match(said, new RegExp(`another agent \\(process ${cluster.agent(a).pid}\\).*Stop it`));
    assert.equal((await cluster.status(a)).node, 'a', 'the first goes on');
  });

  test('cleanup is refused while an agent runs', async () => {
    const { cluster, a } = three;
    const said = await refusal(a, 'cleanup', '--state-dir', cluster.stateDirectory(a));
    assert.match(said, new RegExp(`process ${cluster.agent(a).pid}.*Stop it first`));
  });

  test('status without an agent says where it looked', async () => {
    const said = await refusal(three.a, 'status', '--state-dir', '/run/fairlead-not-there');
    assert.match(said, /^fairlead: \/run\/fairlead-not-there\/agent\.sock: no agent .*--state-dir/);
  });

  test('agent and cleanup say that they need root', async () => {
    const { a, cluster } = three;
    const verbs = [['cleanup'], ['agent', '--file', cluster.file, '--node', 'a']];
    for (const verb of verbs) {
      const argv = [executable, ...verb, '--state-dir', '/tmp/fairlead-nobody'];
      const asNobody = ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups'];
      const { code, stderr } = await a.exec(['env', ...asNobody, ...argv], { mayFail: true });
      assert.equal(code, 1);
      assert.match(stderr, /as root/);
    }
  });

  test('every verb has --help with its flags', async () => {
    const flags = {
      agent: '--require-class',
      controller: '--require-class',
      status: '--state-dir <dir>',
      cleanup: '--state-dir <dir>',
    };
    for (const [verb, flag] of Object.entries(flags)) {
      const { stdout } = await three.a.exec([executable, verb, '--help']);
      assert.match(stdout, new RegExp(`^Usage: fairlead ${verb}`));
      assert.ok(stdout.includes(flag), stdout);
    }
  });

  test('metrics and probes are served', async () => {
    const { a, cluster } = three;
    await cluster.agent(a).stop();
    await cluster.startAgent(a, ['--metrics', '127.0.0.1:7475']);
    await three.settled(a);
    const get = async (path: string): Promise<string> => {
      const { stdout } = await a.exec(['curl', '-fsS', `http://127.0.0.1:7475${path}`]);
      return stdout;
    };
    assert.equal(await get('/healthz'), 'ok\n');
    assert.equal(await get('/readyz'), 'ok\n');
    const metrics = await get('/metrics');
    assert.match(metrics, /^fairlead_addresses_answered\{interface="eth0"\} 2$/m);
    assert.match(metrics, /^fairlead_members_live\{interface="eth0"\} 3$/m);
    for (const line of metrics.trimEnd().split('\n')) {
      assert.match(line, /^(# (HELP|TYPE) fairlead_\w+ .+|fairlead_\w+(\{.+\})? -?[\d.e+]+)$/);
    }
  });
});

describe('what a Service asks for', () => {
  test('session affinity: a client keeps its pod, over either family', async () => {
    three.cluster.service({ name: 'sticky', affinitySeconds: 600 });
    const addresses = await three.cluster.allocated('sticky');
    for (const address of addresses) {
      await three.cluster.owner(address);
      const attempts = await ask({ addresses: [address], protocols: ['tcp'], count: 40 });
      assert.deepEqual(lostAttempts(attempts).map(lossText), []);
      assert.equal(podsOf(attempts).length, 1, 'TCP by one pod');
      const datagrams = await ask({ addresses: [address], protocols: ['udp'], count: 40 });
      assert.deepEqual(lostAttempts(datagrams).map(lossText), []);
      assert.equal(podsOf(datagrams).length, 1, 'UDP by one pod');
    }
    three.cluster.removeService('sticky');
  });

  test('source ranges: who is in them is served, who is not is not', async () => {
    const { cluster, observer } = three;
    cluster.service({ name: 'guarded', sourceRanges: ['192.0.2.50/32', '2001:db8::50/128'] });
    const addresses = await cluster.allocated('guarded');
    for (const address of addresses) await cluster.owner(address);
    const allowed = await ask({ addresses });
    assert.deepEqual(lostAttempts(allowed).map(lossText), []);
    const refused = await ask({ addresses, count: 5, patienceMs: 500 }, observer);
    assert.equal(lostAttempts(refused).length, refused.length);
    cluster.removeService('guarded');
  });
});

test('an agent whose packet worker fails says so and ends, and another node answers', async () => {
  const { cluster, a, nodes, addresses } = three;
  const process = cluster.agent(a);
  await cluster.endPacketWorker(a);
  const { code } = await process.exited;
  assert.equal(code, 1);
  assert.match(process.stderr.text(), /the packet worker ended/);
  const others = nodes.filter((node) => node !== a);
  for (const address of addresses) await cluster.owner(address, others);
  await cluster.startAgent(a);
  await three.settled(a);
});

describe('what an agent needs belongs to somebody else', () => {
  /** Starts c's agent anew beside another program, until its status says what is wrong; then ends that program. */
  async function startBeside(argv: readonly [string, ...string[]], said: RegExp): Promise<void> {
    const { cluster, c } = three;
    await cluster.agent(c).stop();
    await cluster.fairlead(c, 'cleanup');
    const other = await c.spawn(argv, { name: 'other' });
    await waitFor(() => other.stdout.text().includes('ready'), { what: 'the other program' });
    await cluster.startAgent(c);
    const status = (): Promise<string> => cluster.fairlead(c, 'status').catch(String);
    await waitFor(async () => said.test(await status()), { what: `status to say ${said.source}` });
    await other[Symbol.asyncDispose]();
    await waitFor(async () => !said.test(await status()), {
      what: 'the agent to go on',
      deadlineMs: 30_000,
    });
    await three.settled(three.a);
    assert.deepEqual(lostAttempts(await ask()).map(lossText), []);
  }

  test('the table in nftables', async () => {
    const script = `
      const nft = require('node:child_process').spawn('nft', ['-i']);
      nft.stdout.on('data', (text) => /fairlead/.test(text) && console.log('ready'));
      nft.stdin.write('add table inet fairlead { flags owner; }\\nlist tables\\n');
    `;
    await startBeside(
      [process.execPath, '--eval', script],
      /Nothing has been decided[^]*does not follow changes/u,
    );
  });

  test('the port of heartbeats', async () => {
    const script = `
      const socket = require('node:dgram').createSocket({ type: 'udp6' });
      socket.bind(7476, () => console.log('ready'));
    `;
    await startBeside(
      [process.execPath, '--eval', script],
      /Segment eth0: this node is out[^]*sockets cannot be opened[^]*EADDRINUSE/u,
    );
  });
});

describe('a pod goes', () => {
  test('connections to the other go on, new ones avoid it', async () => {
    const { cluster, addresses, nodes } = three;
    const [gone, kept] = cluster.pods;
    assert.ok(gone !== undefined && kept !== undefined);
    assert.deepEqual(podsOf(await ask({ count: 40 })), [gone.name, kept.name].sort());
    // So many that some of them reach each pod, whatever their ports.
    const flows = await Promise.all(
      Array.from({ length: 8 }, () => addresses)
        .flat()
        .map((address) =>
          NumberedFlow.start(cluster.client, {
            address,
            port: ECHO_PORT,
            protocol: 'tcp',
            rate: 100,
          }),
        ),
    );
    const { stdout } = await kept.exec(['ss', '-Htn', 'state', 'established']);
    three.service({ pods: [kept] });
    for (const node of nodes) {
      await waitFor(
        async () => {
          const { services } = await cluster.status(node);
          return services.every(({ pods }) => pods.every((each) => each.node === kept.node.name));
        },
        { what: `${node.name} to know that the pod is gone`, deadlineMs: 20_000 },
      );
    }
    const attempts = await ask({ count: 40 });
    assert.deepEqual(podsOf(attempts), [kept.name]);
    assert.deepEqual(lostAttempts(attempts).map(lossText), []);
    const results = await Promise.all(flows.map((flow) => flow.stop()));
    const unharmed = results.filter(({ localPort }) => new RegExp(`:${localPort}\\s`).test(stdout));
    assert.ok(unharmed.length > 0, 'some of the connections were to the pod that stayed');
    for (const { lost, error } of unharmed) assert.deepEqual([lost, error], [0, undefined]);
    three.service({});
  });
});

describe('cleanup', () => {
  test('leaves nothing of ours and all of others', async () => {
    const { cluster, c } = three;
    await c.exec(['nft', 'add', 'table', 'inet', 'somebody']);
    await c.exec(['tc', 'qdisc', 'replace', 'dev', 'eth0', 'clsact']);
    await cluster.agent(c).stop();
    const done = await cluster.fairlead(c, 'cleanup');
    assert.match(done, /removed/);
    assert.equal(await nftTables(c), 'table inet somebody');
    assert.deepEqual(await ingressPrograms(c), []);
    assert.equal(existsSync(cluster.stateDirectory(c)), false);
    const { stdout } = await c.exec(['tc', 'qdisc', 'show', 'dev', 'eth0']);
    assert.match(stdout, /clsact/);
    await cluster.fairlead(c, 'cleanup');
  });
});
