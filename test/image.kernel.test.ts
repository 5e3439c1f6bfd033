/**
 * What the container image holds is enough, and what the DaemonSet allows its containers is enough: no container
 * engine is needed to see both.
 */
import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { DaemonSet } from 'kubernetes-types/apps/v1.d.ts';
import type { Container } from 'kubernetes-types/core/v1.d.ts';
import { Lab, StandaloneCluster, waitFor, type Node } from '@fairlead/lab';
import { manifest } from './manifests.ts';

const fillTree = join(import.meta.dirname, '..', 'scripts', 'image-tree.ts');
const address = '192.0.2.100';

let lab: Lab;
let cluster: StandaloneCluster;
let node: Node;
let tree: string;

before(async () => {
  lab = await Lab.create({ name: 'image' });
  cluster = await StandaloneCluster.create(lab, { nodes: ['a'], podsOn: ['a'] });
  const [a] = cluster.nodes;
  assert.ok(a !== undefined);
  node = a;
  tree = join(lab.directory, 'image');
  await node.exec([process.execPath, fillTree, tree]);
});

after(() => lab[Symbol.asyncDispose]());

function container(kind: 'containers' | 'initContainers'): Container {
  const { spec } = manifest('DaemonSet', 'fairlead-agent') as DaemonSet;
  const [only] = spec?.template.spec?.[kind] ?? [];
  assert.ok(only !== undefined);
  return only;
}

/** A program with no more than the agent's container may. */
function confined(argv: readonly string[]): [string, ...string[]] {
  const { capabilities } = container('containers').securityContext ?? {};
  assert.deepEqual(capabilities?.drop, ['ALL']);
  const set = ['-all', ...(capabilities?.add ?? []).map((name) => `+${name.toLowerCase()}`)].join();
  return ['setpriv', '--no-new-privs', `--bounding-set=${set}`, `--inh-caps=${set}`, '--', ...argv];
}

/** How many bpf file systems are mounted in directories of the node. */
async function bpfMounts(): Promise<number> {
  const { stdout } = await node.exec(['cat', '/proc/self/mounts']);
  return stdout
    .split('\n')
    .filter((line) => line.includes(`${node.directory}/`) && line.includes('/bpf bpf ')).length;
}

test('the tree of the image runs without anything around it', async () => {
  const fairlead = join(tree, 'bin', 'fairlead');
  const bare = ['env', '--ignore-environment', 'PATH=/usr/bin:/bin'] as const;
  const { stdout } = await node.exec([...bare, fairlead, '--help']);
  assert.match(stdout, /A load balancer for Kubernetes/u);
});

test('the agent serves from that tree with the capabilities of the DaemonSet', async () => {
  const state = cluster.stateDirectory(node);
  const [script = ''] = container('initContainers').args ?? [];
  // As `/run` of a node: what a pod mounts there with propagation the node has, too.
  await node.exec(['mkdir', '-p', state]);
  await node.exec(['mount', '--bind', state, state]);
  await node.exec(['mount', '--make-shared', state]);
  const mount = script.replaceAll('/run/fairlead', state);
  // A pod that is started again finds the file system there.
  for (const attempt of ['the first time', 'again']) {
    await node.exec(['/bin/sh', '-ec', `${mount} # ${attempt}`]);
  }
  assert.equal(await bpfMounts(), 1);
  cluster.service({ name: 'web', addresses: [address] });
  const flags = ['--file', cluster.file, '--node', node.name, '--state-dir', state];
  const agent = await node.spawn(
    confined([join(tree, 'bin', 'fairlead'), 'agent', ...flags, '--metrics', '0']),
    { name: 'agent' },
  );
  await waitFor(
    async () => {
      assert.ok(agent.running, `the agent has ended: ${agent.stderr.text()}`);
      const status = await cluster.status(node).catch(() => undefined);
      const addresses = status?.services.flatMap((service) => service.addresses) ?? [];
      return addresses.some(({ here }) => here === 'answers');
    },
    { what: `node a to answer for ${address}`, deadlineMs: 15_000, everyMs: 200 },
  );
  const { problems, services, segments } = await cluster.status(node);
  assert.deepEqual(
    [...problems, ...services.flatMap((service) => service.problems)],
    [],
    'a missing capability would be told here',
  );
  assert.deepEqual(
    segments.flatMap((segment) => segment.problems),
    [],
  );
  const asked = `
    const socket = require('node:net').connect(80, '${address}');
    socket.on('data', (bytes) => { console.log(String(bytes)); process.exit(); });
    socket.on('error', (error) => { console.error(error.message); process.exit(1); });
    socket.setTimeout(5000, () => process.exit(1));
    socket.write('hello\\n');
  `;
  const { stdout } = await cluster.client.exec([process.execPath, '--eval', asked]);
  assert.match(stdout, /web-a/u);
  assert.deepEqual((await agent.stop()).code, 0);
});

test('cleanup in a pod: what is mounted on the node goes, the directory stays', async () => {
  const state = cluster.stateDirectory(node);
  const fairlead = join(tree, 'bin', 'fairlead');
  const inPod = join(node.directory, 'in-pod');
  await node.exec(['mkdir', inPod]);
  await node.exec(['mount', '--rbind', state, inPod]);
  assert.equal(await bpfMounts(), 2);
  const { stdout } = await node.exec([fairlead, 'cleanup', '--state-dir', inPod]);
  assert.match(stdout, /steering: removed/u);
  assert.equal(await bpfMounts(), 0);
  assert.deepEqual(readdirSync(state), []);
  for (const directory of [inPod, state]) await node.exec(['umount', directory]);
  await node.exec([fairlead, 'cleanup', '--state-dir', state]);
  assert.equal(existsSync(state), false);
});
