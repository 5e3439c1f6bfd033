import { assembleState } from '../../objects/assemble.ts';
import { problemOf } from '../../objects/converted.ts';
import { problemsOf, type ClusterObject, type ReadObject } from '../../objects/read-object.ts';
import type { ServiceOptions } from '../../objects/read-options.ts';
import type { ClusterSpec } from '../../schemas/cluster-document.ts';
import type { ShapeFault } from '../../shape/fit.ts';
import type { ClusterState, Problem } from '../../state.ts';
import { readPart, type ItemReading, type PartReading } from './read-part.ts';
import { splitYaml } from './yaml-text.ts';

/** What a standalone file says. */
export type ClusterText =
  | {
      readonly ok: true;
      readonly state: ClusterState;
      /** The file's Cluster object, and its id. */
      readonly cluster: ClusterSpec & { readonly id: string };
      /** The good objects by id, for the next reading. */
      readonly objects: ReadonlyMap<string, ClusterObject>;
    }
  /** The text as a whole cannot be used. */
  | { readonly ok: false; readonly problems: readonly Problem[] };

export interface ClusterTextOptions extends ServiceOptions {
  /** Name of the file, for problems. */
  readonly fileName?: string;
}

/**
 * Reads a standalone file: YAML or JSON, several documents, lists taken apart. Each object is judged by
 * itself. Never throws.
 */
export function readClusterText(
  text: string,
  { fileName = 'cluster.yaml', ...options }: ClusterTextOptions = {},
): ClusterText {
  const parts = splitYaml(text).map((part) => ({
    reading: readPart(part.text, options),
    linesBefore: part.linesBefore,
  }));
  return joinParts(parts, fileName, new Map());
}

/** A part of a file as it was read. */
export interface PlacedReading {
  readonly reading: PartReading;
  readonly linesBefore: number;
}

/**
 * Puts the parts of a file together. An object that is refused stays as it is in `previous`, the last
 * reading, as the API server would have it. Not so a Service: it is not served until it is mended, as its
 * old version may let in more than is meant.
 */
export function joinParts(
  parts: readonly PlacedReading[],
  fileName: string,
  previous: ReadonlyMap<string, ClusterObject>,
): ClusterText {
  const file = `File/${fileName}`;
  const joining = new Joining(previous);
  for (const { reading, linesBefore } of parts) {
    if (!reading.ok) return { ok: false, problems: [syntaxProblem(file, reading, linesBefore)] };
    for (const item of reading.items) joining.add(item);
  }
  const { objects, problems } = joining;
  const cluster = [...objects.values()].find((object) => object.kind === 'Cluster');
  if (cluster === undefined) {
    const message =
      'The file holds no usable object of kind Cluster. Add one with spec.clusterId and spec.keyFile.';
    problems.push({ object: file, field: '', value: '', message });
    return { ok: false, problems };
  }
  problems.push(...joining.lostSlices());
  return {
    ok: true,
    state: assembleState(cluster.value.clusterId, [...objects.values()], problems),
    cluster: { ...cluster.value, id: cluster.id },
    objects,
  };
}

function syntaxProblem(
  file: string,
  { line, column, reason }: PartReading & { readonly ok: false },
  linesBefore: number,
): Problem {
  const field = line === 0 ? '' : `line ${line + linesBefore}, column ${column}`;
  const message = `Cannot be read as YAML: ${reason}. Mend it there.`;
  return { object: file, field, value: '', message };
}

/** The objects of a file as far as they are joined. */
class Joining {
  readonly objects = new Map<string, ClusterObject>();
  readonly problems: Problem[] = [];
  readonly #previous: ReadonlyMap<string, ClusterObject>;
  readonly #seen = new Set<string>();
  #count = 0;
  #cluster: string | undefined;

  constructor(previous: ReadonlyMap<string, ClusterObject>) {
    this.#previous = previous;
  }

  add(item: ItemReading): void {
    this.#count++;
    const place = `object ${this.#count} of the file`;
    if (!item.ok) {
      this.problems.push(problemOf(named(item.id, place), item.fault));
      return;
    }
    const { read } = item;
    const name = named(read.id, place);
    const double = this.#double(read);
    if (double !== undefined) {
      this.problems.push(problemOf(name, double));
      return;
    }
    this.#seen.add(read.id);
    const kept = read.object ?? this.#lastGood(read);
    if (kept !== undefined) this.objects.set(read.id, kept);
    this.#report(name, read, kept);
  }

  /** Slices whose Service is nowhere in the file, be it ours or not. */
  lostSlices(): Problem[] {
    return [...this.objects.values()].flatMap((object) => {
      if (object.kind !== 'EndpointSlice') return [];
      const { service } = object.value;
      if (this.#seen.has(`Service/${service}`)) return [];
      const field = 'metadata.labels[kubernetes.io/service-name]';
      const message = `There is no Service/${service} in the file. Correct the label or the namespace, or add the Service.`;
      return [problemOf(object.id, { field, value: service.split('/')[1], message })];
    });
  }

  #double({ id, kind }: ReadObject): ShapeFault | undefined {
    if (kind === 'Cluster') {
      const first = this.#cluster;
      this.#cluster ??= id;
      if (first === undefined) return undefined;
      const message = `A second Cluster object; ${first} counts. Remove one of the two.`;
      return { field: 'kind', value: 'Cluster', message };
    }
    if (!this.#seen.has(id)) return undefined;
    const message = 'The file holds this object twice; the first counts. Remove one of the two.';
    return { field: 'metadata.name', value: id.split('/').at(-1), message };
  }

  #lastGood({ id, kind, faults }: ReadObject): ClusterObject | undefined {
    return faults.length > 0 && kind !== 'Service' ? this.#previous.get(id) : undefined;
  }

  #report(name: string, read: ReadObject, kept: ClusterObject | undefined): void {
    for (const problem of problemsOf(read, { name, kept: kept !== undefined })) {
      // Somebody may have written the key itself into the object that names its file.
      this.problems.push(read.kind === 'Cluster' ? { ...problem, value: '' } : problem);
    }
  }
}

/** An object without a name is told by where it stands. */
function named(id: string | undefined, place: string): string {
  if (id === undefined) return place;
  return id.includes('?') ? `${id} (${place})` : id;
}
