import { startConnector, type Attempt, type Host, type Node } from '@fairlead/lab';

export const PORT = 80;
export const CONNECTIONS = 20;

/** Connects by TCP and UDP over both families and tells whom the pods saw. */
export async function askPods(client: Host, addresses: readonly string[]): Promise<Attempt[]> {
  await using connector = await startConnector(client, {
    addresses,
    port: PORT,
    protocols: ['tcp', 'udp'],
    everyMs: 5,
    count: CONNECTIONS,
    patienceMs: 1000,
  });
  await connector.process.exited;
  return [...(await connector.stop())];
}

/** How often pods saw whom, in one line. */
function whoPodsSaw(attempts: readonly Attempt[]): string {
  const seen = new Map<string, number>();
  for (const { answer } of attempts) {
    const who = answer?.client ?? 'nobody (no answer)';
    seen.set(who, (seen.get(who) ?? 0) + 1);
  }
  return Array.from(seen, ([who, count]) => `${who} × ${count}`).join(', ');
}

/** Attempts in which a pod saw the client itself. */
export function undisguised(attempts: readonly Attempt[]): Attempt[] {
  return attempts.filter(
    ({ answer, local }) => answer !== undefined && answer.client === local?.address,
  );
}

/** One line of the table: by which way, and whom the pods saw. */
export function sightLine(policy: string, node: Node, attempts: readonly Attempt[]): string {
  const where = `${node.name}, which has ${node.pods.length > 0 ? 'a' : 'no'} pod`;
  return `policy ${policy.padEnd(7)}  entering at ${where.padEnd(20)}  pods saw ${whoPodsSaw(attempts)}`;
}
