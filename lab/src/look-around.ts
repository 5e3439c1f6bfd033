import { fileURLToPath } from 'node:url';
import type { Lab } from './lab.ts';

/** For a person: commands that show a lab which was kept, and the one that removes it. */
export function lookAround(lab: Lab): {
  readonly look: readonly string[];
  readonly remove: string;
} {
  const labs = fileURLToPath(new URL('tools/labs.ts', import.meta.url));
  const pods = lab.nodes.flatMap((node) => node.pods);
  const namespaces = [...lab.switches, ...lab.hosts, ...pods].map(
    ({ namespace }) => namespace.name,
  );
  return {
    look: [
      ...namespaces.map((name) => `ip netns exec ${name} ip address`),
      `ls ${lab.directory}/*/*.out ${lab.directory}/*/*.err`,
    ],
    remove: `${process.execPath} ${labs} remove ${lab.id}`,
  };
}
