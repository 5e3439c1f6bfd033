import type {
  Node,
  Pod,
  PodStatus,
  Service,
  ServicePort,
  ServiceSpec,
} from 'kubernetes-types/core/v1.d.ts';

export interface NodeSettings {
  readonly name: string;
  /** InternalIP addresses, the first of each family being the node's. */
  readonly addresses: readonly string[];
  readonly labels?: Readonly<Record<string, string>> | undefined;
  readonly ready?: boolean | undefined;
}

/** A Node as a kubelet would have registered it. Its status is written with it only through the status subresource. */
export function nodeObject({ name, addresses, labels = {}, ready = true }: NodeSettings): Node {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels: { 'kubernetes.io/hostname': name, ...labels } },
    status: {
      addresses: [
        ...addresses.map((address) => ({ type: 'InternalIP', address })),
        { type: 'Hostname', address: name },
      ],
      conditions: [
        {
          type: 'Ready',
          status: ready ? 'True' : 'False',
          reason: ready ? 'KubeletReady' : 'KubeletNotReady',
        },
      ],
    },
  };
}

export interface PodSettings {
  readonly name: string;
  readonly namespace?: string | undefined;
  readonly node: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly ports?:
    | readonly { readonly name?: string; readonly port: number; readonly protocol?: string }[]
    | undefined;
}

/** A Pod that is scheduled already; it runs when `podStatus` says so. */
export function podObject({
  name,
  namespace = 'default',
  node,
  labels,
  ports = [],
}: PodSettings): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, labels: { ...labels } },
    spec: {
      nodeName: node,
      // Nobody waits for a kubelet that there is not.
      terminationGracePeriodSeconds: 0,
      containers: [
        {
          name: 'server',
          image: 'lab',
          ports: ports.map(({ name: portName, port, protocol = 'TCP' }) => ({
            containerPort: port,
            protocol,
            ...(portName === undefined ? {} : { name: portName }),
          })),
        },
      ],
    },
  };
}

/** What a kubelet says of a pod: with it the endpoint slice controller makes endpoints. */
export function podStatus(addresses: readonly string[], ready = true): PodStatus {
  const [first = ''] = addresses;
  const status = ready ? 'True' : 'False';
  return {
    phase: 'Running',
    podIP: first,
    podIPs: addresses.map((ip) => ({ ip })),
    conditions: ['PodScheduled', 'Initialized', 'ContainersReady', 'Ready'].map((type) => ({
      type,
      status: type.endsWith('Ready') ? status : 'True',
    })),
  };
}

export interface ServiceSettings {
  readonly name: string;
  readonly namespace?: string | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
  /** Of its pods; without one somebody else makes its endpoints. */
  readonly selector?: Readonly<Record<string, string>> | undefined;
  readonly ports: readonly ServicePort[];
  readonly annotations?: Readonly<Record<string, string>> | undefined;
  readonly externalTrafficPolicy?: 'Cluster' | 'Local' | undefined;
  readonly loadBalancerClass?: string | undefined;
  readonly families?: readonly ('IPv4' | 'IPv6')[] | undefined;
  /** Further fields; they win. */
  readonly spec?: ServiceSpec | undefined;
}

/** A Service of type LoadBalancer. */
export function serviceObject(settings: ServiceSettings): Service {
  const { name, namespace = 'default', labels, annotations, selector, families } = settings;
  const { ports, externalTrafficPolicy = 'Cluster', loadBalancerClass, spec } = settings;
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      name,
      namespace,
      ...(labels && { labels: { ...labels } }),
      ...(annotations && { annotations: { ...annotations } }),
    },
    spec: {
      type: 'LoadBalancer',
      ...(selector && { selector: { ...selector } }),
      ports: [...ports],
      externalTrafficPolicy,
      ...(loadBalancerClass === undefined ? {} : { loadBalancerClass }),
      ...(families && {
        ipFamilies: [...families],
        ipFamilyPolicy: families.length > 1 ? 'RequireDualStack' : 'SingleStack',
      }),
      ...spec,
    },
  };
}
