import { Secret } from './secret.ts';

/** The keys of a text, or what is wrong with it, which never tells what it holds. */
export type KeyText =
  | {
      readonly ok: true;
      /** One or two: the first signs, all verify. */ readonly keys: readonly Secret[];
    }
  | { readonly ok: false; readonly message: string };

const shortestKeyBytes = 16;
const hex = /^(?:[0-9a-f]{2})+$/iu;
const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/u;

/**
 * Reads keys of the membership: one key a line, hexadecimal or base64, of at least 16 bytes; empty lines and
 * lines that begin with `#` do not count. With two lines the first signs and both verify, so that a key is
 * changed without a lost heartbeat.
 */
export function readKeyText(text: string): KeyText {
  const lines = text
    .split('\n')
    .map((line, index) => ({ text: line.trim(), number: index + 1 }))
    .filter((line) => line.text !== '' && !line.text.startsWith('#'));
  if (lines.length === 0 || lines.length > 2) {
    const message = `Holds ${lines.length} keys. Write one key a line, one or two of them, as \`openssl rand -hex 32\` makes.`;
    return { ok: false, message };
  }
  const keys: Secret[] = [];
  for (const line of lines) {
    const key = decodeKey(line.text);
    if (key === undefined || key.length < shortestKeyBytes) {
      const message = `Line ${line.number} is not a key of at least ${shortestKeyBytes} bytes in hexadecimal or base64. Write one as \`openssl rand -hex 32\` makes.`;
      return { ok: false, message };
    }
    keys.push(new Secret(key));
  }
  return { ok: true, keys };
}

/** Text that could be either is taken as hexadecimal. */
function decodeKey(text: string): Uint8Array | undefined {
  if (hex.test(text)) return Uint8Array.fromHex(text);
  return base64.test(text) ? Uint8Array.fromBase64(text) : undefined;
}
