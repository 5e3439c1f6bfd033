import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { systemClock, type Clock } from '../clock.ts';
import type { Connection } from './connection.ts';
import { ConfigurationError } from './errors.ts';
import { KubeconfigFields } from './kubeconfig-fields.ts';
import { kubeconfigIdentity } from './kubeconfig-identity.ts';

export interface KubeconfigOptions {
  readonly path: string;
  /** Default: its current-context. */
  readonly context?: string | undefined;
  /** What a credential plugin gets to see. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock?: Clock | undefined;
}

/** The connection that a kubeconfig file describes. @throws ConfigurationError naming file and field */
export async function kubeconfigConnection(options: KubeconfigOptions): Promise<Connection> {
  const { path } = options;
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new ConfigurationError(`cannot read kubeconfig ${path}`, { cause });
  }
  return readKubeconfig(await parseYaml(text, path), options);
}

/** @param content of the file, parsed. @throws ConfigurationError naming file and field */
export function readKubeconfig(content: unknown, options: KubeconfigOptions): Connection {
  const { path, environment, clock = systemClock } = options;
  const file = new KubeconfigFields(content, `kubeconfig ${path}`, dirname(path));
  const contextName = options.context ?? file.text('current-context');
  if (contextName === undefined) throw file.error('has no current-context');
  const context = named(file, 'contexts', contextName, 'context');
  const clusterName = context.requiredText('cluster');
  const cluster = named(file, 'clusters', clusterName, 'cluster');
  cluster.refuse({
    'proxy-url': 'connections through a proxy are not supported',
    'disable-compression': undefined,
  });
  const userName = context.text('user');
  const user = userName === undefined ? undefined : named(file, 'users', userName, 'user');
  const server = serverOf(cluster);
  const insecure = cluster.flag('insecure-skip-tls-verify');
  const certificateAuthority = cluster.pem('certificate-authority');
  if (insecure && certificateAuthority !== undefined) {
    throw cluster.error('has both a certificate-authority and insecure-skip-tls-verify');
  }
  return {
    server,
    namespace: context.text('namespace') ?? 'default',
    identity: kubeconfigIdentity(user, cluster, { environment, clock }),
    certificateAuthority,
    insecure,
    serverName: cluster.text('tls-server-name'),
  };
}

async function parseYaml(text: string, path: string): Promise<unknown> {
  // Loaded only here: in a pod, where memory counts, there is no kubeconfig.
  const { parse } = await import('yaml');
  try {
    return parse(text);
  } catch (error) {
    // The parser's message quotes lines of the file, and those may hold keys.
    const line = error instanceof Error && 'linePos' in error ? error.linePos : undefined;
    const at = Array.isArray(line) ? (line[0] as { line?: number } | undefined)?.line : undefined;
    throw new ConfigurationError(
      `kubeconfig ${path} is no YAML${at === undefined ? '' : `: line ${at}`}`,
    );
  }
}

/** The entry of one of the three lists that has a name and the record beside it. */
function named(file: KubeconfigFields, list: string, name: string, kind: string): KubeconfigFields {
  for (const entry of file.records(list)) {
    if (entry.text('name') === name) return entry.record(kind, `${kind} ${JSON.stringify(name)}`);
  }
  throw file.error(`has no ${kind} ${JSON.stringify(name)}`);
}

function serverOf(cluster: KubeconfigFields): URL {
  const text = cluster.requiredText('server');
  const url = URL.parse(text.includes('://') ? text : `https://${text}`);
  if (url === null || !['http:', 'https:'].includes(url.protocol) || url.hostname === '') {
    throw cluster.error(`server is no http or https address`);
  }
  if (url.username !== '' || url.password !== '') {
    throw cluster.error('server holds a user name or password, which is not supported');
  }
  return url;
}
