import {
  ConfigurationError,
  inClusterConnection,
  KubeClient,
  kubeconfigConnection,
} from '@fairlead/kube';
import { OperatorError } from './operator-error.ts';

/** Where everything of Fairlead's own lives: its pods, the Secret `membership`, the Lease. */
export const OWN_NAMESPACE = 'fairlead-system';

/**
 * A client of the API server: by a kubeconfig, or without one as the pod's service account.
 * @param fieldManager owner of the fields that it writes
 * @throws OperatorError that names what is missing
 */
export async function connectKubernetes(
  kubeconfig: string | undefined,
  fieldManager: string,
): Promise<KubeClient> {
  const environment = process.env;
  try {
    const connection =
      kubeconfig === undefined
        ? inClusterConnection(environment)
        : await kubeconfigConnection({ path: kubeconfig, environment });
    return KubeClient.connect(connection, { fieldManager });
  } catch (cause) {
    if (!(cause instanceof ConfigurationError)) throw cause;
    const step = kubeconfig === undefined ? ' Outside a pod name a --kubeconfig.' : '';
    throw new OperatorError(`${cause.message}.${step}`, { cause });
  }
}
