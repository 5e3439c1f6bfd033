/** The only error that a decoder throws: the bytes are not what the protocol says. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
  /** Which rule was broken, in kebab-case, for counting and for tests: `truncated`, `bad-checksum` … */
  readonly code: string;
  /** Where in the input that was decoded, in bytes from its start. */
  readonly offset: number;
  /** The offending value and what was expected. */
  readonly detail: string;

  constructor(code: string, offset: number, detail: string, options?: ErrorOptions) {
    super(`${code} at byte ${offset}: ${detail}`, options);
    this.code = code;
    this.offset = offset;
    this.detail = detail;
  }
}
