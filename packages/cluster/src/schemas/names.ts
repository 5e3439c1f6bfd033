import { z } from 'zod';

/** Names of cluster-scoped objects, by the rule of DNS subdomains (RFC 1123). */
export const objectName = z
  .string()
  .min(1)
  .max(253)
  .regex(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/)
  .meta({
    form: 'lower-case letters, digits, - and ., beginning and ending with a letter or digit',
  });

/** Names of namespaces, by the rule of DNS labels (RFC 1123). */
export const namespaceName = z
  .string()
  .min(1)
  .max(63)
  .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/)
  .meta({ form: 'lower-case letters, digits and -, beginning and ending with a letter or digit' });

/** A moment in RFC 3339 form, as Kubernetes writes it. */
export const timestamp = z.string().max(64).meta({ format: 'date-time' });
