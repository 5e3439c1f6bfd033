const longest = 120;

/**
 * A value as a person wrote it, short enough for one line. Anything may come in: lists that contain
 * themselves (YAML aliases), symbols of any length, control characters.
 */
export function showValue(value: unknown): string {
  const text = typeof value === 'string' ? value : describe(value, 3);
  const line = text.replaceAll(/\p{Cc}+/gu, ' ').trim();
  return line.length <= longest ? line : `${line.slice(0, longest - 1).toWellFormed()}…`;
}

function describe(value: unknown, depth: number): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, longest));
  if (value === undefined) return '';
  if (typeof value !== 'object' || value === null) return `${value as number | boolean | null}`;
  if (depth === 0) return Array.isArray(value) ? '[…]' : '{…}';
  if (Array.isArray(value)) {
    const items = value.slice(0, 8).map((item) => describe(item, depth - 1));
    return `[${items.join(', ')}${value.length > items.length ? ', …' : ''}]`;
  }
  const entries = Object.entries(value);
  const fields = entries.slice(0, 8).map(([name, item]) => `${name}: ${describe(item, depth - 1)}`);
  return `{${fields.join(', ')}${entries.length > fields.length ? ', …' : ''}}`;
}
