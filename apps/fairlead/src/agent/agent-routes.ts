import { plainText, type Routes } from '../http.ts';
import { renderMetrics } from '../metrics.ts';
import type { AgentSnapshot } from '../status/snapshot.ts';
import { agentMetrics, type MetricsInput } from './agent-metrics.ts';
import { faultRoutes, type Faults } from './fault-injection.ts';

/** What an agent can be asked. */
export interface AgentAnswers {
  readonly status: () => Promise<AgentSnapshot>;
  /** Why it is not ready; undefined = it is. */
  readonly unready: () => string | undefined;
  readonly metrics: () => Promise<MetricsInput>;
  /** Undefined but for tests. */
  readonly faults: Faults | undefined;
}

/** Served on the agent's socket, to root on this node. */
export function socketRoutes({ status, faults }: AgentAnswers): Routes {
  const routes: Routes = {
    'GET /status': async () => ({
      status: 200,
      type: 'application/json',
      body: JSON.stringify(await status()),
    }),
  };
  return faults === undefined ? routes : { ...routes, ...faultRoutes(faults) };
}

/** Served to kubelet and Prometheus. */
export function publicRoutes({ unready, metrics }: AgentAnswers): Routes {
  return {
    'GET /healthz': () => plainText(200, 'ok\n'),
    'GET /readyz': () => {
      const why = unready();
      return why === undefined ? plainText(200, 'ok\n') : plainText(503, `${why}\n`);
    },
    'GET /metrics': async () => plainText(200, renderMetrics(agentMetrics(await metrics()))),
  };
}
