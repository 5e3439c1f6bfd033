const plain = /^[A-Za-z_][A-Za-z0-9_]*$/u;

/** The path of a field inside another: `spec.ports`, or `metadata.labels[a.b/c]` for odd names. */
export function fieldPath(parent: string, name: string): string {
  if (!plain.test(name)) return `${parent}[${name}]`;
  return parent === '' ? name : `${parent}.${name}`;
}

/** The path of an item of a list: `spec.ports[0]`. */
export function itemPath(parent: string, index: number): string {
  return `${parent}[${index}]`;
}
