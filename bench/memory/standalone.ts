import { Lab, StandaloneCluster } from '@fairlead/lab';
import { LARGE_POOL } from './large-pool.ts';
import { sampleSizes, type Sizes } from './resident-size.ts';
import { servedAll } from './served-all.ts';

const deadlineMs = 300_000;

export async function measureStandalone(services: number): Promise<Sizes> {
  await using lab = await Lab.create({ name: 'memory' });
  const cluster = await StandaloneCluster.create(lab);
  const { nodes, pods } = cluster;
  cluster.write({
    pool: LARGE_POOL,
    services: Array.from({ length: services }, (_, index) => ({ name: `web-${index}`, pods })),
  });
  await cluster.startAgents();
  for (const node of nodes) await servedAll(node, services, deadlineMs);
  const { agents } = await sampleSizes({ agents: nodes.map((node) => cluster.agent(node).pid) });
  return agents;
}
