/** How many values a problem lists before it only counts them. */
const LISTED = 5;

/** Values for a problem to show, in order and not too many. */
export function listValues(values: Iterable<string>): string {
  const sorted = [...new Set(values)].toSorted();
  const more = sorted.length - LISTED;
  return sorted.slice(0, LISTED).join(', ') + (more > 0 ? ` and ${more} more` : '');
}
