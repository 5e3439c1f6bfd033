import {
  ownResources,
  readPublishedStatus,
  type Condition,
  type PublishedStatus,
  type ServiceKey,
} from '@fairlead/cluster';
import {
  ApiError,
  defineResource,
  parseObjectKey,
  resources,
  type EventSubject,
  type KubeClient,
  type KubeObject,
  type ObjectKey,
} from '@fairlead/kube';
import { ownAddresses } from './compare-status.ts';
import { datedConditions } from './findings.ts';
import { poolSaysTheSame, type Counts, type PoolFindings, type PoolStatus } from './pool-status.ts';

// Statuses are written by server-side apply: what others own in them stays, conditions of theirs above all, and
// what we no longer say goes. With its uid an object is never taken for an earlier one of the same name.

interface StatusObject extends KubeObject {
  readonly status: {
    readonly loadBalancer?: {
      readonly ingress: readonly { readonly ip: string; readonly ipMode: 'VIP' }[];
    };
    readonly conditions?: readonly Condition[];
  };
}

/** Services, of which we write the status only. */
const serviceStatuses = defineResource<StatusObject>({ ...resources.services });

/**
 * Writes the status of a Service.
 * @throws ApiError also where the Service is another one by now, or gone
 */
export async function writeServiceStatus(
  client: KubeClient,
  key: ServiceKey,
  before: PublishedStatus,
  after: PublishedStatus,
  signal: AbortSignal,
): Promise<true> {
  const { namespace = '', name } = parseObjectKey(key as string as ObjectKey);
  await client.apply(
    serviceStatuses,
    {
      metadata: { namespace, name, uid: after.uid },
      status: serviceStatus(before, after),
    },
    { subresource: 'status', force: true, signal },
  );
  return true;
}

/** What we own of a status after the write. */
export function serviceStatus(
  before: PublishedStatus,
  after: PublishedStatus,
): StatusObject['status'] {
  const ingress = after.addresses.map((ip) => ({ ip, ipMode: 'VIP' as const }));
  const { conditions } = after;
  // Released: we own nothing any more. What somebody else has written meanwhile stays.
  if (conditions.length === 0) return {};
  // An empty list takes away what we said; leaving it out leaves alone what others say.
  const lost = ownAddresses(before).length > 0;
  return ingress.length > 0 || lost ? { loadBalancer: { ingress }, conditions } : { conditions };
}

/** What the API server has now, of every Service with conditions of ours. */
export async function* readServiceStatuses(
  client: KubeClient,
  signal: AbortSignal,
): AsyncGenerator<readonly [ServiceKey, PublishedStatus], void, undefined> {
  for await (const { items } of client.list(resources.services, { signal })) {
    for (const service of items) {
      const { value } = readPublishedStatus(service, 'controller');
      if (value === undefined || value.conditions.length === 0) continue;
      const { namespace = '', name = '' } = service.metadata ?? {};
      yield [`${namespace}/${name}` as ServiceKey, value];
    }
  }
}

interface PoolObject extends KubeObject {
  readonly status?: PoolStatus;
}

const poolStatuses = defineResource<PoolObject>({ ...ownResources.addressPools });

/** What became of an AddressPool. */
export interface PoolChange {
  readonly before: PoolStatus;
  readonly subject: EventSubject;
}

/** Writes the status of an AddressPool where it says something else. @returns undefined where nothing was written */
export async function writePoolStatus(
  client: KubeClient,
  name: string,
  findings: PoolFindings,
  signal: AbortSignal,
): Promise<PoolChange | undefined> {
  const found = await client.find(poolStatuses, { name }, { signal });
  if (found === undefined) return undefined;
  const before = found.status ?? {};
  if (poolSaysTheSame(before, findings)) return undefined;
  const { ipv4, ipv6, ready } = findings;
  const status = {
    ...(ipv4 && { ipv4 }),
    ...(ipv6 && { ipv6 }),
    conditions: datedConditions([ready], before.conditions ?? [], client.clock.date()),
  } satisfies { ipv4?: Counts; ipv6?: Counts; conditions: readonly Condition[] };
  const uid = found.metadata?.uid;
  await client.apply(
    poolStatuses,
    { metadata: { name, ...(uid === undefined ? {} : { uid }) }, status },
    { subresource: 'status', force: true, signal },
  );
  return { before, subject: ownSubject('AddressPool', name, uid) };
}

/** An object of ours that an event is about. */
function ownSubject(kind: string, name: string, uid: string | undefined): EventSubject {
  return { apiVersion: 'fairlead.dev/v1alpha1', kind, name, uid };
}

/** Of an Announcement; undefined where there is none any more. */
export async function findAnnouncement(
  client: KubeClient,
  name: string,
  signal: AbortSignal,
): Promise<EventSubject | undefined> {
  const found = await client.find(ownResources.announcements, { name }, { signal });
  return found && ownSubject('Announcement', name, found.metadata?.uid);
}

/** Makes the Secret with the key of the membership where there is none. @returns whether it was made */
export async function ensureMembershipSecret(
  client: KubeClient,
  namespace: string,
  signal: AbortSignal,
): Promise<boolean> {
  const name = 'membership';
  if ((await client.find(resources.secrets, { namespace, name }, { signal })) !== undefined) {
    return false;
  }
  const key = crypto.getRandomValues(new Uint8Array(32)).toHex();
  const keys = Buffer.from(`${key}\n`).toString('base64');
  try {
    await client.create(
      resources.secrets,
      { metadata: { namespace, name }, type: 'Opaque', data: { keys } },
      { signal },
    );
    return true;
  } catch (error) {
    if (error instanceof ApiError && error.alreadyExists) return false;
    throw error;
  }
}
