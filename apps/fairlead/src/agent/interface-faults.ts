import type { AnnouncePlan } from '@fairlead/announce';
import type { NodeName, Problem } from '@fairlead/cluster';

/** By the index of an interface: why packets that come in by it are not answered or steered. */
export type InterfaceFaults = ReadonlyMap<number, string>;

/**
 * The plan without the segments that cannot be served by all of their ports: others take the addresses there, as
 * this node takes no part. Pure.
 */
export function withoutFaulty(plan: AnnouncePlan, faults: InterfaceFaults): AnnouncePlan {
  if (faults.size === 0) return plan;
  const segments = plan.segments.filter(({ ports }) => !ports.some((port) => faults.has(port)));
  return { ...plan, segments };
}

/** @param nameOf An interface's name, by its index. */
export function interfaceProblems(
  self: NodeName,
  { segments }: AnnouncePlan,
  faults: InterfaceFaults,
  nameOf: (index: number) => string | undefined,
): Problem[] {
  return Array.from(faults, ([index, reason]) => {
    const name = nameOf(index) ?? String(index);
    const on = segments.find(({ ports }) => ports.includes(index))?.interfaceName;
    const where = on === undefined || on === name ? 'it' : `${on}, of which it is a port`;
    return {
      object: `Node/${self}`,
      field: 'interfaces',
      value: name,
      message: `The programs cannot be attached to this interface: ${reason}. Nothing is announced by ${where}; other nodes do so.`,
    };
  });
}
