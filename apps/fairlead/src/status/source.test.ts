import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chooseSource, type StatusSourceFacts } from './source.ts';

function choose(more: Partial<StatusSourceFacts>, ...there: readonly string[]) {
  return chooseSource({
    stateDir: undefined,
    kubeconfig: undefined,
    defaultStateDir: '/run/fairlead',
    agentRuns: there.includes(agent),
    environment: {},
    home: '/home/me',
    exists: (path) => there.includes(path),
    ...more,
  });
}

const agent = 'an agent';
const config = '/home/me/.kube/config';

test('what is named counts', () => {
  assert.deepEqual(choose({ stateDir: '/state' }, agent, config), {
    kind: 'agent',
    stateDir: '/state',
  });
  assert.deepEqual(choose({ kubeconfig: 'k' }, agent, config), {
    kind: 'kubernetes',
    kubeconfig: 'k',
  });
  assert.throws(() => choose({ stateDir: '/state', kubeconfig: 'k' }), /leave one out/u);
});

test('else the agent of this node, else what kubectl would use, else the pod', () => {
  const environment = { KUBECONFIG: '/a:/b', KUBERNETES_SERVICE_HOST: '10.96.0.1' };
  const table: readonly (readonly [there: readonly string[], found: object])[] = [
    [[agent, '/b', config], { kind: 'agent', stateDir: '/run/fairlead' }],
    [['/b', config], { kind: 'kubernetes', kubeconfig: '/b' }],
    [[config], { kind: 'kubernetes', kubeconfig: undefined }],
  ];
  for (const [there, found] of table) assert.deepEqual(choose({ environment }, ...there), found);
  assert.deepEqual(choose({}, config), { kind: 'kubernetes', kubeconfig: config });
});

test('nobody to ask: it says where it looked', () => {
  assert.throws(() => choose({}), /run\/fairlead.*\/home\/me\/\.kube\/config.*--kubeconfig/u);
});
