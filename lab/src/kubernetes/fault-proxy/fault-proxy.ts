import * as http from 'node:http';
import { join } from 'node:path';
import type { LabProcess } from '../../lab-process.ts';
import type { CertificateFiles } from '../certificates.ts';
import type { KubernetesHost } from '../control-plane-host.ts';
import type { FaultCommand, RefusalRule, SeenRequest } from './faults.ts';

/** Where a proxy listens. */
export type ProxyListen =
  | { readonly address: string; /** 0: any that is free. */ readonly port: number }
  | { readonly path: string };

/** What the program is told at its start. */
export interface FaultProxyConfiguration {
  readonly upstream: string;
  readonly certificateAuthority: string;
  readonly certificate: string;
  readonly key: string;
  readonly listen: ProxyListen;
  readonly controlPath: string;
}

export interface FaultProxyOptions {
  /** What it is called among those of the host. */
  readonly name: string;
  /** Where it runs; the API server must be reachable from there. */
  readonly host: KubernetesHost;
  readonly listen: ProxyListen;
  readonly upstream: string;
  readonly certificateAuthority: string;
  /** Good for where it listens. */
  readonly certificate: CertificateFiles;
}

/**
 * An API server with faults, for those who are sent through it: it ends TLS, so bearer tokens pass and client
 * certificates do not.
 */
export class FaultProxy implements AsyncDisposable {
  /** For kubeconfigs; of one that listens on a Unix socket, that of the API server. */
  readonly server: string;
  readonly socketPath: string | undefined;
  readonly process: LabProcess;
  readonly #controlPath: string;

  private constructor(
    server: string,
    socketPath: string | undefined,
    controlPath: string,
    process: LabProcess,
  ) {
    this.server = server;
    this.socketPath = socketPath;
    this.#controlPath = controlPath;
    this.process = process;
  }

  static async start(options: FaultProxyOptions): Promise<FaultProxy> {
    const { name, host, listen, upstream, certificateAuthority, certificate } = options;
    const controlPath = join(host.directory, `${name}.control`);
    const configuration: FaultProxyConfiguration = {
      upstream,
      certificateAuthority,
      ...certificate,
      listen,
      controlPath,
    };
    const program = join(import.meta.dirname, 'main.ts');
    const child = await host.spawn([process.execPath, program, JSON.stringify(configuration)], {
      name,
    });
    const [, port] = await child.stdout.match(/^listening (\d+)$/u, 10_000);
    if ('path' in listen) return new FaultProxy(upstream, listen.path, controlPath, child);
    const { address } = listen;
    const server = `https://${address.includes(':') ? `[${address}]` : address}:${port}`;
    return new FaultProxy(server, undefined, controlPath, child);
  }

  /** Resets all connections, and all new ones until `restore`. */
  async cut(): Promise<void> {
    await this.#command({ verb: 'cut' });
  }

  /** Makes the open connections half-open: up, and silent for ever. */
  async freeze(): Promise<void> {
    await this.#command({ verb: 'freeze' });
  }

  /** As `freeze`, and new connections are silent, too, until `restore`. */
  async silence(): Promise<void> {
    await this.#command({ verb: 'silence' });
  }

  /** Each request and each piece of an answer comes so much later. */
  async delay(ms: number): Promise<void> {
    await this.#command({ verb: 'delay', ms });
  }

  /** Answers in the API server's place. */
  async refuse(rule: RefusalRule): Promise<void> {
    await this.#command({ verb: 'refuse', rule });
  }

  /** Writes text between two events of each open watch. */
  async garble(text: string): Promise<void> {
    await this.#command({ verb: 'garble', text });
  }

  async restore(): Promise<void> {
    await this.#command({ verb: 'restore' });
  }

  /** The requests since this was last asked. */
  async requests(): Promise<readonly SeenRequest[]> {
    return JSON.parse(await this.#command({ verb: 'requests' })) as SeenRequest[];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.process[Symbol.asyncDispose]();
  }

  async #command(command: FaultCommand): Promise<string> {
    const { promise, resolve, reject } = Promise.withResolvers<http.IncomingMessage>();
    http
      .request({ socketPath: this.#controlPath, method: 'POST', agent: false }, resolve)
      .once('error', reject)
      .end(JSON.stringify(command));
    const answer = await promise;
    let text = '';
    for await (const chunk of answer.setEncoding('utf8')) text += String(chunk);
    if (answer.statusCode !== 200) throw new Error(`fault proxy: ${text}`);
    return text;
  }
}
