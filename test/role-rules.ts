import type { PolicyRule } from 'kubernetes-types/rbac/v1.d.ts';

/** A request as it came to the API server. */
export interface ApiCall {
  readonly method: string;
  /** With its query. */
  readonly path: string;
}

/** What the API server asks RBAC about a request. */
export interface AccessAttributes {
  readonly verb: string;
  readonly group: string;
  /** With its subresource: `services/status`. */
  readonly resource: string;
  readonly name: string | undefined;
}

const verbs: Readonly<Record<string, string>> = {
  GET: 'get',
  POST: 'create',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
};

/**
 * What a request asks for; undefined where it is about no resource, as `/version`
 * (https://kubernetes.io/docs/reference/access-authn-authz/authorization/#determine-the-request-verb).
 */
export function accessOf({ method, path }: ApiCall): AccessAttributes | undefined {
  const { pathname, searchParams } = new URL(path, 'https://api');
  const match =
    /^\/(?:api|apis\/(?<group>[^/]+))\/[^/]+(?:\/namespaces\/[^/]+(?=\/))?\/(?<resource>[^/]+)(?:\/(?<name>[^/]+)(?:\/(?<sub>[^/]+))?)?$/u.exec(
      pathname,
    );
  if (match?.groups === undefined) return undefined;
  const { group = '', resource = '', name, sub } = match.groups;
  const many = name === undefined;
  const watched = searchParams.get('watch') === 'true';
  const reading = watched ? 'watch' : many ? 'list' : 'get';
  // A list of one object by its name is judged as if it named it.
  const field = /^metadata\.name=(?<only>[^,=]+)$/u.exec(searchParams.get('fieldSelector') ?? '');
  return {
    verb: method === 'GET' ? reading : (verbs[method] ?? method.toLowerCase()),
    group,
    resource: sub === undefined ? resource : `${resource}/${sub}`,
    name: name ?? field?.groups?.['only'],
  };
}

/** Requests that no rule allows. */
export function requestsOutside(
  rules: readonly PolicyRule[],
  calls: readonly ApiCall[],
): readonly ApiCall[] {
  return calls.filter((call) => {
    const access = accessOf(call);
    return access !== undefined && !permissions(rules).some((each) => allows(each, access));
  });
}

/** What is allowed and was not asked for: `list nodes`, `get leases.coordination.k8s.io fairlead-controller`. */
export function unusedRules(
  rules: readonly PolicyRule[],
  calls: readonly ApiCall[],
): readonly string[] {
  const asked = calls.flatMap((call) => accessOf(call) ?? []);
  return permissions(rules)
    .filter((permission) => !asked.some((access) => uses(permission, access)))
    .map(({ verb, group, resource, name }) =>
      [
        verb,
        group === '' ? resource : `${resource}.${group}`,
        ...(name === undefined ? [] : [name]),
      ].join(' '),
    );
}

/** Rules taken apart: one verb on one resource, of one name where names are given. */
function permissions(rules: readonly PolicyRule[]): readonly AccessAttributes[] {
  return rules.flatMap(({ verbs: allowed, apiGroups = [], resources = [], resourceNames = [] }) =>
    allowed.flatMap((verb) =>
      apiGroups.flatMap((group) =>
        resources.flatMap((resource) =>
          (resourceNames.length === 0 ? [undefined] : resourceNames).map((name) => ({
            verb,
            group,
            resource,
            name,
          })),
        ),
      ),
    ),
  );
}

/** A list of one object by its name needs a rule of that name only. */
function uses(permission: AccessAttributes, access: AccessAttributes): boolean {
  const isList = access.verb === 'list' || access.verb === 'watch';
  return allows(permission, access) && (!isList || permission.name === access.name);
}

function allows(permission: AccessAttributes, access: AccessAttributes): boolean {
  return (
    permission.verb === access.verb &&
    permission.group === access.group &&
    permission.resource === access.resource &&
    (permission.name === undefined || permission.name === access.name)
  );
}
