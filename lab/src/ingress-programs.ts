import { fileURLToPath } from 'node:url';
import type { Host } from './host.ts';

/** A BPF program at tc ingress. */
export interface IngressProgram {
  readonly programName: string;
  readonly programId: number;
}

/** What is attached where a host's frames come in, TCX or clsact, in the order in which frames meet it. */
export async function ingressPrograms(
  host: Host,
  device = host.nic.device,
): Promise<IngressProgram[]> {
  return (await run(host, device)) as IngressProgram[];
}

/** Detaches programs behind the back of whoever attached them; returns how many. */
export async function detachIngressPrograms(
  host: Host,
  name: string,
  device = host.nic.device,
): Promise<number> {
  const [told] = (await run(host, device, name)) as { detached: number }[];
  return told?.detached ?? 0;
}

async function run(host: Host, ...args: readonly string[]): Promise<unknown[]> {
  const tool = fileURLToPath(new URL('tools/tc-ingress.ts', import.meta.url));
  const { stdout } = await host.exec([process.execPath, tool, ...args]);
  const lines = stdout.split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as unknown);
}
