import type { LoadBalancerService, ServiceKey } from '../state.ts';
import type { SliceEndpoints } from './endpoint-slice.ts';
import { mergeSlices } from './join-endpoints.ts';
import { byCreation, OrderedObjects } from './ordered-objects.ts';
import type { ClusterObject } from './read-object.ts';

type ServiceObject = ClusterObject & { readonly kind: 'Service' };
type SliceObject = ClusterObject & { readonly kind: 'EndpointSlice' };

/** Services with the endpoints of all their slices. */
export class JoinedServices {
  /** By id, without endpoints. */
  readonly #services = new Map<string, ServiceObject>();
  readonly #slices = new Map<string, SliceEndpoints>();
  readonly #slicesOf = new Map<ServiceKey, Set<string>>();
  readonly #joined = new OrderedObjects<ServiceObject>(byCreation);
  /** Ids of Services to be joined anew. */
  readonly #outdated = new Set<string>();

  setService(service: ServiceObject): void {
    this.#services.set(service.id, service);
    this.#outdated.add(service.id);
  }

  deleteService(id: string): void {
    if (this.#services.delete(id)) this.#outdated.add(id);
  }

  setSlice({ id, value }: SliceObject): void {
    this.deleteSlice(id);
    this.#slices.set(id, value);
    const { service } = value;
    const slices = this.#slicesOf.get(service);
    if (slices === undefined) this.#slicesOf.set(service, new Set([id]));
    else slices.add(id);
    this.#outdated.add(serviceId(service));
  }

  deleteSlice(id: string): void {
    const service = this.#slices.get(id)?.service;
    if (service === undefined) return;
    this.#slices.delete(id);
    const slices = this.#slicesOf.get(service);
    slices?.delete(id);
    if (slices?.size === 0) this.#slicesOf.delete(service);
    this.#outdated.add(serviceId(service));
  }

  /** In order of creation, then by key. */
  values(): readonly LoadBalancerService[] {
    for (const id of this.#outdated) {
      const service = this.#services.get(id);
      if (service === undefined) this.#joined.delete(id);
      else this.#join(service);
    }
    this.#outdated.clear();
    return this.#joined.values();
  }

  #join(service: ServiceObject): void {
    const slices = [...(this.#slicesOf.get(service.value.key) ?? [])];
    const endpoints = mergeSlices(slices.flatMap((id) => this.#slices.get(id) ?? []));
    this.#joined.set({ ...service, value: { ...service.value, endpoints } });
  }
}

function serviceId(key: ServiceKey): string {
  return `Service/${key}`;
}
