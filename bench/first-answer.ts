import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { addObserver, Lab, startObserver, type Observation, type Recording } from '@fairlead/lab';
import {
  KubernetesCluster,
  madeName,
  startServiceMaker,
  type MadeService,
} from '@fairlead/lab/kubernetes';
import { familyOf, type IpAddress } from '@fairlead/ip';
import { resources } from '@fairlead/kube';
import type { Benchmark } from './benchmark.ts';
import { fairlead, type Contestant } from './first-answer/contestant.ts';
import { buildMetallb } from './first-answer/metallb.ts';
import { median, spread } from './spread.ts';
import { bringKubernetes } from '../scripts/bring-kubernetes.ts';
import { wholeNumber } from '../scripts/usage.ts';

/** Median and worst. */
const BUDGET_MS = { median: 12, worst: 25 } as const;
const ADDRESSES = ['192.0.2.150', '2001:db8::1:150'] as IpAddress[];
/** Of one node: how long the way takes. Of three: with the work of all of them on one machine. */
const CLUSTERS = [['a'], ['a', 'b', 'c']] as const;
/** These come and go first: code that has not run yet is slow, in whatever language. */
const WARM_UPS = 10;
const WARM_UP = 'warm-up';
const WARM_UP_REST_MS = 500;
const START_MS = 60_000;
/** How long before a Service is made nobody may answer for its addresses any more. */
const SILENCE_MS = 100;

export const firstAnswer: Benchmark = {
  name: 'first-answer',
  summary:
    'from a Service created to the first answer by ARP and NDP [--rounds N, default 50] [--metallb: it too]',
  run: async (flags) => {
    const { values } = parseArgs({
      args: [...flags],
      options: {
        rounds: { type: 'string', default: '50' },
        metallb: { type: 'boolean', default: false },
      },
    });
    const rounds = wholeNumber('--rounds', values.rounds);
    bringKubernetes();
    const contestants = values.metallb ? [fairlead, await buildMetallb()] : [fairlead];
    console.log(
      `A Service is created ${rounds} times, after ${WARM_UPS} to warm up, in a cluster of one node and in one of`,
    );
    console.log(
      'three; they share the processors with the API server. One controller, no kube-proxy. An',
    );
    console.log('observer asks every millisecond. In ms, median / max.\n');
    for (const nodes of CLUSTERS) {
      for (const contestant of contestants) await report(contestant, nodes, rounds);
    }
  },
};

async function report(
  contestant: Contestant,
  nodes: readonly string[],
  rounds: number,
): Promise<void> {
  const { made, published, observations } = await measure(contestant, nodes, rounds);
  const title = `${contestant.name}, ${nodes.length} ${nodes.length === 1 ? 'node' : 'nodes'}`;
  console.log(`${title.padEnd(19)}   from POST returned   from POST sent   budget`);
  for (const address of ADDRESSES) console.log(row(address, made, observations));
  console.log(`The address stood in the status after ${published} ms from POST returned.\n`);
}

async function measure(contestant: Contestant, nodes: readonly string[], rounds: number) {
  await using lab = await Lab.create({ name: 'first-answer' });
  const cluster = await KubernetesCluster.create(lab, { nodes, direct: true });
  const observer = await addObserver(lab, cluster.lan);
  await contestant.start(cluster, {
    addresses: ADDRESSES,
    services: [WARM_UP, ...Array.from({ length: rounds }, (_, round) => madeName(round))],
  });
  await using observing = await startObserver(observer, { addresses: ADDRESSES, everyMs: 1 });
  for (let round = 0; round < WARM_UPS; round++) await warmUp(cluster, observing);
  await using making = await startServiceMaker(cluster.host, {
    kubeconfig: cluster.plane.kubeconfig(),
    rounds,
    addresses: ADDRESSES,
  });
  await making.process.exited;
  const records = await making.stop();
  const made = records.filter((each) => each.kind === 'made');
  const published = made.map(({ name, answeredMs }) => {
    const first = records.find((each) => each.kind === 'published' && each.name === name);
    if (first?.kind !== 'published') throw new Error(`${name} was given no address`);
    return first.atMs - answeredMs;
  });
  return { made, published: spread(published, 1), observations: await observing.stop() };
}

/** A Service comes, is answered for, and goes. */
async function warmUp(
  cluster: KubernetesCluster,
  observing: Recording<Observation>,
): Promise<void> {
  const answered = ADDRESSES.map((address) =>
    observing.next((each) => each.kind === 'answer' && each.address === address, START_MS),
  );
  await cluster.service({ name: WARM_UP, addresses: ADDRESSES });
  await Promise.all(answered);
  await cluster.api.delete(resources.services, { namespace: 'default', name: WARM_UP });
  await pause(WARM_UP_REST_MS);
}

function row(
  address: IpAddress,
  made: readonly MadeService[],
  observations: readonly Observation[],
): string {
  const answers = observations
    .filter((each) => each.kind === 'answer')
    .filter((each) => each.address === address)
    .map(({ atMs }) => atMs);
  const firsts = made.map(({ name, askedMs, answeredMs }) => {
    if (answers.some((atMs) => atMs > askedMs - SILENCE_MS && atMs <= askedMs)) {
      throw new Error(`${address} was still answered for when ${name} was made`);
    }
    const first = answers.find((atMs) => atMs > askedMs);
    if (first === undefined) throw new Error(`nobody answered for ${address} of ${name}`);
    return { sinceAnswered: first - answeredMs, sinceAsked: first - askedMs };
  });
  const sinceAnswered = firsts.map((each) => each.sinceAnswered);
  const met =
    median(sinceAnswered) <= BUDGET_MS.median && Math.max(...sinceAnswered) <= BUDGET_MS.worst;
  const cells = [
    `IPv${familyOf(address)}`.padEnd(19),
    spread(sinceAnswered, 1).padStart(18),
    spread(
      firsts.map((each) => each.sinceAsked),
      1,
    ).padStart(14),
    `${BUDGET_MS.median} / ${BUDGET_MS.worst}`.padStart(7),
  ];
  return `${cells.join('   ')}   ${met ? 'met' : 'missed'}`;
}
