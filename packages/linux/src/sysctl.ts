import { readFileSync } from 'node:fs';

/**
 * The value of a kernel parameter in this network namespace, or undefined where the kernel does not have it.
 * @param name as in sysctl(8): with slashes (`net/ipv4/conf/eth0.10/rp_filter`), or with dots where no part contains one
 */
export function sysctl(name: string): string | undefined {
  const path = name.includes('/') ? name : name.replaceAll('.', '/');
  if (path.split('/').includes('..')) {
    throw new RangeError(`sysctl ${JSON.stringify(name)} leaves /proc/sys`);
  }
  try {
    return readFileSync(`/proc/sys/${path}`, 'utf8').trimEnd();
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
      return undefined;
    }
    throw error;
  }
}
