import { join } from 'node:path';
import { OperatorError } from '../operator-error.ts';

/** Whom `status` asks. */
export type StatusSource =
  | { readonly kind: 'agent'; readonly stateDir: string }
  | {
      readonly kind: 'kubernetes';
      /** Undefined in a pod. */
      readonly kubeconfig: string | undefined;
    };

export interface StatusSourceFacts {
  /** Flags as far as they were given. */
  readonly stateDir: string | undefined;
  readonly kubeconfig: string | undefined;
  readonly defaultStateDir: string;
  /** Whether an agent with the default state directory answers whoever asks. */
  readonly agentRuns: boolean;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  readonly exists: (path: string) => boolean;
}

/**
 * What is named counts; else the agent of this node, if one is there; else the API server as kubectl would find it,
 * or as a pod does.
 * @throws OperatorError where two are named, or nothing is found
 */
export function chooseSource(facts: StatusSourceFacts): StatusSource {
  const { stateDir, kubeconfig, defaultStateDir, agentRuns, environment, home, exists } = facts;
  if (stateDir !== undefined && kubeconfig !== undefined) {
    throw new OperatorError(
      '--state-dir asks the agent of this node, --kubeconfig the API server: leave one out.',
    );
  }
  if (stateDir !== undefined) return { kind: 'agent', stateDir };
  if (kubeconfig !== undefined) return { kind: 'kubernetes', kubeconfig };
  if (agentRuns) return { kind: 'agent', stateDir: defaultStateDir };
  const listed = (environment['KUBECONFIG'] ?? '').split(':').filter((path) => path !== '');
  const places = listed.length > 0 ? listed : [join(home, '.kube', 'config')];
  const found = places.find(exists);
  if (found !== undefined) return { kind: 'kubernetes', kubeconfig: found };
  if (environment['KUBERNETES_SERVICE_HOST'] !== undefined) {
    return { kind: 'kubernetes', kubeconfig: undefined };
  }
  throw new OperatorError(
    `nobody to ask: no agent that you may ask runs on this node (with --state-dir ${defaultStateDir}), and there is no kubeconfig (${places.join(', ')}). Name one with --kubeconfig, or the --state-dir of an agent.`,
  );
}
