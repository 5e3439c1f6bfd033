import { accessSync, constants, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { searchPath } from '../requirements.ts';

const programs = [
  'etcd',
  'kube-apiserver',
  'kube-controller-manager',
  'kube-proxy',
  'kubectl',
] as const;

type Program = (typeof programs)[number];

/** The paths of the programs that a control plane consists of. */
export type KubernetesBinaries = Readonly<Record<Program, string>>;

let found: KubernetesBinaries | undefined;

/**
 * From the directory FAIRLEAD_KUBE_BIN, else the cache that `scripts/kubernetes-binaries.mjs` fills, else PATH;
 * all from the same place.
 * @throws Error where none of them has all
 */
export function kubernetesBinaries(): KubernetesBinaries {
  found ??= find();
  return found;
}

function find(): KubernetesBinaries {
  const versions = JSON.parse(readFileSync(join(import.meta.dirname, 'versions.json'), 'utf8')) as {
    readonly kubernetes: string;
  };
  const own = process.env['FAIRLEAD_KUBE_BIN'];
  const cache = join(homedir(), '.cache', 'fairlead', `kubernetes-${versions.kubernetes}`);
  const places = [...(own === undefined ? [cache] : [own, cache]), searchPath()];
  for (const place of places) {
    const paths = programs.map((program) => pathIn(place.split(':'), program));
    if (paths.every((path) => path !== undefined)) {
      return Object.fromEntries(
        programs.map((program, at) => [program, paths[at]]),
      ) as KubernetesBinaries;
    }
  }
  throw new Error(
    `no Kubernetes in ${places.slice(0, -1).join(', ')} or PATH: run node scripts/kubernetes-binaries.mjs`,
  );
}

function pathIn(directories: readonly string[], program: Program): string | undefined {
  return directories
    .map((directory) => join(directory, program))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}
