/**
 * Whether an interface's name matches one of the globs: `*` is any run of characters, `?` any one,
 * `[a-c]` and `[!a-c]` one of or none of a set, everything else itself. An empty list matches nothing.
 */
export function matchesInterface(globs: readonly string[], name: string): boolean {
  return globs.some((glob) => expressionOf(glob)?.test(name) ?? false);
}

/** Whether the text is a glob that can match: a set is closed, not empty and in ascending order. */
export function isInterfaceGlob(glob: string): boolean {
  return expressionOf(glob) !== undefined;
}

const token = /\*+|\?|\[(!?)([^\]]+)\]|[^[\]]/guy;
const cache = new Map<string, RegExp | undefined>();

function expressionOf(glob: string): RegExp | undefined {
  if (!cache.has(glob)) {
    if (cache.size > 1000) cache.clear();
    cache.set(glob, compile(glob));
  }
  return cache.get(glob);
}

function compile(glob: string): RegExp | undefined {
  const tokens = [...glob.matchAll(token)];
  const read = tokens.reduce((length, [text]) => length + text.length, 0);
  if (read === 0 || read !== glob.length) return undefined;
  const source = tokens.map(([text, negated, set]) => sourceOf(text, negated, set)).join('');
  try {
    return new RegExp(`^${source}$`, 'u');
  } catch (error) {
    // A set whose range runs backwards, as in [z-a].
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function sourceOf(text: string, negated: string | undefined, set: string | undefined): string {
  if (set !== undefined) return `[${negated === '!' ? '^' : ''}${escapeSet(set)}]`;
  if (text.startsWith('*')) return '.*';
  return text === '?' ? '.' : RegExp.escape(text);
}

/** Escapes a set's characters, but leaves `-` between two of them a range. */
function escapeSet(set: string): string {
  return set.replaceAll(/[\\\]^[]/gu, String.raw`\$&`);
}
