import { formatRange, type IpAddress, type IpFamily } from '@fairlead/ip';
import type { AddressPool, LoadBalancerService, Problem, RequestFields } from '@fairlead/cluster';
import type { Inventory, Refusal } from './inventory.ts';
import type { Conflict } from './ledger.ts';

/** Why a Service does not get an address that it requests. */
export type RequestFault =
  | Conflict
  | { readonly kind: 'family' }
  | { readonly kind: 'outside' }
  | { readonly kind: 'other-pool'; readonly pool: AddressPool }
  | { readonly kind: 'not-admitted'; readonly pool: AddressPool; readonly refusal: Refusal }
  | { readonly kind: 'foreign'; readonly owner: string }
  | { readonly kind: 'edge'; readonly pool: AddressPool };

const annotation: Required<RequestFields> = {
  addresses: 'metadata.annotations[fairlead.dev/addresses]',
  pool: 'metadata.annotations[fairlead.dev/pool]',
  shareKey: 'metadata.annotations[fairlead.dev/share-key]',
};

/** The problem of a requested address. */
export function requestProblem(
  service: LoadBalancerService,
  address: IpAddress,
  fault: RequestFault,
  inventory: Inventory,
): Problem {
  return problem(service, 'addresses', address, requestMessage(service, fault, inventory));
}

/** Why a Service gets no address of a family for which any would have done. */
export function familyProblem(
  service: LoadBalancerService,
  family: IpFamily,
  inventory: Inventory,
): Problem {
  const { requestedPool } = service;
  const consequence =
    service.familyPolicy === 'RequireDualStack'
      ? ' RequireDualStack means both families or none.'
      : '';
  if (requestedPool === undefined) {
    const message = `${anyPoolMessage(service, family, inventory)}${consequence}`;
    return { object: `Service/${service.key}`, field: '', value: '', message };
  }
  const message = requestedPoolMessage(service, requestedPool, family, inventory);
  return problem(service, 'pool', requestedPool, `${message}${consequence}`);
}

/** The problem of a dual-stack Service that gives up what it could have had. */
export function bothOrNone(service: LoadBalancerService): Problem {
  const message =
    'It gets no address, as RequireDualStack means both families or none. Mend the other problem, or write PreferDualStack.';
  const field = 'spec.ipFamilyPolicy';
  return { object: `Service/${service.key}`, field, value: service.familyPolicy, message };
}

function problem(
  service: LoadBalancerService,
  request: keyof RequestFields,
  value: string,
  message: string,
): Problem {
  const field = service.requestFields?.[request] ?? annotation[request];
  return { object: `Service/${service.key}`, field, value, message };
}

function requestMessage(
  service: LoadBalancerService,
  fault: RequestFault,
  inventory: Inventory,
): string {
  switch (fault.kind) {
    case 'family':
      return `Not of a family that the Service has (${service.familyPolicy}, ${familyNames(service)}). Request an address of that family, or change ipFamilies and ipFamilyPolicy.`;
    case 'outside':
      return `Lies in no AddressPool. ${adviceOnPools(inventory)}`;
    case 'other-pool':
      return `Lies in AddressPool/${fault.pool.name}, but the Service requests pool ${service.requestedPool}. Change one of the two.`;
    case 'not-admitted':
      return `Lies in AddressPool/${fault.pool.name}, which ${refusalText(fault.refusal, service)}. Request another address, or change the pool.`;
    case 'foreign':
      return `Is the address of ${fault.owner}. Request another one, and take it out of the pool.`;
    case 'edge':
      return `Is at the edge of a network, and AddressPool/${fault.pool.name} has skipEdges. Request another address.`;
    case 'taken':
      return `Is held by Service/${fault.holder.key}. Request another address, or give both Services the same annotation fairlead.dev/share-key, if their ports differ.`;
    case 'same-port':
      return `Is held by Service/${fault.holder.key}, which has the same share key and also ${fault.port.protocol} port ${fault.port.port}. Request another address, or change the port.`;
    default:
      return fault satisfies never;
  }
}

function requestedPoolMessage(
  service: LoadBalancerService,
  name: string,
  family: IpFamily,
  inventory: Inventory,
): string {
  const usable = inventory.pools.find(({ pool }) => pool.name === name);
  if (usable === undefined) {
    return `There is no AddressPool of this name. ${adviceOnPools(inventory)}`;
  }
  const refusal = inventory.refusal(usable.pool, service);
  if (refusal !== undefined) {
    return `The pool ${refusalText(refusal, service)}. Request another pool, or change this one.`;
  }
  if (!usable.ranges.some((range) => range.family === family)) {
    return `The pool has no IPv${family} addresses. Add some, or request another pool.`;
  }
  return `All IPv${family} addresses of the pool are taken. Add some, or request another pool.`;
}

function anyPoolMessage(
  service: LoadBalancerService,
  family: IpFamily,
  inventory: Inventory,
): string {
  if (inventory.pools.length === 0) {
    return 'There is no AddressPool. Write one with addresses that are free in your network.';
  }
  const reasons = inventory.pools.map(({ pool, ranges }) => {
    const refusal = inventory.refusal(pool, service);
    if (refusal !== undefined) return `${pool.name} ${refusalText(refusal, service)}`;
    if (!pool.autoAssign) return `${pool.name} has autoAssign: false and must be requested`;
    const ofFamily = ranges.some((range) => range.family === family);
    return ofFamily ? `${pool.name} is full` : `${pool.name} has no IPv${family} addresses`;
  });
  const more = reasons.length > 5 ? `; and ${reasons.length - 5} more` : '';
  return `No pool has an IPv${family} address for it: ${reasons.slice(0, 5).join('; ')}${more}. Add addresses to a pool, or request one by the annotation fairlead.dev/pool.`;
}

function refusalText(refusal: Refusal, service: LoadBalancerService): string {
  switch (refusal) {
    case 'namespace':
      return `is not for namespace ${service.namespace}`;
    case 'labels':
      return "does not select this Service's labels";
    default:
      return refusal satisfies never;
  }
}

/** What there is to choose from. */
function adviceOnPools(inventory: Inventory): string {
  const [first] = inventory.pools;
  if (first === undefined) return 'There is no pool at all: write one.';
  const named = inventory.pools.slice(0, 5).map(({ pool, ranges }) => {
    const shown = ranges.slice(0, 2).map(formatRange).join(', ');
    return `${pool.name} (${shown}${ranges.length > 2 ? ', …' : ''})`;
  });
  const more = inventory.pools.length > named.length ? ', …' : '';
  return `Choose from ${named.join(', ')}${more}, or write a pool that holds it.`;
}

function familyNames({ families, familyPolicy }: LoadBalancerService): string {
  const wanted = familyPolicy === 'SingleStack' ? families.slice(0, 1) : families;
  return wanted.map((family) => `IPv${family}`).join(' and ');
}
