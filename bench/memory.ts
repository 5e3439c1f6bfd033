import { parseArgs } from 'node:util';
import type { Benchmark } from './benchmark.ts';
import { bringKubernetes } from '../scripts/bring-kubernetes.ts';
import { wholeNumber } from '../scripts/usage.ts';
import { measureKubernetes } from './memory/kubernetes.ts';
import type { Sizes } from './memory/resident-size.ts';
import { measureStandalone } from './memory/standalone.ts';
import { median } from './spread.ts';

/** MiB, by the number of Services. */
const BUDGETS = {
  agent: new Map([
    [10, 66],
    [1000, 100],
    [10_000, 250],
  ]),
  controller: new Map([
    [10, 70],
    [1000, 110],
    [10_000, 300],
  ]),
} as const;

type Program = keyof typeof BUDGETS;

export const memory: Benchmark = {
  name: 'memory',
  summary:
    'resident size of agents, and of a controller, with 10, 1 000 and 10 000 Services [--kubernetes] [--services N,N]',
  run: async (flags) => {
    const { values } = parseArgs({
      args: [...flags],
      options: {
        kubernetes: { type: 'boolean', default: false },
        services: { type: 'string', default: [...BUDGETS.agent.keys()].join(',') },
      },
    });
    const counts = values.services.split(',').map((each) => wholeNumber('--services', each));
    await (values.kubernetes ? kubernetes(counts) : standalone(counts));
  },
};

async function standalone(counts: readonly number[]): Promise<void> {
  console.log('Resident size (VmRSS) of three standalone agents in the shipped form, MiB\n');
  console.log(heading);
  for (const services of counts) {
    console.log(row(services, 'agent', await measureStandalone(services)));
  }
}

async function kubernetes(counts: readonly number[]): Promise<void> {
  bringKubernetes();
  console.log('Resident size (VmRSS) of three agents and the leading controller in the shipped');
  console.log('form, MiB. The API server is real; no kube-proxy. Each Service has an address of');
  console.log('each family and two EndpointSlices of two pods.\n');
  console.log(heading);
  for (const services of counts) {
    const { agents, controller, publishedMs, servedMs, oneMore } =
      await measureKubernetes(services);
    console.log(row(services, 'agent', agents));
    console.log(row(services, 'controller', controller));
    const spans = [
      `controller started, addresses published: ${seconds(publishedMs)}`,
      `agents started, all served by all: ${seconds(servedMs)}`,
      `one more created: published ${seconds(oneMore.publishedMs)}, served by all ${seconds(oneMore.servedMs)}`,
    ];
    for (const span of spans) console.log(' '.repeat(11) + span);
  }
}

const heading = 'Services   of           median      max   highest ever   budget';

function row(services: number, program: Program, { resident, highest }: Sizes): string {
  const max = Math.max(...resident);
  const budget = BUDGETS[program].get(services);
  const figures = [
    services.toString().padStart(8),
    program.padEnd(10),
    median(resident).toFixed(1).padStart(6),
    max.toFixed(1).padStart(6),
    highest.toFixed(1).padStart(12),
    (budget ?? '').toString().padStart(6),
  ];
  if (budget === undefined) return figures.join('   ');
  return `${figures.join('   ')}   ${max <= budget ? 'met' : 'missed'}`;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`;
}
