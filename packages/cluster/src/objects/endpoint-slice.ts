import { familyOf, parseAddress } from '@fairlead/ip';
import type { EndpointSliceObject } from '../schemas/endpoint-slice.ts';
import { itemPath } from '../shape/field-path.ts';
import type { ShapeFault } from '../shape/fit.ts';
import type { Endpoint, NodeName, ServiceKey, ServicePort } from '../state.ts';
import { converted, leftOut, type Converted } from './converted.ts';
import type { Reader } from './read-options.ts';

/** The label by which a slice belongs to the Service of that name in its namespace. */
const serviceLabel = 'kubernetes.io/service-name';

/** The endpoints of one slice. */
export interface SliceEndpoints {
  readonly service: ServiceKey;
  readonly name: string;
  readonly endpoints: readonly Endpoint[];
}

/** A slice with the endpoints that can be read; a slice of host names is left alone. */
export function readEndpointSlice(
  slice: EndpointSliceObject,
  reader: Reader | undefined,
): Converted<SliceEndpoints> {
  const { metadata, addressType } = slice;
  if (addressType === 'FQDN') return leftOut();
  const service = Object.hasOwn(metadata.labels, serviceLabel)
    ? (metadata.labels[serviceLabel] ?? '')
    : '';
  if (service === '') {
    // An API server may hold slices for other purposes.
    if (reader !== undefined) return leftOut();
    const message = 'The slice belongs to no Service. Add this label with the name of the Service.';
    return leftOut([{ field: `metadata.labels[${serviceLabel}]`, value: '', message }]);
  }
  const ports = slice.ports.flatMap(({ name, protocol, port }): ServicePort[] =>
    port === undefined ? [] : [{ name, protocol, port }],
  );
  const faults: ShapeFault[] = [];
  const endpoints = slice.endpoints.flatMap((endpoint, index): Endpoint[] => {
    const [text = ''] = endpoint.addresses;
    const address = parseAddress(text);
    if (address === undefined || `IPv${familyOf(address)}` !== addressType) {
      const field = `${itemPath('endpoints', index)}.addresses[0]`;
      const message = `Not an ${addressType} address, as addressType says. Correct one of the two; this endpoint is not used until then.`;
      faults.push({ field, value: text, message });
      return [];
    }
    // The defaults for missing conditions are those of the EndpointSlice API.
    const { ready = true, serving = true, terminating = false } = endpoint.conditions;
    const node = endpoint.nodeName as NodeName | undefined;
    return [{ address, node, ready, serving, terminating, ports }];
  });
  const key = `${metadata.namespace}/${service}` as ServiceKey;
  return converted({ service: key, name: metadata.name, endpoints }, faults);
}
