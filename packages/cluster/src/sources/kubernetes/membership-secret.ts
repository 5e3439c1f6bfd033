import type { Secret as SecretObject } from 'kubernetes-types/core/v1.d.ts';
import type { ShapeFault } from '../../shape/fit.ts';
import { readKeyText } from '../key-text.ts';
import type { Secret } from '../secret.ts';

/** What is kept of the Secret. */
export interface MembershipKeys {
  /** Tells one from another: keys cannot be compared from outside. */
  readonly version: string;
  /** Empty where there is a fault. */
  readonly keys: readonly Secret[];
  readonly fault: ShapeFault | undefined;
}

/** Reads the keys; a fault never tells what the Secret holds. */
export function readMembershipSecret({ metadata, data }: SecretObject): MembershipKeys {
  const version = `${metadata?.uid ?? ''} ${metadata?.resourceVersion ?? ''}`;
  const encoded: unknown = data?.['keys'];
  const fault = (message: string): MembershipKeys => ({
    version,
    keys: [],
    fault: { field: 'data.keys', value: '', message },
  });
  if (typeof encoded !== 'string')
    return fault('Missing. Delete the Secret: the controller makes it anew.');
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const read = readKeyText(text);
  return read.ok ? { version, keys: read.keys, fault: undefined } : fault(read.message);
}
