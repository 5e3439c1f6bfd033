/**
 * The same function, which keeps its last results: addresses come again with every packet, and need not be read or
 * written out each time.
 * @param limit So many results are kept; then all are forgotten.
 */
export function remembered<K, V>(limit: number, make: (key: K) => V): (key: K) => V {
  const results = new Map<K, V>();
  return (key) => {
    const known = results.get(key);
    if (known !== undefined) return known;
    const made = make(key);
    if (results.size >= limit) results.clear();
    results.set(key, made);
    return made;
  };
}

/**
 * The same for what is read from bytes: equal bytes, wherever they lie, are the same result, which many then share.
 * @param make is given the bytes and, for its errors, where they lie in the whole input.
 */
export function rememberedBytes<V>(
  limit: number,
  make: (bytes: Uint8Array, offset: number) => V,
): (bytes: Uint8Array, offset?: number) => V {
  const results = new Map<number, { readonly bytes: Uint8Array; readonly made: V }>();
  return (bytes, offset = 0) => {
    const hash = fnv1a(bytes);
    const known = results.get(hash);
    if (known !== undefined && sameBytes(known.bytes, bytes)) return known.made;
    const made = make(bytes, offset);
    if (results.size >= limit) results.clear();
    results.set(hash, { bytes: bytes.slice(), made });
    return made;
  };
}

/** FNV-1a, 32 bits (draft-eastlake-fnv §2): quick for a few dozen bytes. Whoever makes others collide gains nothing. */
function fnv1a(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < bytes.length; at++) hash = Math.imul(hash ^ (bytes[at] ?? 0), 0x01000193);
  return hash;
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let at = 0; at < a.length; at++) if (a[at] !== b[at]) return false;
  return true;
}
