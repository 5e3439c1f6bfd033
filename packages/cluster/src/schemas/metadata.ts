import { z } from 'zod';
import { namespaceName, objectName } from './names.ts';

const strings = z.record(z.string(), z.string()).default({});

/** What we read of an object's metadata; the API server checks the rest. */
export const metadata = z.object({
  name: objectName.describe('Its name.'),
  labels: strings.describe('Labels, for selectors.'),
  annotations: strings.describe('Annotations.'),
  creationTimestamp: z
    .string()
    .optional()
    .describe('When it was made: where two objects want the same, the older one gets it.'),
  deletionTimestamp: z.string().optional().describe('If set, the object is going away.'),
});

/** Metadata of an object that lives in a namespace. */
export const namespacedMetadata = metadata.extend({
  namespace: namespaceName.default('default').describe('Its namespace.'),
});

export type Metadata = z.output<typeof metadata>;

/** An object of our own with its metadata. */
export interface OwnObject<Spec> {
  readonly metadata: Metadata;
  readonly spec: Spec;
}
