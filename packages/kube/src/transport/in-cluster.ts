import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Connection } from './connection.ts';
import { ConfigurationError } from './errors.ts';
import { fileIdentity } from './identity.ts';
import { WatchedFile } from './watched-file.ts';

const defaultDirectory = '/var/run/secrets/kubernetes.io/serviceaccount';

/**
 * The connection of a pod's service account
 * (https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/#directly-accessing-the-rest-api).
 * @throws ConfigurationError where this is no pod
 */
export function inClusterConnection(
  environment: Readonly<Record<string, string | undefined>>,
  directory = defaultDirectory,
): Connection {
  const host = environment['KUBERNETES_SERVICE_HOST'];
  const port = environment['KUBERNETES_SERVICE_PORT'];
  if (host === undefined || host === '' || port === undefined || port === '') {
    throw new ConfigurationError(
      'not in a pod: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set',
    );
  }
  const token = new WatchedFile(join(directory, 'token'), "service account's token");
  token.read();
  const certificateAuthority = new WatchedFile(join(directory, 'ca.crt'), "cluster's certificate");
  certificateAuthority.read();
  return {
    server: new URL(`https://${host.includes(':') ? `[${host}]` : host}:${port}`),
    namespace: namespaceOf(directory),
    identity: fileIdentity({ token }, {}),
    certificateAuthority,
  };
}

function namespaceOf(directory: string): string {
  try {
    return readFileSync(join(directory, 'namespace'), 'utf8').trim();
  } catch (cause) {
    throw new ConfigurationError(`cannot read the pod's namespace in ${directory}`, { cause });
  }
}
