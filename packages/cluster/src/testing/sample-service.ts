import type { LoadBalancerService, ServiceKey } from '../state.ts';

/** A Service with TCP port 80: `web` is in the namespace `default`, `shop/web` in `shop`. */
export function sampleService(
  name: string,
  more: Partial<LoadBalancerService> = {},
): LoadBalancerService {
  const [namespace, own] = name.includes('/') ? name.split('/') : ['default', name];
  return {
    key: `${namespace}/${own}` as ServiceKey,
    namespace: namespace ?? '',
    name: own ?? '',
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
    ...more,
  };
}
