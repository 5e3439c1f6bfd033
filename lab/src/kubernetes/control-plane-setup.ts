import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { kubernetesBinaries, type KubernetesBinaries } from './binaries.ts';
import { CertificateAuthority, serviceAccountKeys } from './certificates.ts';
import { ThisNamespace, type KubernetesHost } from './control-plane-host.ts';
import { defaultPorts, type ApiServerFiles, type ControlPlanePorts, type Flags } from './flags.ts';
import { adminUser, tokenFile, type TokenUser } from './token-user.ts';

export interface ControlPlaneOptions {
  /** Where it runs. Default: in this process's network namespace, with a directory of its own. */
  readonly host?: KubernetesHost | undefined;
  /** Where the API server listens: an address of the host that all who need it reach. Default 127.0.0.1. */
  readonly address?: string | undefined;
  /** Default: free ones here, those that everybody uses on a host. */
  readonly ports?: ControlPlanePorts | undefined;
  /** Default AlwaysAllow. */
  readonly authorization?: 'AlwaysAllow' | 'RBAC' | undefined;
  /** Beside `admin`, who may do everything. */
  readonly users?: readonly TokenUser[] | undefined;
  /** Controllers of kube-controller-manager; true for those that Services need. Default none. */
  readonly controllers?: boolean | readonly string[] | undefined;
  /** Of cluster addresses. Default one of each family. */
  readonly serviceRanges?: readonly string[] | undefined;
  /** More flags of the API server. */
  readonly apiServerFlags?: Flags | undefined;
  /** Until it serves. Default 60. */
  readonly readySeconds?: number | undefined;
}

/** What a control plane is started with. */
export interface ControlPlaneSetup {
  readonly options: ControlPlaneOptions;
  readonly host: KubernetesHost;
  /** The host, where it was made for this control plane. */
  readonly own: ThisNamespace | undefined;
  readonly binaries: KubernetesBinaries;
  readonly directory: string;
  readonly address: string;
  readonly ports: ControlPlanePorts;
  readonly server: string;
  readonly files: ApiServerFiles;
  readonly authority: CertificateAuthority;
  readonly users: readonly TokenUser[];
  readonly readySeconds: number;
}

/** Makes directory, certificates, keys and tokens. */
export async function prepareControlPlane(
  options: ControlPlaneOptions,
): Promise<ControlPlaneSetup> {
  const { address = '127.0.0.1', users: more = [], readySeconds = 60 } = options;
  const binaries = kubernetesBinaries();
  const own = options.host === undefined ? new ThisNamespace() : undefined;
  const host = own ?? options.host;
  if (host === undefined) throw new Error('unreachable: one of both is there');
  const ports = options.ports ?? (own === undefined ? defaultPorts : await freePorts());
  const directory = join(host.directory, 'control-plane');
  mkdirSync(directory, { recursive: true });
  const authority = await CertificateAuthority.create(directory);
  const serving = await authority.server('kube-apiserver', subjectNames(address));
  const keys = serviceAccountKeys(directory);
  const users = [adminUser, ...more];
  const tokens = join(directory, 'tokens.csv');
  writeFileSync(tokens, tokenFile(users), { mode: 0o600 });
  const name = address.includes(':') ? `[${address}]` : address;
  return {
    options,
    host,
    own,
    binaries,
    directory,
    address,
    ports,
    server: `https://${name}:${ports.apiServer}`,
    authority,
    users,
    readySeconds,
    files: {
      directory,
      serving,
      clientAuthority: authority.files.certificate,
      tokens,
      serviceAccountPublicKey: keys.publicKey,
      serviceAccountPrivateKey: keys.privateKey,
    },
  };
}

/** Of a certificate for the API server or what stands for it at an address. */
export function subjectNames(address: string): readonly string[] {
  return ['DNS:localhost', 'DNS:kubernetes.default.svc', 'IP:127.0.0.1', `IP:${address}`];
}

async function freePorts(): Promise<ControlPlanePorts> {
  const [apiServer = 0, etcd = 0, etcdPeers = 0] = await Promise.all([0, 1, 2].map(freePort));
  return { apiServer, etcd, etcdPeers };
}

/**
 * Below the ports that the kernel gives to clients: who asks again and again for one of those while nobody
 * listens there is connected to itself in the end.
 */
async function freePort(third: number): Promise<number> {
  for (;;) {
    const port = 20_000 + third * 4_000 + Math.floor(Math.random() * 4_000);
    if (await isFree(port)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const server = createServer().once('error', () => resolve(false));
  server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  return promise;
}
