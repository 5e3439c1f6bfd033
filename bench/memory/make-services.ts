import type { KubernetesCluster } from '@fairlead/lab/kubernetes';

/** As many as a client of the API server has connections. */
const CONCURRENCY = 8;
const PORTS = [{ protocol: 'TCP', port: 80, targetPort: 8080 }] as const;

/** Makes Services `web-0`, `web-1` …, and tells of the progress. @returns the name of the last one created */
export async function makeServices(cluster: KubernetesCluster, count: number): Promise<string> {
  let next = 0;
  let last = '';
  const make = async (): Promise<void> => {
    while (next < count) {
      const name = `web-${next++}`;
      await cluster.plainService({ name, ports: PORTS });
      last = name;
      progress(`${next} of ${count} Services created`);
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, make));
  progress('');
  return last;
}

/** On one line of a terminal, each in the place of the one before. */
function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001B[K${text}`);
}
