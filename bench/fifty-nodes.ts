import { readFileSync } from 'node:fs';
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
/** sysconf(_SC_CLK_TCK): the same on every architecture that Linux has had for long. */
const TICKS_A_SECOND = 100;

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
      corePercent: (100 * (after.ticks - before.ticks)) / TICKS_A_SECOND / seconds,
    });
  }
  return samples;
}

function look(cluster: StandaloneCluster, agent: Node, frames: number) {
  return { atMs: performance.now(), ticks: ticksOf(cluster.agent(agent).pid), frames };
}

/** proc_pid_stat(5): utime and stime are fields 14 and 15, after a name in brackets that may hold anything. */
function ticksOf(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return Number(fields[11]) + Number(fields[12]);
}

function nodeObject({ node, address }: { readonly node: string; readonly address: IpAddress }) {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: node },
    status: { addresses: [{ type: 'InternalIP', address }] },
  };
}
