import type { KubeClient, KubeObject } from '@fairlead/kube';
import { resources } from '@fairlead/kube';
import type { Service, ServiceSpec } from 'kubernetes-types/core/v1.d.ts';
import { AgentCluster } from '../../cluster/agent-cluster.ts';
import {
  createClusterNetwork,
  type ClusterNetwork,
  type ClusterNetworkOptions,
} from '../../cluster/cluster-network.ts';
import { endpointSlicesOf } from '../../cluster/endpoint-slices.ts';
import {
  defaultPool,
  poolOf,
  preferenceOf,
  serviceOf,
  type ServiceOptions,
} from '../../cluster/service-options.ts';
import type { CommandResult } from '../../command.ts';
import type { Host } from '../../host.ts';
import type { Lab } from '../../lab.ts';
import type { Node } from '../../node.ts';
import { waitFor } from '../../wait-for.ts';
import { kubernetesBinaries } from '../binaries.ts';
import { KubernetesControlPlane, type KubectlOptions } from '../control-plane.ts';
import type { FaultProxy } from '../fault-proxy/fault-proxy.ts';
import { serviceAccountKubeconfig } from '../service-account.ts';
import { openApi } from './api-door.ts';
import { Controllers } from './controllers.ts';
import { install, OWN_NAMESPACE } from './installation.ts';
import { fairleadKinds, resourceOf } from './kinds.ts';
import { KubeProxies } from './kube-proxies.ts';
import { API_ADDRESS, createManagementNetwork } from './management-network.ts';
import { podLabels, registerNode } from './registered-objects.ts';

/** A role that every API server binds to this user. */
const PROXY_USER = 'system:kube-proxy';

export interface KubernetesClusterOptions extends Pick<
  ClusterNetworkOptions,
  'nodes' | 'podsOn' | 'bridged'
> {
  /** Agents and controllers reach the API server without a proxy between, which takes time: for what is timed. */
  readonly direct?: boolean | undefined;
}

export interface KubernetesServiceOptions extends ServiceOptions {
  /** Further fields; they win. */
  readonly spec?: ServiceSpec | undefined;
}

/** An agent's way to the API server. */
interface ApiPath {
  readonly proxy: FaultProxy;
  readonly kubeconfig: string;
}

/**
 * A cluster with the real control plane: the API server with RBAC, Fairlead installed in it, Node and Pod
 * objects that the lab writes as there is no kubelet, kube-proxy, agents with a token of their service account.
 */
export class KubernetesCluster extends AgentCluster {
  readonly plane: KubernetesControlPlane;
  /** Runs the control plane and the controllers. */
  readonly host: Host;
  /** May do everything; reaches the API server without a fault. */
  readonly api: KubeClient;
  readonly kubeProxies: KubeProxies;
  readonly controllers: Controllers;
  readonly #paths: ReadonlyMap<string, ApiPath>;

  private constructor(
    network: ClusterNetwork,
    host: Host,
    plane: KubernetesControlPlane,
    api: KubeClient,
    paths: ReadonlyMap<string, ApiPath>,
    direct: boolean | undefined,
  ) {
    super(network);
    this.host = host;
    this.plane = plane;
    this.api = api;
    this.#paths = paths;
    this.kubeProxies = new KubeProxies(network.nodes, plane.kubeconfig(PROXY_USER));
    this.controllers = new Controllers(plane, api, direct);
  }

  /**
   * The network, the control plane with Fairlead's manifests, one AddressPool `lan`. What else runs is started
   * by `kubeProxies`, `controllers` and `startAgents`.
   */
  static async create(
    lab: Lab,
    options: KubernetesClusterOptions = {},
  ): Promise<KubernetesCluster> {
    const { api: host, nodeOptions: more } = await createManagementNetwork(lab);
    const [plane, network] = await Promise.all([
      KubernetesControlPlane.start({
        host,
        address: API_ADDRESS,
        authorization: 'RBAC',
        users: [{ name: PROXY_USER }],
        controllers: true,
      }),
      createClusterNetwork(lab, { ...options, more }),
    ]);
    const api = await openApi(plane);
    const { nodes } = network;
    await Promise.all([install(plane), ...nodes.map((node) => registerNode(api, node))]);
    const paths = await Promise.all(
      nodes.map(async (node) => [node.name, await openPath(plane, node, options.direct)] as const),
    );
    const cluster = new KubernetesCluster(
      network,
      host,
      plane,
      api,
      new Map(paths),
      options.direct,
    );
    await waitFor(
      async () => {
        await cluster.pool('lan', defaultPool);
        return true;
      },
      { what: 'the API server to take AddressPools', deadlineMs: 15_000, everyMs: 50 },
    );
    return cluster;
  }

