import type { ObjectMeta } from 'kubernetes-types/meta/v1.d.ts';

/** What all objects of Kubernetes have. */
export interface KubeObject {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata?: ObjectMeta;
}

declare const objectType: unique symbol;

/** A kind of object and where the API server has it. */
export interface Resource<T extends KubeObject> {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  /** As in the path: lower case. */
  readonly plural: string;
  readonly namespaced: boolean;
  readonly [objectType]?: T;
}

export function defineResource<T extends KubeObject>(
  resource: Omit<Resource<T>, typeof objectType>,
): Resource<T> {
  return Object.freeze({ ...resource });
}

export function apiVersionOf({ group, version }: Resource<KubeObject>): string {
  return group === '' ? version : `${group}/${version}`;
}

/** Which objects a path is about. */
export interface ResourceTarget {
  /** All namespaces where left out. */
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
  readonly subresource?: string | undefined;
}

type QueryValue = string | number | boolean | undefined;

/**
 * The path of objects with its query; what is undefined is left out.
 * @throws RangeError where a namespace is missing or too much, or a name cannot stand in a path
 */
export function resourcePath(
  resource: Resource<KubeObject>,
  target: ResourceTarget,
  query: Readonly<Record<string, QueryValue>> = {},
): string {
  const { namespace, name, subresource } = target;
  const many = name === undefined;
  if (!resource.namespaced && namespace !== undefined) {
    throw new RangeError(
      `${resource.plural} have no namespace, so not ${JSON.stringify(namespace)}`,
    );
  }
  if (resource.namespaced && namespace === undefined && !many) {
    throw new RangeError(`${resource.plural} ${JSON.stringify(name)}: its namespace is missing`);
  }
  const parts = [
    resource.group === '' ? 'api' : `apis/${segment(resource.group)}`,
    segment(resource.version),
    ...(namespace === undefined ? [] : ['namespaces', segment(namespace)]),
    segment(resource.plural),
    ...(many ? [] : [segment(name)]),
    ...(subresource === undefined ? [] : [segment(subresource)]),
  ];
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    if (value !== undefined) search.set(key, String(value));
  }
  return `/${parts.join('/')}${search.size === 0 ? '' : `?${search.toString()}`}`;
}

/** Names of some kinds may hold `:`; none may be empty, `.`, `..` or hold `/` or `%` (apimachinery path.IsValidPathSegmentName). */
function segment(text: string): string {
  if (text === '' || text === '.' || text === '..' || /[/%]/u.test(text)) {
    throw new RangeError(`${JSON.stringify(text)} cannot be a part of a path`);
  }
  return encodeURIComponent(text);
}
