import { setTimeout as pause } from 'node:timers/promises';
import type { Lab } from '@fairlead/lab';
import type { KubernetesCluster } from '@fairlead/lab/kubernetes';

interface Scene {
  readonly lab: Lab;
  readonly cluster: KubernetesCluster;
}

/** Something that happens to the cluster. */
export interface Step {
  readonly what: string;
  /** How often it happens; figures are for one time. */
  readonly times: number;
  /** How long after it writes still count as its own, ms. */
  readonly restMs: number;
  /** Writes of Services' statuses for each time, at most. */
  readonly budget: number;
  readonly act: (scene: Scene) => Promise<void>;
}

const COUNT = 10;
/** NodeReports are written no sooner than 5 s after the last, words in statuses 5 s after they change. */
const REST_MS = 15_000;
const MINUTE_MS = 60_000;
/** Each by itself, as people do it. */
const APART_MS = 300;
/** As a DaemonSet on nodes of different speed. */
const START_APART_MS = 2000;

/** Services that are there before the first step. */
export const earlier: readonly string[] = Array.from(
  { length: COUNT },
  (_, index) => `old-${index}`,
);

const names = Array.from({ length: COUNT }, (_, index) => `web-${index}`);
const http = { protocol: 'TCP', port: 80, targetPort: 8080 } as const;
const more = { protocol: 'UDP', port: 81, targetPort: 8080 } as const;

export const steps: readonly Step[] = [
  {
    what: 'agents start, for each Service',
    times: COUNT,
    restMs: REST_MS,
    budget: 1,
    act: async ({ cluster }) => {
      for (const node of cluster.nodes) {
        await cluster.startAgent(node);
        await pause(START_APART_MS);
      }
      await cluster.joined();
    },
  },
  {
    what: 'a Service is created',
    times: COUNT,
    restMs: REST_MS,
    budget: 1,
    act: ({ cluster }) => each((name) => cluster.service({ name, ports: [http] })),
  },
  {
    what: 'a port is added',
    times: COUNT,
    restMs: REST_MS,
    budget: 1,
    act: ({ cluster }) => each((name) => cluster.service({ name, ports: [http, more] })),
  },
  {
    what: 'another address is requested',
    times: COUNT,
    restMs: REST_MS,
    budget: 1,
    act: ({ cluster }) =>
      each((name, index) =>
        cluster.service({ name, ports: [http, more], addresses: [`192.0.2.${180 + index}`] }),
      ),
  },
  { what: 'nothing, for a minute', times: 1, restMs: MINUTE_MS, budget: 0, act: async () => {} },
  {
    what: 'a pool is created',
    times: 1,
    restMs: REST_MS,
    budget: 0,
    act: ({ cluster }) => cluster.pool('more', ['198.51.100.0/28']),
  },
  {
    what: 'a pool is edited',
    times: 1,
    restMs: REST_MS,
    budget: 0,
    act: ({ cluster }) => cluster.pool('more', ['198.51.100.0/27']),
  },
  {
    what: 'the owner’s cable is cut, and a minute',
    times: 1,
    restMs: MINUTE_MS,
    budget: 0,
    act: async ({ cluster }) => {
      const owner = await cluster.owner('192.0.2.180');
      await owner.nic.cut();
    },
  },
  {
    what: 'it is whole again, and a minute',
    times: 1,
    restMs: MINUTE_MS,
    budget: 0,
    act: ({ lab }) => lab.healAll(),
  },
  {
    what: 'a Service is deleted',
    times: COUNT,
    restMs: REST_MS,
    budget: 0,
    act: ({ cluster }) => each((name) => cluster.removeService(name)),
  },
];

async function each(act: (name: string, index: number) => Promise<void>): Promise<void> {
  for (const [index, name] of names.entries()) {
    await act(name, index);
    await pause(APART_MS);
  }
}
