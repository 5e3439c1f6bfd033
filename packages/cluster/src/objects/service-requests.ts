import { familyOf, parseAddress, type IpAddress } from '@fairlead/ip';
import { serviceAnnotations } from '../annotations.ts';
import type { ServiceObject } from '../schemas/service.ts';
import { fieldPath } from '../shape/field-path.ts';
import type { ShapeFault } from '../shape/fit.ts';
import type { RequestFields } from '../state.ts';

/** What a Service asks for by annotations or `spec.loadBalancerIP`. */
export interface ServiceRequests {
  readonly addresses: readonly IpAddress[];
  readonly pool: string | undefined;
  readonly shareKey: string | undefined;
  readonly fields: RequestFields;
  /** What is said twice, differently; the first counts. */
  readonly faults: readonly ShapeFault[];
  /** What cannot be read: no other address may be given instead. */
  readonly refusals: readonly ShapeFault[];
}

interface Request {
  readonly field: string;
  readonly text: string;
}

/** Reads the requests of a Service. Our own annotations count before MetalLB's, and those before the spec. */
export function readRequests(service: ServiceObject): ServiceRequests {
  const addresses = requestsOf(service, 'addresses');
  const pool = requestsOf(service, 'pool');
  const shareKey = requestsOf(service, 'shareKey');
  const read = readAddresses(addresses[0]);
  return {
    addresses: read.addresses,
    pool: pool[0]?.text,
    shareKey: shareKey[0]?.text,
    fields: {
      ...(addresses[0] === undefined ? {} : { addresses: addresses[0].field }),
      ...(pool[0] === undefined ? {} : { pool: pool[0].field }),
      ...(shareKey[0] === undefined ? {} : { shareKey: shareKey[0].field }),
    },
    faults: [addresses, pool, shareKey].flatMap(contradictions),
    refusals: read.refusals,
  };
}

/** All places where a request is written, the one that counts first. */
function requestsOf({ metadata, spec }: ServiceObject, request: keyof RequestFields): Request[] {
  const names = serviceAnnotations.flatMap((annotation): readonly string[] =>
    annotation.request === request ? annotation.names : [],
  );
  const written = names.map((name) => ({
    field: fieldPath('metadata.annotations', name),
    text: Object.hasOwn(metadata.annotations, name) ? (metadata.annotations[name] ?? '') : '',
  }));
  if (request === 'addresses') {
    written.push({ field: 'spec.loadBalancerIP', text: spec.loadBalancerIP ?? '' });
  }
  return written
    .map(({ field, text }) => ({ field, text: text.trim() }))
    .filter(({ text }) => text !== '');
}

function contradictions([first, ...others]: readonly Request[]): ShapeFault[] {
  if (first === undefined) return [];
  return others
    .filter(({ text }) => text !== first.text)
    .map(({ field, text }) => ({
      field,
      value: text,
      message: `Differs from ${first.field} (${first.text}), which counts. Remove one of the two.`,
    }));
}

function readAddresses(request: Request | undefined) {
  const addresses: IpAddress[] = [];
  const refusals: ShapeFault[] = [];
  for (const text of request?.text.split(',') ?? []) {
    const address = parseAddress(text.trim());
    const refuse = (message: string) =>
      refusals.push({ field: request?.field ?? '', value: text.trim(), message });
    if (address === undefined) {
      refuse('Not an IP address. Write one, or one of each family with a comma between them.');
    } else if (addresses.some((other) => familyOf(other) === familyOf(address))) {
      refuse(`A second IPv${familyOf(address)} address. Request one of each family at most.`);
    } else {
      addresses.push(address);
    }
  }
  return { addresses, refusals };
}
