/**
 * The function, which calculates anew of an object only where one of the other arguments is another than last time.
 * So of 10 000 Services only the one that changed is decided anew, as `ClusterState` has the same object as long as
 * nothing in it changes. It must be pure; what it returned lives as long as the object.
 */
export function rememberEach<O extends object, A, R>(
  calculate: (object: O, first: A) => R,
): (object: O, first: A) => R;
export function rememberEach<O extends object, A, B, R>(
  calculate: (object: O, first: A, second: B) => R,
): (object: O, first: A, second: B) => R;
export function rememberEach<O extends object, A, B, R>(
  calculate: (object: O, first: A, second: B) => R,
): (object: O, first: A, second: B) => R {
  // No list of arguments: it would be garbage for each of thousands of objects in each round.
  const last = new WeakMap<O, { readonly first: A; readonly second: B; readonly result: R }>();
  return (object, first, second) => {
    const known = last.get(object);
    if (known !== undefined && known.first === first && known.second === second) {
      return known.result;
    }
    const result = calculate(object, first, second);
    last.set(object, { first, second, result });
    return result;
  };
}
