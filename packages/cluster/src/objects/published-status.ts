import { parseAddress } from '@fairlead/ip';
import { conditionSchema, publishedServiceSchema } from '../generated/object-schemas.ts';
import type { Condition } from '../schemas/condition.ts';
import { fit } from '../shape/fit.ts';
import { rawField } from '../shape/raw-field.ts';
import type { PublishedStatus } from '../state.ts';
import { converted, leftOut, type Converted } from './converted.ts';
import type { Reader } from './read-options.ts';

const ourPrefix = 'fairlead.dev/';
const allocated = 'fairlead.dev/Allocated';

/** All that an agent must know of the conditions: that the addresses are allocated by us. */
const allocatedByUs: readonly Condition[] = Object.freeze([
  Object.freeze({
    type: allocated,
    status: 'True',
    reason: '',
    message: '',
    lastTransitionTime: '',
  } as const),
]);

/** What the API server has as the status of a Service. */
export function readPublishedStatus(service: unknown, reader: Reader): Converted<PublishedStatus> {
  const fitted = fit(publishedServiceSchema, service);
  if (!fitted.ok) return leftOut(fitted.faults);
  const { metadata, status } = fitted.value;
  const ours = ourConditions(service).flatMap((condition) => {
    const fitting = fit(conditionSchema, condition);
    return fitting.ok ? [fitting.value] : [];
  });
  return converted({
    uid: metadata.uid,
    addresses: status.loadBalancer.ingress.flatMap(({ ip }) => parseAddress(ip ?? '') ?? []),
    conditions: reader === 'controller' ? ours : conditionsForAgent(ours),
  });
}

/** Whether the status has conditions of ours, judged without reading the rest. */
export function hasOurConditions(service: unknown): boolean {
  return ourConditions(service).length > 0;
}

/** As they are there: the API server checks neither ours nor those of others, which must not be in our way. */
function ourConditions(service: unknown): readonly unknown[] {
  const conditions = rawField(rawField(service, 'status'), 'conditions');
  if (!Array.isArray(conditions)) return [];
  return conditions.filter((condition) => {
    const type = rawField(condition, 'type');
    return typeof type === 'string' && type.startsWith(ourPrefix);
  });
}

function conditionsForAgent(conditions: readonly Condition[]): readonly Condition[] {
  const holds = conditions.some(({ type, status }) => type === allocated && status === 'True');
  return holds ? allocatedByUs : [];
}
