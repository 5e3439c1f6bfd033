import { accessSync, constants, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The programs the lab starts, each with the Debian package that brings it. */
const packageOf = {
  bridge: 'iproute2',
  ethtool: 'ethtool',
  ip: 'iproute2',
  nft: 'nftables',
  nsenter: 'util-linux',
  setpriv: 'util-linux',
  umount: 'mount',
} as const;

export type Tool = keyof typeof packageOf;
type Tools = Readonly<Record<Tool, string>>;

/** Linux capability numbers (include/uapi/linux/capability.h). */
const neededCapabilities = { CAP_NET_ADMIN: 12, CAP_NET_RAW: 13, CAP_SYS_ADMIN: 21 } as const;

/** PATH of a session of root may lack the last ones. */
const systemDirectories = ['/usr/sbin', '/usr/bin', '/sbin', '/bin'] as const;

/**
 * The capabilities that a process with this /proc/PID/status lacks to make network namespaces.
 * @throws Error where the text has no line of effective capabilities.
 */
export function missingCapabilities(status: string): string[] {
  const digits = /^CapEff:\s*([\da-f]+)$/mu.exec(status)?.[1];
  if (digits === undefined) throw new Error(`no CapEff in ${JSON.stringify(status.slice(0, 80))}`);
  const effective = BigInt(`0x${digits}`);
  return Object.entries(neededCapabilities)
    .filter(([, bit]) => ((effective >> BigInt(bit)) & 1n) === 0n)
    .map(([name]) => name);
}

/** What to tell a person who lacks them. */
export function missingToolsMessage(missing: readonly Tool[]): string {
  const packages = [...new Set(missing.map((tool) => packageOf[tool]))].sort();
  return `the lab needs ${missing.join(', ')}: apt-get install ${packages.join(' ')}`;
}

/**
 * @throws Error where this process may not make network namespaces.
 */
export function requirePrivileges(): void {
  const missing = missingCapabilities(readFileSync('/proc/self/status', 'utf8'));
  if (missing.length === 0) return;
  throw new Error(
    `the lab makes network namespaces: run it as root (sudo); this process lacks ${missing.join(', ')}`,
  );
}

let found: Tools | undefined;

/**
 * The absolute path of every program the lab starts.
 * @throws Error naming the missing ones and their packages.
 */
export function tools(): Tools {
  found ??= findTools();
  return found;
}

/** PATH for what runs in a lab: this process's own, and where system programs live. */
export function searchPath(): string {
  return [...new Set([...(process.env['PATH'] ?? '').split(':'), ...systemDirectories])]
    .filter((directory) => directory !== '')
    .join(':');
}

function findTools(): Tools {
  const directories = searchPath().split(':');
  const names = Object.keys(packageOf) as Tool[];
  const entries = names.map(
    (name) => [name, directories.map((path) => join(path, name)).find(isExecutable)] as const,
  );
  const missing = entries.filter(([, path]) => path === undefined).map(([name]) => name);
  if (missing.length > 0) throw new Error(missingToolsMessage(missing));
  return Object.fromEntries(entries) as Tools;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
