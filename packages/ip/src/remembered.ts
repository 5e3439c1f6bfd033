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
