import {
  assembleState,
  problemsOf,
  readObject,
  type ClusterObject,
  type ClusterObjectKind,
  type ClusterState,
  type Problem,
} from '@fairlead/cluster';
import type { Service } from 'kubernetes-types/core/v1.d.ts';
import { clusterResources, nameOf, type ClusterObjects } from './objects.ts';

/** The state as the controller knows it, and the objects of our Services by key, those that are refused included. */
export interface ReadCluster {
  readonly state: ClusterState;
  readonly ours: ReadonlyMap<string, Service>;
}

export function readState(objects: ClusterObjects): ReadCluster {
  const read: ClusterObject[] = [];
  const problems: Problem[] = [];
  const ours = new Map<string, Service>();
  for (const kind of Object.keys(clusterResources) as (keyof ClusterObjects)[]) {
    for (const value of objects[kind]) {
      const result = readObject(kind satisfies ClusterObjectKind, value, { reader: 'controller' });
      const { object } = result;
      if (object === undefined && result.faults.length === 0) continue;
      if (object !== undefined && isOthers(object)) continue;
      problems.push(...problemsOf(result));
      if (object !== undefined) read.push(object);
      if (kind === 'Service') ours.set(keyOf(value), value as Service);
    }
  }
  const state = assembleState('', read, problems);
  return { state, ours };
}

/**
 * Of another type or class by now; or without a class, and with an address that is not from us: then whoever gave
 * it serves it.
 */
function isOthers(object: ClusterObject): boolean {
  if (object.kind === 'UnservedService') return object.value.why === 'released';
  if (object.kind !== 'Service') return false;
  const { namesClass, published } = object.value;
  return (
    namesClass !== true && published?.conditions.length === 0 && published.addresses.length > 0
  );
}

function keyOf(object: ClusterObjects[keyof ClusterObjects][number]): string {
  return `${object.metadata?.namespace ?? ''}/${nameOf(object)}`;
}
