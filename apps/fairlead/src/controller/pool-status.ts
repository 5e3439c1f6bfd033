import type { PoolUsage, Usage } from '@fairlead/allocate';
import type { ClusterState, Problem } from '@fairlead/cluster';
import { sayTheSame, type Finding } from './findings.ts';
import { problemText } from './service-findings.ts';
import type { Condition } from '@fairlead/cluster';

/** How many addresses of a family there are; counts beyond 2^53 need text. */
export interface Counts {
  readonly total: string;
  readonly used: number;
  readonly free: string;
}

/** What an AddressPool's status must say. */
export interface PoolFindings {
  readonly ipv4: Counts | undefined;
  readonly ipv6: Counts | undefined;
  readonly ready: Finding;
}

/** `status` of an AddressPool as the API server has it. */
export interface PoolStatus {
  readonly ipv4?: Counts | undefined;
  readonly ipv6?: Counts | undefined;
  readonly conditions?: readonly Condition[] | undefined;
}

const prefix = 'AddressPool/';

/** Decides the status of every AddressPool, also of those that cannot be used as they are written. */
export function decidePools(
  { pools, problems }: ClusterState,
  usages: ReadonlyMap<string, PoolUsage>,
): ReadonlyMap<string, PoolFindings> {
  const byPool = new Map<string, Problem[]>(pools.map(({ name }) => [name, []]));
  for (const problem of problems) {
    if (!problem.object.startsWith(prefix)) continue;
    const name = problem.object.slice(prefix.length);
    byPool.set(name, [...(byPool.get(name) ?? []), problem]);
  }
  return new Map(
    Array.from(byPool, ([name, its]) => {
      const usage = usages.get(name);
      const findings: PoolFindings = {
        ipv4: countsOf(usage?.[4]),
        ipv6: countsOf(usage?.[6]),
        ready: readyFinding(its),
      };
      return [name, findings];
    }),
  );
}

/** Whether a status says what was found. */
export function poolSaysTheSame(status: PoolStatus, { ipv4, ipv6, ready }: PoolFindings): boolean {
  const ours = (status.conditions ?? []).filter(({ type }) => type === ready.type);
  return (
    sameCounts(status.ipv4, ipv4) && sameCounts(status.ipv6, ipv6) && sayTheSame(ours, [ready])
  );
}

function readyFinding(problems: readonly Problem[]): Finding {
  const type = 'Ready';
  if (problems.length === 0) {
    return { type, status: 'True', reason: 'Ready', message: 'All its addresses can be used.' };
  }
  // What cannot be read at all weighs more than what is left out.
  const reasons = new Set(problems.map(({ reason }) => reason ?? 'Invalid'));
  const reason = (['Invalid', 'Overlap', 'AddressInUse'] as const).find((one) => reasons.has(one));
  return { type, status: 'False', reason: reason ?? 'Invalid', message: problemText(problems) };
}

function countsOf(usage: Usage | undefined): Counts | undefined {
  if (usage === undefined) return undefined;
  const free = usage.total - BigInt(usage.used);
  // An address that became a node's may still be held.
  return { total: String(usage.total), used: usage.used, free: String(free < 0n ? 0n : free) };
}

function sameCounts(a: Counts | undefined, b: Counts | undefined): boolean {
  return a?.total === b?.total && a?.used === b?.used && a?.free === b?.free;
}
