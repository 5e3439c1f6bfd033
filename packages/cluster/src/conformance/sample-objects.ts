/** An object as one would give it to the API server. */
export type SampleObject = Readonly<Record<string, unknown>> & {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Readonly<Record<string, unknown>> & { readonly name: string };
};

/** A Service of type LoadBalancer with one port, in the namespace `default`. */
export function service(name: string, spec: object = {}, annotations: object = {}): SampleObject {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace: 'default', annotations },
    spec: { type: 'LoadBalancer', ipFamilies: ['IPv4'], ports: [{ port: 80 }], ...spec },
  };
}

/** An EndpointSlice of IPv4 endpoints in the namespace `default`. */
export function slice(
  name: string,
  serviceName: string,
  ports: readonly object[],
  endpoints: readonly object[],
): SampleObject {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name,
      namespace: 'default',
      labels: { 'kubernetes.io/service-name': serviceName },
    },
    addressType: 'IPv4',
    ports: ports.map((port) => Object.assign({ protocol: 'TCP' }, port)),
    endpoints,
  };
}

/** An address of a node. */
export function address(text: string, type = 'InternalIP'): object {
  return { type, address: text };
}

/** A node, ready unless said otherwise. */
export function node(
  name: string,
  addresses: readonly object[],
  { ready = 'True', labels = {} }: { readonly ready?: string; readonly labels?: object } = {},
): SampleObject {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels },
    status: { addresses, conditions: [{ type: 'Ready', status: ready }] },
  };
}

/** An AddressPool. */
export function pool(name: string, addresses: readonly string[], spec: object = {}): SampleObject {
  return own('AddressPool', name, { addresses, ...spec });
}

/** An Announcement. */
export function announcement(name: string, spec: object): SampleObject {
  return own('Announcement', name, spec);
}

/** The NodeReport of a node that lands. */
export function nodeReport(
  name: string,
  interfaces: readonly object[],
  status: object = {},
): SampleObject {
  return {
    apiVersion: 'fairlead.dev/v1alpha1',
    kind: 'NodeReport',
    metadata: { name },
    status: {
      version: '0.1.0',
      class: 'Active',
      interfaces,
      dataPath: { attach: 'TCX', landing: true },
      ...status,
    },
  };
}

/** The Cluster object of a standalone file. */
export function cluster(clusterId = 'test', keyFile = 'membership.key'): SampleObject {
  return own('Cluster', 'test', { clusterId, keyFile });
}

function own(kind: string, name: string, spec: object): SampleObject {
  return { apiVersion: 'fairlead.dev/v1alpha1', kind, metadata: { name }, spec };
}
