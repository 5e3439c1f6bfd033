import type { ClusterState, NodeName, Problem } from '@fairlead/cluster';
import { sysctl } from '@fairlead/linux';

/** What the node itself lacks so that packets can reach a pod. */
export function preflightProblems(self: NodeName, state: ClusterState): Problem[] {
  const problems: Problem[] = [];
  if (!state.nodes.some(({ name }) => name === self)) {
    const known = state.nodes.map(({ name }) => name).join(', ');
    problems.push({
      object: `Node/${self}`,
      field: 'metadata.name',
      value: self,
      message: `No Node of this name is among the objects (there are: ${known || 'none'}), so this agent owns no address. Add it, or start the agent with --node.`,
    });
  }
  for (const name of forwardingSwitches(state)) {
    const value = sysctl(name);
    if (value === '1') continue;
    problems.push({
      object: `Node/${self}`,
      field: name,
      value: value ?? '',
      message: `The kernel does not forward packets to pods. Run: sysctl -w ${name}=1`,
    });
  }
  return problems;
}

function forwardingSwitches(state: ClusterState): string[] {
  const families = new Set(state.pools.flatMap(({ ranges }) => ranges.map(({ family }) => family)));
  return [
    ...(families.has(4) ? ['net.ipv4.ip_forward'] : []),
    ...(families.has(6) ? ['net.ipv6.conf.all.forwarding'] : []),
  ];
}
