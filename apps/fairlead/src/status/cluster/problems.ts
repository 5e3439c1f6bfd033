import type { Condition, Problem } from '@fairlead/cluster';

/** What a node's agent has reported. */
export interface Said {
  readonly node: string;
  readonly problems: readonly Problem[];
}

/** Whatever does not hold, or holds in part. */
export function conditionProblems(object: string, conditions: readonly Condition[]): Problem[] {
  return conditions
    .filter(({ status, reason }) => status !== 'True' || reason === 'AllocatedInPart')
    .map(({ type, reason, message }) => ({
      object,
      field: `status.conditions[${type}]`,
      value: reason,
      message,
    }));
}

/** Of a Service that has no condition of ours. */
export function unseenProblem(object: string): Problem {
  return {
    object,
    field: 'status.conditions',
    value: '',
    message:
      'No controller has looked at it yet. See whether one runs: kubectl --namespace fairlead-system get deployment fairlead-controller',
  };
}

/** What several agents say in the same words is told once, with who says so. */
export function agentProblems(said: readonly Said[]): Problem[] {
  const all = said.flatMap(({ node, problems }) => problems.map((problem) => ({ node, problem })));
  const groups = Map.groupBy(all, ({ problem: { object, field, value, message } }) =>
    JSON.stringify([object, field, value, message]),
  );
  return Array.from(groups.values()).flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const nodes = group.map(({ node }) => node).join(', ');
    const by = first.problem.object === `Node/${nodes}` ? '' : ` (The agent of ${nodes} says so.)`;
    return [{ ...first.problem, message: `${first.problem.message}${by}` }];
  });
}
