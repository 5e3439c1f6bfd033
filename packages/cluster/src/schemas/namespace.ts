import { z } from 'zod';
import { metadata } from './metadata.ts';

/** What we read of a core/v1 Namespace. */
export const namespace = z
  .object({
    metadata: metadata.describe(
      'Its labels are what `namespaceSelector` selects by. A namespace without an object has the label `kubernetes.io/metadata.name` only.',
    ),
  })
  .describe('A namespace with labels.');

export type NamespaceObject = z.output<typeof namespace>;
