declare const brand: unique symbol;

/** `namespace/name`, or `name` where objects have no namespace. Names hold no slash, so it is one to one. */
export type ObjectKey = string & { readonly [brand]: 'ObjectKey' };

/** Which object of a kind. */
export interface ObjectName {
  readonly namespace?: string | undefined;
  readonly name: string;
}

export function objectKey({ namespace, name }: ObjectName): ObjectKey {
  return (namespace === undefined || namespace === '' ? name : `${namespace}/${name}`) as ObjectKey;
}

export function parseObjectKey(key: ObjectKey): ObjectName {
  const slash = key.indexOf('/');
  if (slash === -1) return { name: key };
  return { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}
