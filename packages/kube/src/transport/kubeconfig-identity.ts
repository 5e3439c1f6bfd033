import { join } from 'node:path';
import type { Clock } from '../clock.ts';
import { ExecIdentity } from './exec-identity.ts';
import { fileIdentity, fixedIdentity, type IdentitySource } from './identity.ts';
import type { KubeconfigFields } from './kubeconfig-fields.ts';
import { WatchedFile } from './watched-file.ts';

interface IdentityContext {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
}

/** As whom a user of a kubeconfig speaks. */
export function kubeconfigIdentity(
  user: KubeconfigFields | undefined,
  cluster: KubeconfigFields,
  context: IdentityContext,
): IdentitySource {
  if (user === undefined) return fixedIdentity({});
  user.refuse({
    as: 'acting as another user is not supported',
    'auth-provider': 'use exec instead',
    username: 'passwords are not supported',
    password: 'passwords are not supported',
  });
  const certificate = user.pem('client-certificate');
  const key = user.pem('client-key');
  if ((certificate === undefined) !== (key === undefined)) {
    throw user.error('has one of client-certificate and client-key without the other');
  }
  const exec = user.optionalRecord('exec');
  const tokenFile = user.text('tokenFile');
  const token = user.text('token');
  if (exec !== undefined && token === undefined && tokenFile === undefined) {
    if (certificate !== undefined) throw user.error('has both exec and client-certificate');
    return execIdentity(exec, cluster, context);
  }
  // As in client-go, the file wins over the token beside it.
  return fileIdentity(
    {
      token: tokenFile === undefined ? undefined : user.file(tokenFile, 'tokenFile'),
      certificate: certificate instanceof WatchedFile ? certificate : undefined,
      key: key instanceof WatchedFile ? key : undefined,
    },
    {
      token,
      client:
        typeof certificate === 'string' || typeof key === 'string'
          ? { certificate: textOf(certificate), key: textOf(key) }
          : undefined,
    },
  );
}

/** What stands in the kubeconfig itself; the rest is read from its file each time. */
function textOf(pem: string | WatchedFile | undefined): string {
  return typeof pem === 'string' ? pem : '';
}

function execIdentity(
  exec: KubeconfigFields,
  cluster: KubeconfigFields,
  { environment, clock }: IdentityContext,
): IdentitySource {
  if (exec.text('interactiveMode') === 'Always') {
    throw exec.error('has interactiveMode Always, and there is no terminal');
  }
  const command = exec.requiredText('command');
  const own = exec
    .records('env')
    .map((entry) => [entry.requiredText('name'), entry.text('value') ?? ''] as const);
  const inherited = Object.entries(environment).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  return new ExecIdentity(
    {
      apiVersion: exec.requiredText('apiVersion'),
      // client-go: a command with a slash is relative to the file, any other is searched in PATH.
      command:
        command.includes('/') && !command.startsWith('/') ? join(exec.directory, command) : command,
      args: exec.texts('args'),
      environment: Object.fromEntries([...inherited, ...own]),
      directory: exec.directory,
      cluster: exec.flag('provideClusterInfo') ? clusterInfo(cluster) : undefined,
    },
    clock,
  );
}

function clusterInfo(cluster: KubeconfigFields): Record<string, unknown> {
  const authority = cluster.pem('certificate-authority');
  const pem = authority instanceof WatchedFile ? authority.read() : authority;
  return {
    server: cluster.requiredText('server'),
    'tls-server-name': cluster.text('tls-server-name'),
    'insecure-skip-tls-verify': cluster.flag('insecure-skip-tls-verify') || undefined,
    'certificate-authority-data':
      pem === undefined ? undefined : Buffer.from(pem).toString('base64'),
  };
}
