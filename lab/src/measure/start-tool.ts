import { fileURLToPath } from 'node:url';
import type { Host } from '../host.ts';
import type { LabProcess } from '../lab-process.ts';

/** The programs of the lab that measure, or are measured by. */
type ToolName =
  | 'connector'
  | 'members'
  | 'numbered'
  | 'observer'
  | 'pod-server'
  | 'service-maker'
  | 'wire-tap';

/** Flags by name; a list repeats its flag, undefined and false leave it out. */
type Flags = Readonly<
  Record<string, string | number | boolean | readonly (string | number)[] | undefined>
>;

/**
 * Starts one of the lab's tools on a host, by this process's own Node; resolves when it is at work.
 * @throws Error with what it said where it fails to start.
 */
export async function startTool(host: Host, tool: ToolName, flags: Flags): Promise<LabProcess> {
  const program = fileURLToPath(new URL(`../tools/${tool}.ts`, import.meta.url));
  const argv = [process.execPath, program, ...commandLine(flags)] as const;
  const started = await host.spawn(argv, { name: tool });
  try {
    await started.stdout.match(/"kind":"ready"/u, 10_000);
  } catch (cause) {
    started.kill();
    throw new Error(`${started.name} did not start: ${started.stderr.text()}`, { cause });
  }
  return started;
}

/** Flags as words: `--name value`, or `--name` alone for true. */
export function commandLine(flags: Flags): string[] {
  return Object.entries(flags).flatMap(([name, value]) => {
    if (value === undefined || value === false) return [];
    if (value === true) return [`--${name}`];
    return [value].flat().flatMap((one) => [`--${name}`, String(one)]);
  });
}
