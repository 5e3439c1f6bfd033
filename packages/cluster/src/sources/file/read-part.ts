import {
  apiVersions,
  objectId,
  readObject,
  type ReadObject,
  type WrittenKind,
} from '../../objects/read-object.ts';
import type { ServiceOptions } from '../../objects/read-options.ts';
import type { ShapeFault } from '../../shape/fit.ts';
import { showValue } from '../../shape/show-value.ts';
import { readYaml } from './yaml-text.ts';

/** What one part of a file says; it depends on that part's text alone. */
export type PartReading =
  | { readonly ok: true; readonly items: readonly ItemReading[] }
  | { readonly ok: false; readonly line: number; readonly column: number; readonly reason: string };

/** One object of a part: read, or not one that we read. */
export type ItemReading =
  | { readonly ok: true; readonly read: ReadObject }
  | { readonly ok: false; readonly id: string | undefined; readonly fault: ShapeFault };

const knownKinds = Object.keys(apiVersions).join(', ');

/** Reads all objects of a part of a file, lists taken apart. Never throws. */
export function readPart(text: string, options: ServiceOptions): PartReading {
  const yaml = readYaml(text);
  if (!yaml.ok) return yaml;
  return { ok: true, items: yaml.values.flatMap(takeApart).map((item) => readItem(item, options)) };
}

/** `kind: List` as kubectl prints it, and lists of one kind as the API gives them. */
function takeApart(value: unknown): unknown[] {
  const kind = fieldOf(value, 'kind');
  const items = fieldOf(value, 'items');
  if (typeof kind !== 'string' || !kind.endsWith('List') || !Array.isArray(items)) return [value];
  const itemKind = kind.slice(0, -'List'.length);
  if (itemKind === '') return items;
  // Items of a list of one kind need not name it again.
  const inherited = { apiVersion: fieldOf(value, 'apiVersion'), kind: itemKind };
  const inherit = (item: object) => ({ ...inherited, ...item });
  return items.map((item: unknown) => (isObject(item) ? inherit(item) : item));
}

function readItem(value: unknown, options: ServiceOptions): ItemReading {
  if (!isObject(value)) {
    const message = `Not an object. Write apiVersion, kind and metadata of one of: ${knownKinds}.`;
    // Its value is not shown: it may be anything, a key that was pasted into the wrong file too.
    return { ok: false, id: undefined, fault: { field: '', value: '', message } };
  }
  const kind = fieldOf(value, 'kind');
  const apiVersion = fieldOf(value, 'apiVersion');
  if (typeof kind !== 'string' || kind === '') {
    const message = `Not text that names a kind. Write one of: ${knownKinds}.`;
    return { ok: false, id: undefined, fault: { field: 'kind', value: kind, message } };
  }
  const id = objectId(showValue(kind), value);
  if (!isKnownKind(kind)) {
    const message =
      kind === 'NodeReport'
        ? 'Only agents write NodeReports. Remove it.'
        : `Not a kind that is read here. Remove the object, or correct the kind to one of: ${knownKinds}.`;
    return { ok: false, id, fault: { field: 'kind', value: kind, message } };
  }
  if (apiVersion !== apiVersions[kind]) {
    const message = `Not the API version of a ${kind} that is read here. Write ${apiVersions[kind]}.`;
    return { ok: false, id, fault: { field: 'apiVersion', value: apiVersion, message } };
  }
  return { ok: true, read: readObject(kind, value, options) };
}

function isKnownKind(kind: string): kind is WrittenKind {
  return Object.hasOwn(apiVersions, kind);
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function fieldOf(value: unknown, name: string): unknown {
  return isObject(value) && Object.hasOwn(value, name) ? Reflect.get(value, name) : undefined;
}