  /** A node's way to the API server: what is done to it concerns the agent of that node alone. */
  apiOf(node: Node): FaultProxy {
    return this.#path(node).proxy;
  }

  /** Makes an object, or changes it to this. */
  async apply(object: KubeObject): Promise<void> {
    await this.api.apply(resourceOf(object), object, { force: true });
  }

  /** Makes a Service in front of all pods, or changes it. */
  async service(options: KubernetesServiceOptions): Promise<void> {
    const service = serviceOf(options);
    const preference = preferenceOf(options);
    if (preference !== undefined) await this.apply(preference);
    const spec = { ...service.spec, selector: podLabels, ...options.spec };
    await this.apply({ ...service, spec } as KubeObject);
  }

  /**
   * Makes a Service in front of all pods whose endpoints are written beside it, so that nobody has to look for
   * them: for many.
   */
  async plainService(options: ServiceOptions): Promise<void> {
    const service = serviceOf(options);
    const slices = endpointSlicesOf({ ...options, pods: this.pods });
    await Promise.all(slices.map((slice) => this.api.create(resources.endpointSlices, slice)));
    const spec = { ...service.spec, allocateLoadBalancerNodePorts: false };
    await this.api.create(resources.services, { ...service, spec });
  }

  /** The Service as the API server has it. */
  serviceObject(name: string): Promise<Service> {
    return this.api.get(resources.services, { namespace: 'default', name });
  }

  /** Writes addresses into a Service's status, as a load balancer does. */
  async publish(name: string, addresses: readonly string[]): Promise<void> {
    const ingress = addresses.map((ip) => ({ ip, ipMode: 'VIP' }));
    const patch = { status: { loadBalancer: { ingress } } };
    const key = { namespace: 'default', name };
    await this.api.mergePatch(resources.services, key, patch, { subresource: 'status' });
  }

  async removeService(name: string): Promise<void> {
    await this.api.delete(resources.services, { namespace: 'default', name });
    await this.api.delete(fairleadKinds.announcements, { name });
  }

  async pool(name: string, addresses: readonly string[], more: object = {}): Promise<void> {
    const pool = poolOf(addresses, name);
    await this.apply({ ...pool, spec: { ...pool.spec, ...more } } as KubeObject);
  }

  /** Runs kubectl as a person who may do everything. */
  kubectl(args: readonly string[], options: KubectlOptions = {}): Promise<CommandResult> {
    return this.plane.kubectl(args, options);
  }

  /** For a person on the machine: how to run kubectl there. */
  kubectlCommand(): string {
    const { kubectl } = kubernetesBinaries();
    return `ip netns exec ${this.host.namespace.name} ${kubectl} --kubeconfig=${this.plane.kubeconfig()}`;
  }

  protected sourceFlags(node: Node): readonly string[] {
    return ['--kubeconfig', this.#path(node).kubeconfig];
  }

  #path(node: Node): ApiPath {
    const path = this.#paths.get(node.name);
    if (path === undefined) throw new RangeError(`${node.name} is no node of this cluster`);
    return path;
  }
}

async function openPath(
  plane: KubernetesControlPlane,
  { name }: Node,
  direct = false,
): Promise<ApiPath> {
  const proxy = await plane.startProxy(`api-of-${name}`);
  const kubeconfig = await serviceAccountKubeconfig(plane, {
    namespace: OWN_NAMESPACE,
    name: 'fairlead-agent',
    server: direct ? plane.server : proxy.server,
    node: name,
  });
  return { proxy, kubeconfig };
}
