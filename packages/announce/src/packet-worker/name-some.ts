/** The first of many, and how many more there are. */
export function nameSome(names: readonly string[], most: number, separator: string): string {
  const more = names.length - most;
  return names.slice(0, most).join(separator) + (more > 0 ? ` and ${more} more` : '');
}
