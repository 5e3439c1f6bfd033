import type { AgentCluster } from '@fairlead/lab';

/** One of the two forms of the demo, once its agents run and a Service `web` is there. */
export interface Form {
  readonly cluster: AgentCluster;
  /** Commands by which a person looks around in what is left running. */
  readonly look: () => readonly string[];
}
