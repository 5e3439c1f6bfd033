import type { ShapeFault } from '../../shape/fit.ts';
import { readKeyText } from '../key-text.ts';
import type { Secret } from '../secret.ts';

/** The keys of a key file, and what is wrong with it. A fault never tells what the file holds. */
export interface KeyFile {
  /** One or two: the first signs, all verify. Empty where the file cannot be used. */
  readonly keys: readonly Secret[];
  readonly faults: readonly ShapeFault[];
}

/** Reads a key file; `mode` is that of `stat`. */
export function readKeyFile(path: string, text: string, mode: number): KeyFile {
  const fault = (message: string): ShapeFault => ({ field: 'spec.keyFile', value: path, message });
  // A secret that is mounted for us alone may be readable by a group, never by everybody.
  const permissions =
    (mode & 0o007) === 0
      ? []
      : [fault('Everybody on this machine can read the key. Run `chmod 600` on the file.')];
  const read = readKeyText(text);
  return read.ok
    ? { keys: read.keys, faults: permissions }
    : { keys: [], faults: [fault(read.message), ...permissions] };
}
