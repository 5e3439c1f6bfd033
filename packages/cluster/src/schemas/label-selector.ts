import { z } from 'zod';
import { validatedBy } from './kubernetes-validation.ts';

const requirement = z
  .object({
    key: z.string().min(1).max(317).describe('The label.'),
    operator: z
      .enum(['In', 'NotIn', 'Exists', 'DoesNotExist'])
      .describe('How the label is compared with the values.'),
    values: z
      .array(z.string().max(63))
      .max(64)
      .optional()
      .describe('The values, for `In` and `NotIn` only.'),
  })
  .meta(
    validatedBy({
      rule: "(self.operator in ['In', 'NotIn']) == (has(self.values) && size(self.values) > 0)",
      message: 'In and NotIn need values; Exists and DoesNotExist take none',
    }),
  );

/** A label selector as everywhere in Kubernetes; `description` says what it selects. */
export function labelSelector(description: string) {
  return z
    .object({
      matchLabels: z
        .record(z.string(), z.string().max(63))
        .optional()
        .describe('Labels that must be there with exactly these values.'),
      matchExpressions: z
        .array(requirement)
        .max(32)
        .optional()
        .describe('Requirements that must hold as well.'),
    })
    .describe(description);
}
