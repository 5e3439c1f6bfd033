import type { NodeName, Problem } from '@fairlead/cluster';

/** Of an error's text: libnftables quotes the script. */
const LONGEST_TEXT = 300;

/** What rounds that fail mean for a person. */
export function failureProblem(self: NodeName, { message }: Error): Problem {
  const [line = ''] = message.split('\n', 1);
  const text = line.length <= LONGEST_TEXT ? line : `${line.slice(0, LONGEST_TEXT)}…`;
  return {
    object: `Node/${self}`,
    field: '',
    value: '',
    message: `This node does not follow changes, as the kernel cannot be told of them: ${text}. What was in force goes on, and each second it is tried again; the agent's log has the whole error.`,
  };
}
