import { join } from 'node:path';
import type { CommandResult } from '../command.ts';
import type { LabProcess } from '../lab-process.ts';
import { replaceFile } from '../replace-file.ts';
import type { CertificateFiles } from './certificates.ts';
import type { KubernetesHost } from './control-plane-host.ts';
import {
  prepareControlPlane,
  subjectNames,
  type ControlPlaneOptions,
  type ControlPlaneSetup,
} from './control-plane-setup.ts';
import { FaultProxy, type ProxyListen } from './fault-proxy/fault-proxy.ts';
import { apiServerArgv, controllerManagerArgv, defaultControllers, etcdArgv } from './flags.ts';
import { kubeconfigText } from './kubeconfig.ts';
import { adminUser, tokenOf } from './token-user.ts';

const defaultServiceRanges = ['10.96.0.0/16', 'fd00:10:96::/112'];

/** etcd and the API server, and kube-controller-manager where wanted, as processes. */
export class KubernetesControlPlane implements AsyncDisposable {
  readonly host: KubernetesHost;
  readonly server: string;
  /** File. */
  readonly certificateAuthority: string;
  readonly etcd: LabProcess;
  #apiServer: LabProcess | undefined;
  #controllerManager: LabProcess | undefined;
  readonly #setup: ControlPlaneSetup;
  readonly #proxies: FaultProxy[] = [];

  private constructor(setup: ControlPlaneSetup, etcd: LabProcess) {
    this.#setup = setup;
    this.host = setup.host;
    this.server = setup.server;
    this.certificateAuthority = setup.files.clientAuthority;
    this.etcd = etcd;
  }

