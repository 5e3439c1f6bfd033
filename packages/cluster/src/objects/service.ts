import {
  familyOf,
  networkOf,
  parsePrefix,
  type IpAddress,
  type IpFamily,
  type Prefix,
} from '@fairlead/ip';
import type { ServiceObject } from '../schemas/service.ts';
import { itemPath } from '../shape/field-path.ts';
import type { ShapeFault } from '../shape/fit.ts';
import { rawField } from '../shape/raw-field.ts';
import type { LoadBalancerService, PublishedStatus, ServiceKey } from '../state.ts';
import { converted, leftOut, type Converted } from './converted.ts';
import type { ServiceOptions } from './read-options.ts';
import { readRequests } from './service-requests.ts';

/** The class by which a Service asks for us (KEP-1959). */
const ourClass = 'fairlead.dev/lb';

/**
 * Whether the Service is clearly not ours, by its type or class: then nothing else in it is judged. Where
 * these cannot be read it may be ours.
 */
export function isOthers(service: unknown, { requireClass = false }: ServiceOptions): boolean {
  const spec = rawField(service, 'spec');
  const type = rawField(spec, 'type');
  if (typeof type === 'string' && type !== 'LoadBalancer') return true;
  const loadBalancerClass = rawField(spec, 'loadBalancerClass') ?? undefined;
  if (loadBalancerClass === undefined) return requireClass;
  return typeof loadBalancerClass === 'string' && loadBalancerClass !== ourClass;
}

/**
 * A Service of type LoadBalancer and of our class, without its endpoints. What would be unsafe to guess
 * makes it left out: a source range or a requested address that cannot be read, ports that clash.
 * @param published where it comes from an API server
 */
export function readService(
  service: ServiceObject,
  published?: PublishedStatus,
): Converted<LoadBalancerService> {
  const { metadata, spec } = service;
  if (spec.type !== 'LoadBalancer') return leftOut();
  const requests = readRequests(service);
  const sources = readSourceRanges(spec.loadBalancerSourceRanges);
  const refusals = [...portClashes(spec.ports), ...requests.refusals, ...sources.refusals];
  if (refusals.length > 0) return leftOut(refusals);
  const { namespace } = metadata;
  const families =
    published === undefined ? familiesOf(spec, requests.addresses) : familiesAsFilledIn(spec);
  const value: LoadBalancerService = {
    key: `${namespace}/${metadata.name}` as ServiceKey,
    namespace,
    name: metadata.name,
    labels: metadata.labels,
    families: families.families,
    familyPolicy: families.policy,
    ports: spec.ports,
    externalTrafficPolicy: spec.externalTrafficPolicy,
    affinitySeconds: affinityOf(spec),
    sourceRanges: sources.ranges,
    requestedAddresses: requests.addresses,
    requestedPool: requests.pool,
    shareKey: requests.shareKey,
    requestFields: requests.fields,
    endpoints: [],
    namesClass: spec.loadBalancerClass === ourClass,
    ...(published === undefined ? {} : { published }),
  };
  return converted(value, [...requests.faults, ...families.faults]);
}

type Spec = ServiceObject['spec'];

function affinityOf({ sessionAffinity, sessionAffinityConfig }: Spec): number | undefined {
  if (sessionAffinity === 'None') return undefined;
  // Three hours, the default of the Service API.
  return sessionAffinityConfig?.clientIP?.timeoutSeconds ?? 10_800;
}

/** The API server names every family that the cluster can give; PreferDualStack may be one of them only. */
function familiesAsFilledIn(spec: Spec) {
  const read = familiesOf(spec, []);
  return { ...read, families: read.families.slice(0, Math.max(spec.ipFamilies.length, 1)) };
}

/** The families as the API server would fill them in where it is not there to do so. */
function familiesOf({ ipFamilies, ipFamilyPolicy }: Spec, requested: readonly IpAddress[]) {
  const named = [...new Set(ipFamilies.map((family): IpFamily => (family === 'IPv4' ? 4 : 6)))];
  const wanted = named.length > 0 ? named : [...new Set(requested.map(familyOf))];
  const policy = ipFamilyPolicy ?? (wanted.length === 2 ? 'RequireDualStack' : 'SingleStack');
  const primary: IpFamily = wanted[0] ?? 4;
  if (policy !== 'SingleStack') {
    const families: readonly IpFamily[] = [primary, primary === 4 ? 6 : 4];
    return { families, policy, faults: [] };
  }
  const faults: ShapeFault[] =
    named.length < 2
      ? []
      : [
          {
            field: 'spec.ipFamilies',
            value: ipFamilies,
            message: `Two families under ipFamilyPolicy SingleStack; IPv${primary} counts. Remove one, or write PreferDualStack.`,
          },
        ];
  return { families: [primary], policy, faults };
}

/** All ranges, or none and why: a range that is missing would lock out, one too many would let in. */
function readSourceRanges(texts: readonly string[]) {
  const read = texts.map((text) => parsePrefix(text.trim()));
  const ranges: Prefix[] = read.flatMap((prefix) =>
    prefix === undefined ? [] : networkOf(prefix),
  );
  const refusals = read.flatMap((prefix, index): ShapeFault[] =>
    prefix === undefined
      ? [
          {
            field: itemPath('spec.loadBalancerSourceRanges', index),
            value: texts[index],
            message: 'Not a network. Write one, as in 198.51.100.0/24.',
          },
        ]
      : [],
  );
  return { ranges, refusals };
}

/** Ports that the API server would refuse: clients or endpoints could not tell them apart. */
function portClashes(ports: Spec['ports']): ShapeFault[] {
  return ports.flatMap(({ name, port, protocol }, index) => {
    const earlier = ports.slice(0, index);
    const field = itemPath('spec.ports', index);
    if (earlier.some((other) => other.port === port && other.protocol === protocol)) {
      const message = 'Another port of this Service is the same. Remove one of the two.';
      return [{ field, value: `${protocol} ${port}`, message }];
    }
    if (earlier.some((other) => other.name === name)) {
      const message =
        'Another port of this Service has this name. Give each port a name of its own.';
      return [{ field: `${field}.name`, value: name, message }];
    }
    return [];
  });
}
