import type { LoadBalancerService, PublishedStatus } from '@fairlead/cluster';
import { sampleService } from '@fairlead/cluster/testing';

/** A status that nobody has written yet. */
export function published(more: Partial<PublishedStatus> = {}): PublishedStatus {
  return { uid: 'uid-1', addresses: [], conditions: [], ...more };
}

/** A Service with TCP port 80 in the namespace `default`, which nobody has given anything yet. */
export function service(
  name: string,
  more: Partial<LoadBalancerService> = {},
): LoadBalancerService {
  return sampleService(name, { published: published({ uid: `uid-of-${name}` }), ...more });
}
