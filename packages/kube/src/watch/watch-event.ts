import type { Status } from 'kubernetes-types/meta/v1.d.ts';
import type { KubeObject } from '../client/resource.ts';

/** What a watch tells (apimachinery `metav1.WatchEvent`). */
export type WatchEvent<T extends KubeObject> =
  | { readonly kind: 'added' | 'modified' | 'deleted'; readonly object: T }
  | {
      readonly kind: 'bookmark';
      readonly resourceVersion: string;
      /** The objects that were there when the watch began have all been told. */
      readonly initialEventsEnd: boolean;
    }
  /** The server gives the watch up. */
  | { readonly kind: 'error'; readonly status: Partial<Status> }
  /** Well-formed, but nothing we can use; what follows it can be read. */
  | { readonly kind: 'unreadable'; readonly detail: string };

/** Of the bookmark after the initial events (apimachinery `metav1.InitialEventsAnnotationKey`). */
export const initialEventsAnnotation = 'k8s.io/initial-events-end';
