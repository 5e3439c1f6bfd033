import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { KubeObject } from '@fairlead/kube';
import { parse, parseAllDocuments } from 'yaml';

/** What users apply. */
export const deployDirectory = join(import.meta.dirname, '..', 'deploy');

/** The objects of `deploy/`, file by file as its kustomization lists them. */
export function readManifests(): readonly KubeObject[] {
  const read = (name: string): string => readFileSync(join(deployDirectory, name), 'utf8');
  const { resources } = parse(read('kustomization.yaml')) as { resources: readonly string[] };
  return resources.flatMap((name) =>
    parseAllDocuments(read(name), { merge: true }).map((document) => document.toJS() as KubeObject),
  );
}

/** @throws Error where there is none */
export function manifest(kind: string, name: string): KubeObject {
  const found = readManifests().find(
    (object) => object.kind === kind && object.metadata?.name === name,
  );
  if (found === undefined) throw new Error(`deploy/ has no ${kind} ${name}`);
  return found;
}
