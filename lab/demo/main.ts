// Shows in about a minute what Fairlead does: npm run demo [-- --kubernetes] [--keep]
import { parseArgs } from 'node:util';
import { Lab, lookAround, monotonicMs } from '@fairlead/lab';
import { bringKubernetes } from '../../scripts/bring-kubernetes.ts';
import { withUsage } from '../../scripts/usage.ts';
import { showClientAddresses } from './client-addresses.ts';
import { showFailover } from './failover.ts';
import { startStandalone } from './standalone.ts';
import { Story } from './story.ts';

await withUsage('demo', async () => {
  const { values: flags } = parseArgs({
    options: {
      kubernetes: { type: 'boolean', default: false },
      keep: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (flags.help) {
    console.log(
      [
        'usage: npm run demo [-- --kubernetes] [--keep]',
        '  --kubernetes  with a real control plane and kube-proxy; builds them the first time',
        '  --keep        leave it running and say how to look around',
      ].join('\n'),
    );
    return;
  }

  if (flags.kubernetes) bringKubernetes();
  const startedMs = monotonicMs();
  console.log('Fairlead demo: a load balancer for Kubernetes on your own hardware');
  await using lab = await Lab.create({ name: 'demo', keep: flags.keep });
  const story = new Story();
  const { cluster, look } = flags.kubernetes
    ? await (await import('./kubernetes.ts')).startKubernetes(story, lab)
    : await startStandalone(story, lab);
  const [a, b] = cluster.nodes;
  if (a === undefined || b === undefined) throw new Error('the demo needs two nodes');

  await cluster.joined();
  for (const address of await cluster.allocated('web')) await cluster.owner(address);
  story.say('What the agent of a says: fairlead status');
  story.show(await cluster.fairlead(a, 'status'));

  await showClientAddresses(story, cluster, [a, b]);
  await showFailover(story, cluster, 'web');

  if (flags.keep) {
    const state = cluster.stateDirectory(a);
    story.say(
      'It is left running. Look around with:',
      `bin/fairlead status --state-dir ${state}`,
      ...look(),
      'Remove it with:',
      lookAround(lab).remove,
    );
  } else {
    story.say('Everything is removed again. To look around: npm run demo -- --keep');
  }
  console.log(`\nDone in ${((monotonicMs() - startedMs) / 1000).toFixed(1)} s.`);
});
