import type { NodeName, Problem } from '@fairlead/cluster';
import { clip } from './clip.ts';

/** Of an error's text: libnftables quotes the script. */
const LONGEST_TEXT = 301;

/** What rounds that fail mean for a person. */
export function failureProblem(self: NodeName, { message }: Error): Problem {
  const [line = ''] = message.split('\n', 1);
  return {
    object: `Node/${self}`,
    field: '',
    value: '',
    message: `This node does not follow changes, as the kernel cannot be told of them: ${clip(line, LONGEST_TEXT)}. What was in force goes on, and each second it is tried again; the agent's log has the whole error.`,
  };
}
