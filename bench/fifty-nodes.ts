import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import {
  Lab,
  StandaloneCluster,
  startMembers,
  startWireTap,
  waitFor,
  type Node,
} from '@fairlead/lab';
import type { IpAddress } from '@fairlead/ip';
import type { Benchmark } from './benchmark.ts';
import { median, spread } from './spread.ts';

const NODES = 50;
/** Of one agent. */
const HEARTBEATS_A_SECOND = 500;
const CORE_PERCENT = 4;

/** After all have met, memory is given back and buckets come to rest. */
const SETTLE_MS = 15_000;
const SAMPLES = 10;
const SAMPLE_MS = 2_000;

export const fiftyNodes: Benchmark = {
  name: 'fifty-nodes',
  summary: 'what an agent costs on a segment of 50 nodes: heartbeats sent, part of a core',
  run: async () => {
    console.log(
      `A standalone agent in the shipped form with one Service; ${NODES - 1} further nodes are played by one`,
    );
    console.log(
      'process, by the real rules, each of which sends to the agent alone. Median / max of',
    );
    console.log(`${SAMPLES} samples of ${SAMPLE_MS / 1000} s.\n`);
    const samples = await measure();
    const rates = samples.map(({ heartbeats }) => heartbeats);
    const percents = samples.map(({ corePercent }) => corePercent);
    // By the median: where the one process of all peers stands still, all of them die and come back at once.
    const met = median(rates) <= HEARTBEATS_A_SECOND && median(percents) <= CORE_PERCENT;
    console.log(
      `heartbeats sent a second   ${spread(rates)}, median at most ${HEARTBEATS_A_SECOND}`,
    );
    console.log(
      `percent of a core          ${median(percents).toFixed(1)} / ${Math.max(...percents).toFixed(1)}, median at most ${CORE_PERCENT}`,
    );
    console.log(met ? 'met' : 'missed');
  },
};

interface Sample {
  /** Sent by the agent, a second. */
  readonly heartbeats: number;
  /** Of one core: user and system time of the whole process. */
  readonly corePercent: number;
}

async function measure(): Promise<readonly Sample[]> {
  await using lab = await Lab.create({ name: 'fifty' });
  const cluster = await StandaloneCluster.create(lab, { nodes: ['a'] });
  const [agent] = cluster.nodes;
  if (agent === undefined) throw new RangeError('the cluster has no node');
  const members = Array.from({ length: NODES - 1 }, (_, index) => {
    return { node: `peer-${index}`, address: `192.0.2.${200 + index}` as IpAddress };
  });
  const crowd = await lab.foreign('crowd', {
    nics: [{ switch: cluster.lan, addresses: members.map(({ address }) => `${address}/24`) }],
  });
  cluster.write({ more: members.map(nodeObject) });
  cluster.service({ name: 'web', pods: cluster.pods });
  await cluster.startAgents();
  await startMembers(crowd, {
    cluster: 'lab',
    keyFile: join(lab.directory, 'lab.key'),
    members,
    peers: [{ node: agent.name, address: '192.0.2.11' as IpAddress }],
    only: ['192.0.2.11' as IpAddress],
  });
  await waitFor(
    async () => {
      const { nodes } = await cluster.status(agent);
      return nodes.filter(({ live }) => live).length === NODES;
    },
    { what: `${NODES} nodes to be live`, deadlineMs: 60_000, everyMs: 500 },
  );
  await pause(SETTLE_MS);
  const wire = await startWireTap(lab.inside(cluster.lan), [agent.nic.port]);
  const samples: Sample[] = [];
  for (let sample = 0; sample < SAMPLES; sample++) {
    const before = look(cluster, agent, wire.records.length);
    await pause(SAMPLE_MS);
    const after = look(cluster, agent, wire.records.length);
    const seconds = (after.atMs - before.atMs) / 1000;
    const frames = wire.records.slice(before.frames, after.frames);
    samples.push({
      heartbeats: frames.filter(({ meaning }) => meaning === 'heartbeat').length / seconds,
      corePercent: (100 * (after.ranMs - before.ranMs)) / 1000 / seconds,
    });
  }
  return samples;
}

function look(cluster: StandaloneCluster, agent: Node, frames: number) {
  return { atMs: performance.now(), ranMs: ranMs(cluster.agent(agent).pid), frames };
}

/** How long all threads of a process have run: the first field of schedstat, ns; the ticks of `stat` are too coarse. */
function ranMs(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`);
  return threads.reduce((sum, thread) => {
    const [ranNs] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ');
    return sum + Number(ranNs) / 1e6;
  }, 0);
}

function nodeObject({ node, address }: { readonly node: string; readonly address: IpAddress }) {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: node },
    status: { addresses: [{ type: 'InternalIP', address }] },
  };
}
