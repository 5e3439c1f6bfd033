import { isAbsolute, join } from 'node:path';
import { ConfigurationError } from './errors.ts';
import { WatchedFile } from './watched-file.ts';

/** Reads fields of a kubeconfig; its errors name the place and never the value. */
export class KubeconfigFields {
  /** Relative paths are relative to this. */
  readonly directory: string;
  readonly #value: Readonly<Record<string, unknown>>;
  readonly #where: string;

  constructor(value: unknown, where: string, directory: string) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new ConfigurationError(`${where} is not a record`);
    }
    this.#value = value as Record<string, unknown>;
    this.#where = where;
    this.directory = directory;
  }

  error(what: string): ConfigurationError {
    return new ConfigurationError(`${this.#where} ${what}`);
  }

  text(field: string): string | undefined {
    const value = this.#value[field];
    if (value === undefined || value === null || value === '') return undefined;
    if (typeof value !== 'string') throw this.error(`has a ${field} that is not text`);
    return value;
  }

  requiredText(field: string): string {
    const value = this.text(field);
    if (value === undefined) throw this.error(`has no ${field}`);
    return value;
  }

  flag(field: string): boolean {
    const value = this.#value[field];
    if (value === undefined || value === null) return false;
    if (typeof value !== 'boolean')
      throw this.error(`has a ${field} that is neither true nor false`);
    return value;
  }

  texts(field: string): readonly string[] {
    const value = this.#value[field] ?? [];
    if (!Array.isArray(value) || !value.every((entry) => typeof entry === 'string')) {
      throw this.error(`has ${field} that are not a list of texts`);
    }
    return value;
  }

  records(field: string): readonly KubeconfigFields[] {
    const value = this.#value[field] ?? [];
    if (!Array.isArray(value)) throw this.error(`has ${field} that are not a list`);
    return value.map(
      (entry, at) => new KubeconfigFields(entry, `${this.#where} ${field}[${at}]`, this.directory),
    );
  }

  record(field: string, called: string): KubeconfigFields {
    const value = this.#value[field] ?? {};
    return new KubeconfigFields(value, `${this.#where}: ${called}`, this.directory);
  }

  optionalRecord(field: string): KubeconfigFields | undefined {
    const value = this.#value[field];
    return value === undefined || value === null ? undefined : this.record(field, field);
  }

  /** @param fields with why each is not supported; undefined means that it does no harm */
  refuse(fields: Readonly<Record<string, string | undefined>>): void {
    for (const [field, why] of Object.entries(fields)) {
      if (why !== undefined && (this.#value[field] ?? '') !== '') {
        throw this.error(`has ${field}: ${why}`);
      }
    }
  }

  /** PEM from `FIELD-data` (base64; it wins, as in client-go) or from the file that `FIELD` names. */
  pem(field: string): string | WatchedFile | undefined {
    const data = this.text(`${field}-data`);
    if (data !== undefined) {
      const pem = Buffer.from(data, 'base64').toString('utf8');
      if (!pem.includes('-----BEGIN '))
        throw this.error(`has a ${field}-data that is no PEM in base64`);
      return pem;
    }
    const path = this.text(field);
    if (path === undefined) return undefined;
    return this.file(path, field);
  }

  file(path: string, what: string): WatchedFile {
    const file = new WatchedFile(isAbsolute(path) ? path : join(this.directory, path), what);
    file.read();
    return file;
  }
}
