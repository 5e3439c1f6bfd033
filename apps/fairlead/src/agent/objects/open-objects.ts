import type { KubeClient } from '@fairlead/kube';
import { fileObjects } from './file-objects.ts';
import { KubernetesObjects, type KubernetesObjectsOptions } from './kubernetes-objects.ts';
import type { ObjectSource } from './object-source.ts';

/** Where the objects come from. */
export type ObjectsFrom = {
  /** Leave Services without a class to somebody else. */
  readonly requireClass: boolean;
} & (
  | { readonly kind: 'file'; readonly file: string }
  | { readonly kind: 'kubernetes'; readonly client: KubeClient }
);

export function openObjects(
  from: ObjectsFrom,
  options: Omit<KubernetesObjectsOptions, 'client' | 'requireClass'>,
): ObjectSource {
  switch (from.kind) {
    case 'file':
      return fileObjects(from.file, from.requireClass);
    case 'kubernetes':
      return new KubernetesObjects({ ...options, ...from });
    default:
      return from satisfies never;
  }
}
