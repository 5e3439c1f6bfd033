import type { KubeObject } from './resource.ts';

/** A part of a list. */
export interface ListPage<T extends KubeObject> {
  readonly items: readonly T[];
  /** What is listed was so at this version. */
  readonly resourceVersion: string;
  /** Asks for the next page; undefined with the last one. */
  readonly continueToken: string | undefined;
}

/** Undefined where the value is no list of objects. */
export function readList<T extends KubeObject>(value: unknown): ListPage<T> | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { items, metadata } = value as { items?: unknown; metadata?: unknown };
  if (!(Array.isArray(items) || items === null || items === undefined)) return undefined;
  if (typeof metadata !== 'object' || metadata === null) return undefined;
  const { resourceVersion, continue: token } = metadata as Record<string, unknown>;
  if (typeof resourceVersion !== 'string') return undefined;
  return {
    // Go writes an empty list as null.
    items: (items ?? []) as T[],
    resourceVersion,
    continueToken: typeof token === 'string' && token !== '' ? token : undefined,
  };
}
