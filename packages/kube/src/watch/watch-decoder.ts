import { ProtocolError } from '@fairlead/wire';
import { isStatus } from '../transport/errors.ts';
import type { KubeObject } from '../client/resource.ts';
import { LineSplitter, type Line } from './line-splitter.ts';
import { initialEventsAnnotation, type WatchEvent } from './watch-event.ts';

/** etcd takes requests up to 1.5 MiB; as JSON with managed fields an object stays well below this. */
const maximumLineBytes = 16 * 1024 * 1024;

const eventKinds = { ADDED: 'added', MODIFIED: 'modified', DELETED: 'deleted' } as const;

/** Bytes of a watch → events. An event is one JSON object on a line of its own. */
export class WatchDecoder<T extends KubeObject> {
  readonly #lines: LineSplitter;

  constructor(maximumBytes = maximumLineBytes) {
    this.#lines = new LineSplitter(maximumBytes);
  }

  /** Bytes that wait for the rest of their line. */
  get pending(): number {
    return this.#lines.pending;
  }

  /** @throws ProtocolError where a line is no event: what it said is lost, and the view with it */
  *push(chunk: Uint8Array): Generator<WatchEvent<T>, void, undefined> {
    for (const line of this.#lines.push(chunk)) {
      if (!isBlank(line.bytes)) yield decodeWatchLine<T>(line);
    }
  }
}

function isBlank(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0x20 || byte === 0x0d || byte === 0x09);
}

function decodeWatchLine<T extends KubeObject>({ bytes, offset }: Line): WatchEvent<T> {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8'));
  } catch {
    // Neither the line nor the parser's message, which quotes it: it may be a Secret.
    throw new ProtocolError('malformed-line', offset, `${bytes.length} bytes are no JSON`);
  }
  if (!isRecord(value) || typeof value['type'] !== 'string' || !isRecord(value['object'])) {
    throw new ProtocolError('malformed-event', offset, 'JSON without a type and an object');
  }
  return interpret<T>(value['type'], value['object']);
}

function interpret<T extends KubeObject>(
  type: string,
  object: Readonly<Record<string, unknown>>,
): WatchEvent<T> {
  if (type === 'ERROR') return { kind: 'error', status: isStatus(object) ? object : {} };
  const { metadata } = object;
  if (!isRecord(metadata)) return { kind: 'unreadable', detail: `${type} without metadata` };
  const { name, namespace, resourceVersion, annotations } = metadata;
  if (typeof resourceVersion !== 'string' || resourceVersion === '') {
    return { kind: 'unreadable', detail: `${type} without a resourceVersion` };
  }
  if (type === 'BOOKMARK') {
    const initialEventsEnd =
      isRecord(annotations) && annotations[initialEventsAnnotation] === 'true';
    return { kind: 'bookmark', resourceVersion, initialEventsEnd };
  }
  if (!isEventType(type))
    return { kind: 'unreadable', detail: `unknown type ${JSON.stringify(type.slice(0, 40))}` };
  if (typeof name !== 'string' || name === '') {
    return { kind: 'unreadable', detail: `${type} of an object without a name` };
  }
  if (namespace !== undefined && typeof namespace !== 'string') {
    return { kind: 'unreadable', detail: `${type} of ${name}: its namespace is not text` };
  }
  return { kind: eventKinds[type], object: object as T };
}

function isEventType(type: string): type is keyof typeof eventKinds {
  return Object.hasOwn(eventKinds, type);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
