import {
  isSameBut,
  listChange,
  type LoadBalancerService,
  type SourceUpdate,
} from '@fairlead/cluster';

/**
 * Whether more has changed than Services without an address. A new Service is none of an agent's business before the
 * controller has given it one, and on a small machine the controller shall have the processor meanwhile. Pure.
 */
export function concernsAddresses(before: SourceUpdate, now: SourceUpdate): boolean {
  if (!isSameBut(before, now, 'services', 'unservedServices')) return true;
  const { gone, fresh } = listChange(before.state?.services ?? [], now.state?.services ?? []);
  return [...gone, ...fresh].some(hasAddress);
}

function hasAddress({ published }: LoadBalancerService): boolean {
  return published !== undefined && published.addresses.length > 0;
}
