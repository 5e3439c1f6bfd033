import type { KubeClient } from '@fairlead/kube';
import { fileObjects } from './file-objects.ts';
import { KubernetesObjects, type KubernetesObjectsOptions } from './kubernetes-objects.ts';
import type { ObjectSource } from './object-source.ts';

/** Where the objects come from. */
export type ObjectsFrom =
  | { readonly kind: 'file'; readonly file: string }
  | {
      readonly kind: 'kubernetes';
      readonly client: KubeClient;
      readonly requireClass: boolean;
    };

export function openObjects(
  from: ObjectsFrom,
  options: Omit<KubernetesObjectsOptions, 'client' | 'requireClass'>,
): ObjectSource {
  switch (from.kind) {
    case 'file':
      return fileObjects(from.file);
    case 'kubernetes':
      return new KubernetesObjects({ ...options, ...from });
    default:
      return from satisfies never;
  }
}
