import type { ShapeFault } from '../../shape/fit.ts';
import { Secret } from '../secret.ts';

/** The keys of a key file, and what is wrong with it. A fault never tells what the file holds. */
export interface KeyFile {
  /** One or two: the first signs, all verify. Empty where the file cannot be used. */
  readonly keys: readonly Secret[];
  readonly faults: readonly ShapeFault[];
}

const shortestKeyBytes = 16;
const hex = /^(?:[0-9a-f]{2})+$/iu;
const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/u;

/**
 * Reads a key file (`mode` is that of `stat`): one key a line, hexadecimal or base64, of at least 16 bytes; empty lines and lines
 * that begin with `#` do not count. With two lines the first signs and both verify, so that a key is
 * changed without a lost heartbeat.
 */
export function readKeyFile(path: string, text: string, mode: number): KeyFile {
  const lines = text
    .split('\n')
    .map((line, index) => ({ text: line.trim(), number: index + 1 }))
    .filter((line) => line.text !== '' && !line.text.startsWith('#'));
  const fault = (message: string): ShapeFault => ({ field: 'spec.keyFile', value: path, message });
  // A secret that is mounted for us alone may be readable by a group, never by everybody.
  const permissions =
    (mode & 0o007) === 0
      ? []
      : [fault('Everybody on this machine can read the key. Run `chmod 600` on the file.')];
  if (lines.length === 0 || lines.length > 2) {
    const message = `Holds ${lines.length} keys. Write one key a line, one or two of them, as \`openssl rand -hex 32\` makes.`;
    return { keys: [], faults: [fault(message), ...permissions] };
  }
  const keys: Secret[] = [];
  for (const line of lines) {
    const key = decodeKey(line.text);
    if (key === undefined || key.length < shortestKeyBytes) {
      const message = `Line ${line.number} is not a key of at least ${shortestKeyBytes} bytes in hexadecimal or base64. Write one as \`openssl rand -hex 32\` makes.`;
      return { keys: [], faults: [fault(message), ...permissions] };
    }
    keys.push(new Secret(key));
  }
  return { keys, faults: permissions };
}

/** Text that could be either is taken as hexadecimal. */
function decodeKey(text: string): Uint8Array | undefined {
  if (hex.test(text)) return Uint8Array.fromHex(text);
  return base64.test(text) ? Uint8Array.fromBase64(text) : undefined;
}