  /** @throws Error with what the programs said, where they do not serve in time */
  static async start(options: ControlPlaneOptions = {}): Promise<KubernetesControlPlane> {
    const setup = await prepareControlPlane(options);
    try {
      const { host, binaries, directory, ports } = setup;
      const etcd = await host.spawn(etcdArgv(binaries, join(directory, 'etcd'), ports));
      const plane = new KubernetesControlPlane(setup, etcd);
      await plane.startApiServer();
      const { controllers = false } = options;
      if (controllers !== false) {
        await plane.#startControllers(controllers === true ? defaultControllers : controllers);
      }
      return plane;
    } catch (error) {
      await setup.own?.[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** @throws Error where it is stopped */
  get apiServer(): LabProcess {
    if (this.#apiServer === undefined) throw new Error('the API server is stopped');
    return this.#apiServer;
  }

  get controllerManager(): LabProcess | undefined {
    return this.#controllerManager;
  }

  /** Starts it again, with what etcd has. Resolves when it serves. */
  async startApiServer(): Promise<void> {
    const { host, binaries, files, options, ports, address, readySeconds } = this.#setup;
    const child = await host.spawn(
      apiServerArgv(binaries, files, {
        address,
        ports,
        authorization: options.authorization ?? 'AlwaysAllow',
        serviceRanges: options.serviceRanges ?? defaultServiceRanges,
        more: options.apiServerFlags ?? {},
      }),
    );
    this.#apiServer = child;
    const probe = join(import.meta.dirname, 'ready-probe.ts');
    const token = tokenOf(adminUser);
    const asked = [this.server, files.clientAuthority, token, String(readySeconds)];
    const ready = host.exec([process.execPath, probe, ...asked], {
      timeoutMs: readySeconds * 1000 + 5_000,
    });
    const ended = child.exited.then(({ code, signal }) => {
      throw new Error(`it ended: ${signal ?? code}`);
    });
    // Whichever loses the race has nothing more to say.
    ready.catch(() => undefined);
    ended.catch(() => undefined);
    try {
      await Promise.race([ready, ended]);
    } catch (cause) {
      const said = child.stderr.text().slice(-2_000);
      throw new Error(`kube-apiserver does not serve: ${said}`, { cause });
    }
  }

  /** Kills it: connections are reset, as when its machine restarts. */
  async killApiServer(): Promise<void> {
    await this.apiServer[Symbol.asyncDispose]();
    this.#apiServer = undefined;
  }

  /** The token of one of the users. */
  token(user = adminUser.name): string {
    const found = this.#setup.users.find(({ name }) => name === user);
    if (found === undefined) throw new Error(`no user ${JSON.stringify(user)}`);
    return tokenOf(found);
  }

  /**
   * Writes a kubeconfig for a user.
   * @param server default the API server itself; a proxy's where faults are wanted
   * @returns its path
   */
  kubeconfig(user = adminUser.name, server = this.server): string {
    const name = `${user}-${server.replaceAll(/[^\w.]+/gu, '-')}.kubeconfig`;
    const path = join(this.#setup.directory, name);
    const { certificateAuthority } = this;
    const credentials = { token: this.token(user) };
    const text = kubeconfigText({ server, certificateAuthority, user: credentials });
    // Another kubectl may be reading it.
    replaceFile(path, text, 0o600);
    return path;
  }

  /** A certificate that makes its bearer a user in groups. */
  clientCertificate(user: string, groups: readonly string[] = []): Promise<CertificateFiles> {
    return this.#setup.authority.client(user, groups);
  }

  /** Runs kubectl as admin, on the host. */
  kubectl(args: readonly string[], options: KubectlOptions = {}): Promise<CommandResult> {
    const { input, user, timeoutMs = 30_000, mayFail } = options;
    const { host, binaries, directory } = this.#setup;
    const kubeconfig = this.kubeconfig(user);
    const cache = join(directory, 'kubectl-cache');
    return host.exec(
      [binaries.kubectl, `--kubeconfig=${kubeconfig}`, `--cache-dir=${cache}`, ...args],
      { input, timeoutMs, mayFail },
    );
  }

  /** Makes etcd forget all versions before the present one. */
  async compact(): Promise<void> {
    const program = join(import.meta.dirname, 'compact.ts');
    await this.host.exec([process.execPath, program, String(this.#setup.ports.etcd)]);
  }

  /** A way to the API server with faults. Default: on the host, at the same address, on any free port. */
  async startProxy(
    name: string,
    where: { readonly host?: KubernetesHost; readonly listen?: ProxyListen } = {},
  ): Promise<FaultProxy> {
    const { authority, address } = this.#setup;
    const { host = this.host, listen = { address, port: 0 } } = where;
    const own = 'address' in listen && listen.address !== address ? [listen.address] : [];
    const certificate =
      own.length === 0
        ? this.#setup.files.serving
        : await authority.server(name, [
            ...subjectNames(address),
            ...own.map((one) => `IP:${one}`),
          ]);
    const proxy = await FaultProxy.start({
      name,
      host,
      listen,
      upstream: this.server,
      certificateAuthority: this.certificateAuthority,
      certificate,
    });
    this.#proxies.push(proxy);
    return proxy;
  }

  /** A Unix socket that leads to the API server from any network namespace. */
  async openDoor(): Promise<FaultProxy> {
    return await this.startProxy('door', { listen: { path: join(this.host.directory, 'door') } });
  }

  async #startControllers(controllers: readonly string[]): Promise<void> {
    const { host, binaries, files } = this.#setup;
    const argv = controllerManagerArgv(
      binaries,
      this.kubeconfig(),
      controllers,
      files.serviceAccountPrivateKey,
    );
    this.#controllerManager = await host.spawn(argv);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const processes = [this.#controllerManager, this.#apiServer, this.etcd];
    await Promise.all(this.#proxies.map((proxy) => proxy[Symbol.asyncDispose]()));
    for (const process of processes) await process?.[Symbol.asyncDispose]();
    await this.#setup.own?.[Symbol.asyncDispose]();
  }
}

export interface KubectlOptions {
  readonly input?: string | undefined;
  /** Default admin. */
  readonly user?: string | undefined;
  readonly timeoutMs?: number | undefined;
  readonly mayFail?: boolean | undefined;
}
