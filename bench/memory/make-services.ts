import type { KubernetesCluster } from '@fairlead/lab/kubernetes';

/** As many as a client of the API server has connections. */
const CONCURRENCY = 8;
const PORTS = [{ protocol: 'TCP', port: 80, targetPort: 8080 }] as const;

/** Makes Services PREFIX-0, PREFIX-1 …, and tells of the progress. @returns their names */
export async function makeServices(
  cluster: KubernetesCluster,
  count: number,
  prefix = 'web',
): Promise<readonly string[]> {
  const names = Array.from({ length: count }, (_, index) => `${prefix}-${index}`);
  const left = names.values();
  const make = async (): Promise<void> => {
    for (const name of left) {
      await cluster.plainService({ name, ports: PORTS });
      progress(`${name} of ${count} Services created`);
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, make));
  progress('');
  return names;
}

/** On one line of a terminal, each in the place of the one before. */
function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001B[K${text}`);
}
