import { setTimeout as pause } from 'node:timers/promises';
import { Lab } from '@fairlead/lab';
import { KubernetesCluster } from '@fairlead/lab/kubernetes';
import { takeWrites, type Writes } from './api-writes/count-writes.ts';
import { earlier, steps, type Step } from './api-writes/steps.ts';
import type { Benchmark } from './benchmark.ts';
import { bringKubernetes } from '../scripts/bring-kubernetes.ts';

const CONTROLLER = 'controller';

export const apiWrites: Benchmark = {
  name: 'api-writes',
  summary:
    'what agents and controller write to the API server when something happens, and when not',
  run: async () => {
    bringKubernetes();
    console.log(
      'Requests but GET of three agents and the controller in the time named and some after it.',
    );
    console.log(
      'Statuses of Services for each time that it happens; all else in sum. A NodeReport is',
    );
    console.log('written at most every 5 s by each node, a Lease renewed every 2 s.\n');
    console.log(
      `${'what happens'.padEnd(38)}   times   Services   budget            pools   reports   events   leases   other`,
    );
    await using lab = await Lab.create({ name: 'api-writes' });
    const cluster = await KubernetesCluster.create(lab);
    await cluster.controllers.start(CONTROLLER);
    await cluster.controllers.leader();
    for (const name of earlier) await cluster.service({ name });
    await pause(BEGIN_MS);
    await takeWrites(cluster, CONTROLLER);
    for (const step of steps) {
      await step.act({ lab, cluster });
      await pause(step.restMs);
      console.log(row(step, await takeWrites(cluster, CONTROLLER)));
    }
  },
};

/** Whatever the controller has to say of a new cluster it has said then. */
const BEGIN_MS = 10_000;

function row({ what, times, budget }: Step, writes: Writes): string {
  const services = writes.services / times;
  const cells = [
    what.padEnd(38),
    times.toString().padStart(5),
    services.toFixed(1).padStart(8),
    budget.toString().padStart(6),
    (services <= budget ? 'met' : 'missed').padEnd(6),
    writes.addresspools.toString().padStart(5),
    writes.nodereports.toString().padStart(7),
    writes.events.toString().padStart(6),
    writes.leases.toString().padStart(6),
    writes.other.toString().padStart(5),
  ];
  return cells.join('   ');
}
