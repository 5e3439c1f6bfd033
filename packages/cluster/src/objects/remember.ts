/** The function, which calculates anew only where one of its arguments is another object than last time. */
export function remember<A extends readonly unknown[], R>(
  calculate: (...given: A) => R,
): (...given: A) => R {
  let last: { readonly given: A; readonly result: R } | undefined;
  return (...given) => {
    if (last?.given.every((one, index) => Object.is(one, given[index])) === true) {
      return last.result;
    }
    last = { given, result: calculate(...given) };
    return last.result;
  };
}
