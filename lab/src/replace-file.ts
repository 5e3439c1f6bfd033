import { renameSync, writeFileSync } from 'node:fs';

/**
 * Writes a whole file in one step: who reads it at that moment reads the old text or the new one, never an empty file.
 * @param mode as of `open(2)`; default readable by all
 */
export function replaceFile(path: string, text: string, mode = 0o644): void {
  const next = `${path}.new`;
  writeFileSync(next, text, { mode });
  renameSync(next, path);
}
