import { z } from 'zod';
import { timestamp } from './names.ts';

/** A condition as Kubernetes' API conventions define it. */
export const condition = z.object({
  type: z.string().max(316).describe('What the condition is about.'),
  status: z.enum(['True', 'False', 'Unknown']).describe('Whether it holds.'),
  reason: z.string().max(1024).describe('Why, in one word for programs.'),
  message: z.string().max(32_768).describe('Why, in words, and what to do.'),
  lastTransitionTime: timestamp.describe('When the status last changed.'),
  observedGeneration: z
    .int()
    .min(0)
    .max(Number.MAX_SAFE_INTEGER)
    .optional()
    .describe('The generation of the object that this judges.'),
});

/** A list of conditions, one of each type. */
export const conditions = z
  .array(condition)
  .max(16)
  .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['type'] });

/** One condition. */
export type Condition = z.output<typeof condition>;
