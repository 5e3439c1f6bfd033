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

/** What nftables said and the line it is about; scripts run to megabytes. */
export function shortText(error: NftablesError): string {
  const [said = '', line = ''] = error.text.split('\n');
  return line === '' ? said : `${said} (in: ${line.trim().slice(0, 160)})`;
}
