import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AgentCluster } from '../cluster/agent-cluster.ts';
import {
  createClusterNetwork,
  type ClusterNetwork,
  type ClusterNetworkOptions,
} from '../cluster/cluster-network.ts';
import { defaultPool, type ServiceOptions } from '../cluster/service-options.ts';
import type { Lab } from '../lab.ts';
import type { Pod } from '../node.ts';
import { replaceFile } from '../replace-file.ts';
import { clusterFileText, type ClusterFileContents } from './cluster-file.ts';

export interface StandaloneOptions extends ClusterNetworkOptions {
  /** Of a further cluster in the lab its id, with the switch of the first and what its addresses are. */
  readonly clusterId?: string | undefined;
  readonly pool?: readonly string[] | undefined;
}

/** Nodes on one switch, each with an agent that reads the same file; some have a pod; one client. */
export class StandaloneCluster extends AgentCluster {
  readonly file: string;
  #contents: ClusterFileContents;

  private constructor(
    lab: Lab,
    network: ClusterNetwork,
    clusterId: string,
    pool: readonly string[],
  ) {
    super(network);
    this.file = join(lab.directory, `${clusterId}.yaml`);
    const keyFile = `${clusterId}.key`;
    writeFileSync(join(lab.directory, keyFile), `${randomBytes(32).toString('base64')}\n`, {
      mode: 0o600,
    });
    this.#contents = { clusterId, keyFile, nodes: network.nodes, pool, services: [] };
  }

  /** The network and the pods' servers; the agents are started by `startAgents`. */
  static async create(lab: Lab, options: StandaloneOptions = {}): Promise<StandaloneCluster> {
    const { clusterId = 'lab', pool = defaultPool } = options;
    const network = await createClusterNetwork(lab, options);
    return new StandaloneCluster(lab, network, clusterId, pool);
  }

  /** Changes the file that all agents watch, as one step. */
  write(change: Partial<Omit<ClusterFileContents, 'clusterId' | 'keyFile'>>): void {
    this.#contents = { ...this.#contents, ...change };
    replaceFile(this.file, clusterFileText(this.#contents));
  }

  /** The file once more with a document appended, however wrong it may be; `write` takes it out again. */
  writeWith(document: string): void {
    replaceFile(this.file, `${clusterFileText(this.#contents)}\n---\n${document}\n`);
  }

  service(options: ServiceOptions & { readonly pods?: readonly Pod[] }): void {
    const service = { pods: this.pods, ...options };
    const others = this.#contents.services.filter(({ name }) => name !== service.name);
    this.write({ services: [...others, service] });
  }

  removeService(name: string): void {
    this.write({ services: this.#contents.services.filter((each) => each.name !== name) });
  }

  protected sourceFlags(): readonly string[] {
    return ['--file', this.file];
  }
}
