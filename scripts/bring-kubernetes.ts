import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

/**
 * Brings what a control plane in the lab needs, where it is not there yet. Ends this process where it cannot be had:
 * set-up has said why.
 */
export function bringKubernetes(): void {
  const setup = join(import.meta.dirname, 'setup.mjs');
  const { status } = spawnSync(process.execPath, [setup, 'kubernetes'], { stdio: 'inherit' });
  if (status !== 0) process.exit(1);
}
