import { InvalidArgumentError, Option } from 'commander';
import type { ListenAddress } from '../http.ts';
import { DEFAULT_STATE_DIRECTORY } from '../state-directory.ts';

// Options that several verbs take.

export const stateDirectoryOption = (): Option =>
  new Option('--state-dir <dir>', 'where the agent keeps its pins, socket and lock').default(
    DEFAULT_STATE_DIRECTORY,
  );

export const kubeconfigOption = (): Option =>
  new Option('--kubeconfig <path>', 'how to reach the API server; without it, as in a pod');

export const requireClassOption = (): Option =>
  new Option(
    '--require-class',
    'leave Services without loadBalancerClass fairlead.dev/lb to others',
  ).default(false);

export const logLevelOption = (): Option =>
  new Option('--log-level <level>', 'how much to log')
    .choices(['debug', 'info', 'warn', 'error'])
    .default('info');

/** @param port Where it listens by default, on the loopback interface. */
export const metricsOption = (port: number): Option =>
  new Option(
    '--metrics <addr:port>',
    'serve /metrics, /healthz and /readyz there; a port alone = on every IPv4 address; 0 = off',
  )
    .argParser(parseListenAddress)
    .default({ host: '127.0.0.1', port }, `127.0.0.1:${port}`);

/** `ADDR:PORT`, `[ADDR]:PORT`, `:PORT` or `PORT`; port 0 is off. */
function parseListenAddress(text: string): ListenAddress | 'off' {
  const match = /^(?:\[(?<v6>[^\]]+)\]:|(?<host>[^:]*):)?(?<port>\d{1,5})$/.exec(text);
  const port = Number(match?.groups?.['port']);
  if (match === null || port > 65_535) {
    throw new InvalidArgumentError(
      "expected ADDR:PORT, as in '127.0.0.1:7475', a port alone, or 0.",
    );
  }
  if (port === 0) return 'off';
  return { host: match.groups?.['v6'] ?? (match.groups?.['host'] || '0.0.0.0'), port };
}
