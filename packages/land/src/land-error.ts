import type { NftablesError } from '@fairlead/linux';

/** nftables refused our table as a whole: nothing of a plan is in force that was not before. */
export class LandError extends Error {
  /** What nftables said, without the script. */
  readonly detail: string;

  constructor(cause: NftablesError) {
    const detail = shortText(cause);
    super(`nftables refused the table inet fairlead: ${detail}`, { cause });
    this.name = 'LandError';
    this.detail = detail;
  }
}

/** What nftables said first; what follows quotes the script, which may run to megabytes. */
export function shortText({ text }: NftablesError): string {
  return (text.split('\n', 1)[0] ?? '').replace(/^.*?Error: /u, '');
}
