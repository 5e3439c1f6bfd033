import { describeFile, realPath } from './files.ts';

/**
 * A text that changes when the file at the path does: when it is written, replaced, removed, or when a
 * symbolic link on the way to it is turned to another file, as a mounted ConfigMap does.
 */
export async function fingerprint(path: string): Promise<string> {
  try {
    const { dev, ino, size, mode, mtimeNs, ctimeNs } = await describeFile(path);
    return [await realPath(path), dev, ino, size, mode, mtimeNs, ctimeNs].join(' ');
  } catch (error) {
    return errorCode(error);
  }
}

/** What the system calls the error, as in `ENOENT`. */
export function errorCode(error: unknown): string {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string')
    return error.code;
  throw error;
}
