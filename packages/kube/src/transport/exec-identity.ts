import { abortable } from '../abortable.ts';
import type { Clock } from '../clock.ts';
import { ConfigurationError } from './errors.ts';
import { requireTokenText, type Identity, type IdentitySource } from './identity.ts';

/** A credential plugin (https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins). */
export interface ExecPlugin {
  readonly apiVersion: string;
  readonly command: string;
  readonly args: readonly string[];
  /** All that it gets. */
  readonly environment: Readonly<Record<string, string>>;
  /** Where it runs. */
  readonly directory: string;
  /** For `provideClusterInfo`: spec.cluster of what it is told. */
  readonly cluster?: Readonly<Record<string, unknown>> | undefined;
}

const versions = ['client.authentication.k8s.io/v1', 'client.authentication.k8s.io/v1beta1'];
const timeoutMs = 30_000;
/** Renewed so long before it expires: a request on its way must still arrive in time. */
const marginMs = 10_000;

/** Credentials that a program prints, until they expire or the server refuses them. */
export class ExecIdentity implements IdentitySource {
  readonly #plugin: ExecPlugin;
  readonly #clock: Clock;
  #identity: Identity | undefined;
  #expiresMs = Infinity;
  #running: Promise<Identity> | undefined;

  constructor(plugin: ExecPlugin, clock: Clock) {
    if (!versions.includes(plugin.apiVersion)) {
      throw new ConfigurationError(
        `exec plugin ${plugin.command}: apiVersion ${JSON.stringify(plugin.apiVersion)} is none of ${versions.join(', ')}`,
      );
    }
    this.#plugin = plugin;
    this.#clock = clock;
  }

  async current(signal?: AbortSignal): Promise<Identity> {
    signal?.throwIfAborted();
    if (this.#identity !== undefined && this.#clock.date().getTime() < this.#expiresMs - marginMs) {
      return this.#identity;
    }
    // Requests that come together wait for one run of the program.
    this.#running ??= this.#run().finally(() => (this.#running = undefined));
    return await abortable(this.#running, signal);
  }

  refused(identity: Identity): boolean {
    if (this.#identity === identity) this.#identity = undefined;
    return true;
  }

  async #run(): Promise<Identity> {
    const { apiVersion, command, args, environment, directory, cluster } = this.#plugin;
    const info = JSON.stringify({
      apiVersion,
      kind: 'ExecCredential',
      spec: { interactive: false, ...(cluster === undefined ? {} : { cluster }) },
    });
    // Loaded only where it is used: daemons in pods have no plugins.
    const { execFile } = await import('node:child_process');
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const child = execFile(
      command,
      args,
      { env: { ...environment, KUBERNETES_EXEC_INFO: info }, cwd: directory },
      (error, stdout, stderr) => {
        if (error === null) resolve(stdout);
        else reject(pluginFailure(command, error, stderr));
      },
    );
    using _timer = this.#clock.schedule(timeoutMs, () => {
      child.kill('SIGKILL');
      // What it has started may hold these open for longer.
      child.stdout?.destroy();
      child.stderr?.destroy();
    });
    const { identity, expiresMs } = parseCredential(await promise, this.#plugin);
    this.#identity = identity;
    this.#expiresMs = expiresMs;
    return identity;
  }
}

/** The cause is not passed on: it holds the command line, and that may hold a password. */
function pluginFailure(
  command: string,
  error: { readonly code?: unknown; readonly killed?: boolean },
  stderr: string,
): ConfigurationError {
  const end = error.killed ? `no answer in ${timeoutMs} ms` : `ended with ${String(error.code)}`;
  const lastLine = stderr.trimEnd().split('\n').at(-1) ?? '';
  const said = withoutSecrets(lastLine.slice(0, 300));
  return new ConfigurationError(`exec plugin ${command}: ${end}${said && `: ${said}`}`);
}

/** Leaves words as people write them and takes out what is long enough to be a key or a token. */
function withoutSecrets(text: string): string {
  return text.replaceAll(/[\w.~+/=-]{24,}/gu, '…');
}

function parseCredential(
  stdout: string,
  { command, apiVersion }: ExecPlugin,
): { readonly identity: Identity; readonly expiresMs: number } {
  const fail = (what: string): ConfigurationError =>
    new ConfigurationError(`exec plugin ${command}: ${what}`);
  let value: unknown;
  try {
    value = JSON.parse(stdout);
  } catch {
    // The parser's message quotes the text, which may be the token.
    throw fail('printed no JSON');
  }
  const credential = record(value);
  if (credential['kind'] !== 'ExecCredential' || credential['apiVersion'] !== apiVersion) {
    throw fail(`printed no ExecCredential of ${apiVersion}`);
  }
  const status = record(credential['status']);
  const text = (field: string): string | undefined => {
    const found = status[field];
    return typeof found === 'string' && found !== '' ? found : undefined;
  };
  const token = text('token');
  const certificate = text('clientCertificateData');
  const key = text('clientKeyData');
  if ((certificate === undefined) !== (key === undefined)) {
    throw fail('status has one of clientCertificateData and clientKeyData without the other');
  }
  if (token === undefined && certificate === undefined) {
    throw fail('status has neither token nor clientCertificateData');
  }
  if (token !== undefined) requireTokenText(token, `token that ${command} printed`);
  const expiry = text('expirationTimestamp');
  const expiresMs = expiry === undefined ? Infinity : Date.parse(expiry);
  if (Number.isNaN(expiresMs))
    throw fail(`expirationTimestamp ${JSON.stringify(expiry)} is no time`);
  const client = certificate === undefined || key === undefined ? undefined : { certificate, key };
  return { identity: { token, client }, expiresMs };
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
