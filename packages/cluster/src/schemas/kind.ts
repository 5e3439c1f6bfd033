import type { z } from 'zod';

/** A column of `kubectl get`. */
interface PrinterColumn {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'boolean' | 'date';
  readonly jsonPath: string;
  readonly description: string;
}

/** One of our own kinds: what its CRD, its reference page and its runtime check are made from. */
export interface OwnKind {
  readonly kind: string;
  /** Lower case, as in the API's path. */
  readonly plural: string;
  readonly shortNames: readonly string[];
  /** What it is and when one writes it; the first lines of its reference page. */
  readonly description: string;
  readonly spec?: z.ZodObject;
  readonly status?: z.ZodObject;
  /** Whether status is written apart from the rest, through `/status`. */
  readonly statusSubresource: boolean;
  /** False for a kind that only a standalone file holds. */
  readonly inKubernetes: boolean;
  readonly columns: readonly PrinterColumn[];
  /** A whole object in YAML for the reference page. */
  readonly example: string;
}

/** Group and version of our own kinds. */
export const ownApiVersion = 'fairlead.dev/v1alpha1';
