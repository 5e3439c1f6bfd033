import { ApiError, type KubeObject, type Resource } from '@fairlead/kube';
import { OperatorError } from '../../operator-error.ts';

/** Objects that could not be listed, and why. */
export interface Refusal {
  readonly resource: Resource<KubeObject>;
  readonly error: Error;
}

const onNode =
  "On a node, 'fairlead status --state-dir /run/fairlead' asks the agent itself, without the API server.";

/** One error for all that failed, with what a person can do about it. */
export function explainRefusals(refusals: readonly Refusal[], server: string): OperatorError {
  const [first] = refusals;
  const cause = first?.error;
  const of = (code: number): string =>
    refusals
      .filter(({ error }) => error instanceof ApiError && error.code === code)
      .map(({ resource }) => nameOf(resource))
      .join(', ');
  const forbidden = of(403);
  const missing = of(404);
  const text =
    refusals.find(({ error }) => !(error instanceof ApiError))?.error.message ?? cause?.message;
  if (of(401) !== '') {
    return new OperatorError(
      `${server} does not know who you are (401). Renew the credentials of the kubeconfig. ${onNode}`,
      { cause },
    );
  }
  if (forbidden !== '') {
    return new OperatorError(
      `you may not list ${forbidden} at ${server}. Have the ClusterRole fairlead-viewer bound to you, cluster-wide. ${onNode}`,
      { cause },
    );
  }
  if (missing !== '') {
    return new OperatorError(
      `${server} has no ${missing}: Fairlead is not installed there. Install it: kubectl apply --server-side -k deploy`,
      { cause },
    );
  }
  return new OperatorError(
    `the API server ${server} does not answer as it should: ${text}. ${onNode}`,
    { cause },
  );
}

function nameOf({ plural, group }: Resource<KubeObject>): string {
  return group === '' ? plural : `${plural}.${group}`;
}
