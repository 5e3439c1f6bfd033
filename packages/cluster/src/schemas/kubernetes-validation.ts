/** A CEL rule, checked by the API server (`x-kubernetes-validations`, Kubernetes 1.31 and later). */
export interface ValidationRule {
  readonly rule: string;
  readonly message: string;
}

/** Attaches CEL rules to a schema: `z.string().meta(validatedBy(rule))`. */
export function validatedBy(...rules: readonly ValidationRule[]) {
  return { 'x-kubernetes-validations': rules };
}
