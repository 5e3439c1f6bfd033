import type { LoadBalancerService, PublishedStatus, ServiceKey } from '@fairlead/cluster';

/** A status that nobody has written yet. */
export function published(more: Partial<PublishedStatus> = {}): PublishedStatus {
  return { uid: 'uid-1', addresses: [], conditions: [], ...more };
}

/** A Service with TCP port 80 in the namespace `default`, which nobody has given anything yet. */
export function service(
  name: string,
  more: Partial<LoadBalancerService> = {},
): LoadBalancerService {
  return {
    key: `default/${name}` as ServiceKey,
    namespace: 'default',
    name,
    labels: {},
    families: [4],
    familyPolicy: 'SingleStack',
    ports: [{ name: '', protocol: 'TCP', port: 80 }],
    externalTrafficPolicy: 'Cluster',
    affinitySeconds: undefined,
    sourceRanges: [],
    requestedAddresses: [],
    requestedPool: undefined,
    shareKey: undefined,
    endpoints: [],
    published: published({ uid: `uid-of-${name}` }),
    ...more,
  };
}
