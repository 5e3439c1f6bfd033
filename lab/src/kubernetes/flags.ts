import type { KubernetesBinaries } from './binaries.ts';
import type { CertificateFiles } from './certificates.ts';

/** Ports of a control plane. */
export interface ControlPlanePorts {
  readonly apiServer: number;
  readonly etcd: number;
  readonly etcdPeers: number;
}

/** Those that everybody uses. */
export const defaultPorts: ControlPlanePorts = { apiServer: 6443, etcd: 2379, etcdPeers: 2380 };

type Argv = readonly [string, ...string[]];
export type Flags = Readonly<Record<string, string | number | boolean>>;

function argvOf(program: string, flags: Flags): Argv {
  return [program, ...Object.entries(flags).map(([name, value]) => `--${name}=${value}`)];
}

/** etcd that need not survive the machine's crash. */
export function etcdArgv(
  binaries: KubernetesBinaries,
  directory: string,
  ports: ControlPlanePorts,
): Argv {
  const clients = `http://127.0.0.1:${ports.etcd}`;
  const peers = `http://127.0.0.1:${ports.etcdPeers}`;
  return argvOf(binaries.etcd, {
    'data-dir': directory,
    'listen-client-urls': clients,
    'advertise-client-urls': clients,
    'listen-peer-urls': peers,
    'initial-advertise-peer-urls': peers,
    'initial-cluster': `default=${peers}`,
    'unsafe-no-fsync': true,
    'log-level': 'warn',
  });
}

export interface ApiServerFiles {
  readonly directory: string;
  readonly serving: CertificateFiles;
  readonly clientAuthority: string;
  readonly tokens: string;
  readonly serviceAccountPublicKey: string;
  readonly serviceAccountPrivateKey: string;
}

export interface ApiServerSettings {
  readonly address: string;
  readonly ports: ControlPlanePorts;
  readonly authorization: 'AlwaysAllow' | 'RBAC';
  readonly serviceRanges: readonly string[];
  readonly more: Flags;
}

export function apiServerArgv(
  binaries: KubernetesBinaries,
  files: ApiServerFiles,
  settings: ApiServerSettings,
): Argv {
  const { address, ports } = settings;
  return argvOf(binaries['kube-apiserver'], {
    'etcd-servers': `http://127.0.0.1:${ports.etcd}`,
    'bind-address': address,
    'advertise-address': address,
    'secure-port': ports.apiServer,
    // The Service `kubernetes` would be of no use: pods of a lab have no API access, and loopback cannot be in it.
    'endpoint-reconciler-type': 'none',
    'cert-dir': files.directory,
    'tls-cert-file': files.serving.certificate,
    'tls-private-key-file': files.serving.key,
    'client-ca-file': files.clientAuthority,
    'token-auth-file': files.tokens,
    'authorization-mode': settings.authorization,
    'service-cluster-ip-range': settings.serviceRanges.join(','),
    'service-account-key-file': files.serviceAccountPublicKey,
    'service-account-signing-key-file': files.serviceAccountPrivateKey,
    'service-account-issuer': 'https://kubernetes.default.svc',
    'disable-admission-plugins': 'ServiceAccount',
    // As every cluster has it: CNIs and kube-proxy need it, and so does what mounts for a node.
    'allow-privileged': true,
    'shutdown-delay-duration': '0s',
    profiling: false,
    ...settings.more,
  });
}

/** Controllers that pods, Services and their owners need. Without a kubelet no node would stay ready under the others. */
export const defaultControllers: readonly string[] = [
  'clusterrole-aggregation-controller',
  'endpointslice-controller',
  'garbage-collector-controller',
  'namespace-controller',
  'serviceaccount-controller',
];

export function controllerManagerArgv(
  binaries: KubernetesBinaries,
  kubeconfig: string,
  controllers: readonly string[],
  serviceAccountPrivateKey: string,
): Argv {
  return argvOf(binaries['kube-controller-manager'], {
    kubeconfig,
    controllers: controllers.join(','),
    'leader-elect': false,
    'secure-port': 0,
    'service-account-private-key-file': serviceAccountPrivateKey,
    // A lab has few objects, and waits for each.
    'endpointslice-updates-batch-period': '0s',
    'kube-api-qps': 500,
    'kube-api-burst': 1000,
  });
}

/** Which way kube-proxy programs the kernel. */
export type ProxyMode = 'nftables' | 'iptables';

export function kubeProxyArgv(
  binaries: KubernetesBinaries,
  options: {
    readonly kubeconfig: string;
    readonly node: string;
    readonly mode: ProxyMode;
    readonly more: Flags;
  },
): Argv {
  return argvOf(binaries['kube-proxy'], {
    kubeconfig: options.kubeconfig,
    'hostname-override': options.node,
    'proxy-mode': options.mode,
    // The sysctls of connection tracking belong to the machine.
    'conntrack-max-per-core': 0,
    'conntrack-tcp-timeout-established': 0,
    'conntrack-tcp-timeout-close-wait': 0,
    ...options.more,
  });
}
