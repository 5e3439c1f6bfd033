import type { NodeName } from '@fairlead/cluster';
import { rowOfFlow, type Flow } from '../flow.ts';
import type { Candidate, SteerPlan, SteerSegment } from '../plan.ts';
import { NO_CANDIDATE, RowBuilder } from '../rows.ts';

/** What shall happen to a packet: handed to a node, or left to this node's stack. */
export type Fate =
  | { readonly kind: 'handed'; readonly to: NodeName }
  | {
      readonly kind: 'left';
      readonly why: 'not ours' | 'self' | 'kube-proxy' | 'unreachable';
    };

const builder = new RowBuilder();

/**
 * The choice that bpf/steer.bpf.c makes, from the plan instead of the kernel's maps.
 * @param opens the packet may be the first of its flow
 */
export function foretell(
  plan: SteerPlan,
  { peers }: SteerSegment,
  flow: Flow,
  opens: boolean,
): Fate {
  const entry = plan.entries.find(
    ({ address, protocol, port }) =>
      address === flow.destination && protocol === flow.protocol && port === flow.destinationPort,
  );
  if (entry === undefined) return { kind: 'left', why: 'not ours' };
  const choices = choicesOf(plan, entry, rowOfFlow(flow, entry.affinity));
  const reachable = choices.filter((choice) => {
    return stays(choice) || peers.some(({ node, mac }) => node === choice && mac !== undefined);
  });
  const live = reachable.filter(
    (choice) => stays(choice) || peers.some(({ node, live }) => node === choice && live !== false),
  );
  const [chosen] = opens && live.length > 0 ? live : reachable;
  if (reachable.length === 0) return { kind: 'left', why: 'unreachable' };
  if (chosen === undefined) return { kind: 'left', why: 'kube-proxy' };
  return chosen === plan.self ? { kind: 'left', why: 'self' } : { kind: 'handed', to: chosen };

  function stays(choice: NodeName | undefined): boolean {
    return choice === undefined || choice === plan.self;
  }
}

/** The nodes of a row, first choice first; undefined is kube-proxy. */
function choicesOf(
  plan: SteerPlan,
  { target }: SteerPlan['entries'][number],
  row: number,
): readonly (NodeName | undefined)[] {
  if (target.kind !== 'table') return [target.kind === 'node' ? target.node : undefined];
  const candidates = candidatesOf(plan, target.key);
  const rows = builder.build(candidates);
  return [rows[2 * row]!, rows[2 * row + 1]!]
    .filter((index) => index !== NO_CANDIDATE)
    .map((index) => candidates[index]!.node);
}

function candidatesOf(plan: SteerPlan, key: string): readonly Candidate[] {
  return plan.tables.find((table) => table.key === key)?.candidates ?? [];
}
