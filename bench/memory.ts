import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { Lab, StandaloneCluster, waitFor } from '@fairlead/lab';
import type { Benchmark } from './benchmark.ts';

interface Budget {
  readonly services: number;
  readonly mib: number;
}

const BUDGETS: readonly Budget[] = [
  { services: 10, mib: 66 },
  { services: 1000, mib: 100 },
  { services: 10_000, mib: 250 },
];

/** An agent looks every five seconds whether there is memory to give back. */
const SETTLE_MS = 15_000;
const SAMPLES = 20;
const SAMPLE_EVERY_MS = 500;

/** The first hundred are on the segment and announced; of the others, IPv6 is. */
const POOL = ['192.0.2.100-192.0.2.199', '198.18.0.0/15', '2001:db8::1:0/112'];

export const memory: Benchmark = {
  name: 'memory',
  summary: 'resident size of an agent with 10, 1 000 and 10 000 Services',
  run: async () => {
    console.log('Resident size (VmRSS) of three standalone agents in the shipped form, MiB\n');
    console.log('Services   median      max   highest ever   budget');
    for (const budget of BUDGETS) console.log(row(budget, await measure(budget.services)));
  },
};

interface Sizes {
  /** Of all agents, over some seconds in which nothing happens: MiB. */
  readonly resident: readonly number[];
  /** Of all agents, since they started: MiB. */
  readonly highest: number;
}

async function measure(services: number): Promise<Sizes> {
  await using lab = await Lab.create({ name: 'memory' });
  const cluster = await StandaloneCluster.create(lab);
  const { nodes, pods } = cluster;
  cluster.write({
    pool: POOL,
    services: Array.from({ length: services }, (_, index) => ({ name: `web-${index}`, pods })),
  });
  await cluster.startAgents();
  for (const node of nodes) {
    await waitFor(
      async () => (await cluster.addressesOf(`web-${services - 1}`, node)).length === 2,
      { what: `the agent of ${node.name} to serve`, everyMs: 2000, deadlineMs: 300_000 },
    );
  }
  await pause(SETTLE_MS);
  const processes = nodes.map((node) => cluster.agent(node).pid);
  const resident: number[] = [];
  for (let sample = 0; sample < SAMPLES; sample++) {
    resident.push(...processes.map((pid) => mebibytes(pid, 'VmRSS')));
    await pause(SAMPLE_EVERY_MS);
  }
  return { resident, highest: Math.max(...processes.map((pid) => mebibytes(pid, 'VmHWM'))) };
}

/** proc_pid_status(5) */
function mebibytes(pid: number, field: 'VmRSS' | 'VmHWM'): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const kb = new RegExp(`^${field}:\\s+(?<kb>\\d+) kB$`, 'mu').exec(status)?.groups?.['kb'];
  if (kb === undefined) throw new Error(`process ${pid} has no ${field}`);
  return Number(kb) / 1024;
}

function row({ services, mib }: Budget, { resident, highest }: Sizes): string {
  const sorted = resident.toSorted((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
  const max = sorted.at(-1) ?? Number.NaN;
  const figures = [
    services.toString().padStart(8),
    median.toFixed(1).padStart(6),
    max.toFixed(1).padStart(6),
    highest.toFixed(1).padStart(12),
    mib.toString().padStart(6),
  ];
  return `${figures.join('   ')}   ${max <= mib ? 'met' : 'missed'}`;
}
