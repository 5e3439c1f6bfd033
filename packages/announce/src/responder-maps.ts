import type { IpAddress, MacAddress } from '@fairlead/ip';
import { BpfMap, monotonicNs, RingBuffer, SystemError } from '@fairlead/linux';
import { join } from 'node:path';
import {
  counterNames,
  decodeAnswer,
  decodeEvidence,
  decodeInterface,
  encodeAnswer,
  encodeAnswerKey,
  encodeInterfaceKey,
  layoutVersion,
  type Answer,
  type AnswerMode,
  type Evidence,
  type ResponderCounters,
} from './responder-layout.ts';

/** Where the responder's maps are pinned. A program of another layout has its own. */
export function mapDirectory(bpffsDirectory: string): string {
  return join(bpffsDirectory, `announce-${layoutVersion}`);
}

/**
 * What the responder in the kernel knows: for which addresses it answers, and until when. Usable
 * from any thread of any process once a `Responder` was opened; the kernel keeps all of it when
 * this is closed, and the fence alone ends the answering.
 */
export class ResponderMaps implements Disposable {
  readonly #interfaces: BpfMap;
  readonly #answers: BpfMap;
  readonly #fence: BpfMap;
  readonly #counters: BpfMap;
  readonly #events: BpfMap;
  readonly #deadlines: BigUint64Array;
  readonly #counts: BigUint64Array;
  readonly #openedNs = monotonicNs();
  #ring: RingBuffer | undefined;

  /**
   * The maps that a `Responder` pinned.
   * @throws Error where one is missing
   */
  static open(bpffsDirectory: string): ResponderMaps {
    return new ResponderMaps(mapDirectory(bpffsDirectory));
  }

  private constructor(directory: string) {
    using opened = new DisposableStack();
    const open = (name: string): BpfMap => {
      const map = BpfMap.openPinned(join(directory, name));
      if (map === undefined) throw new Error(`no map is pinned at ${join(directory, name)}`);
      return opened.use(map);
    };
    this.#interfaces = open('interfaces');
    this.#answers = open('answers');
    this.#fence = open('fence');
    this.#counters = open('counters');
    this.#events = open('events');
    this.#deadlines = valuesOf(this.#fence);
    this.#counts = valuesOf(this.#counters);
    opened.move();
  }

  /**
   * Makes the kernel's answers the desired ones: reads them back and changes what differs. What is
   * not desired any more goes first, so that a map that is nearly full has room.
   * @returns those that there is no room for; the kernel has no entry for them
   */
  setAnswers(desired: readonly Answer[]): readonly Answer[] {
    const values = new Map<string, Uint8Array>();
    const valueOf = ({ mac, mode }: Answer): Uint8Array =>
      values.getOrInsertComputed(`${mac} ${mode}`, () => encodeAnswer(mac, mode));
    const wanted = new Map<string, Answer>();
    for (const each of desired) wanted.set(keyText(keyOf(each)), each);
    const inPlace = new Set<string>();
    this.#answers.visit((key, value) => {
      const text = keyText(key);
      const want = wanted.get(text);
      if (want === undefined) this.#answers.delete(key);
      else if (Buffer.compare(valueOf(want), value) === 0) inPlace.add(text);
    });
    const refused: Answer[] = [];
    for (const [text, each] of wanted) {
      if (inPlace.has(text)) continue;
      if (!this.#put(keyOf(each), valueOf(each))) refused.push(each);
    }
    return refused;
  }

  /** All that the kernel holds. */
  answers(): Answer[] {
    return this.#answers.entries().map(({ key, value }) => decodeAnswer(key, value));
  }

  /**
   * Adds one entry, or changes its MAC or mode.
   * @returns false where there is no room for it; the kernel then has no entry
   */
  answer(interfaceIndex: number, address: IpAddress, mac: MacAddress, mode: AnswerMode): boolean {
    return this.#put(encodeAnswerKey(interfaceIndex, address), encodeAnswer(mac, mode));
  }

  /** Takes one entry away; returns whether there was one. */
  remove(interfaceIndex: number, address: IpAddress): boolean {
    return this.#answers.delete(encodeAnswerKey(interfaceIndex, address));
  }

  #put(key: Uint8Array, value: Uint8Array): boolean {
    try {
      this.#answers.set(key, value);
      return true;
    } catch (error) {
      // The map is full, or the kernel has no memory.
      if (!(error instanceof SystemError && /^(?:E2BIG|ENOMEM)$/.test(error.errno))) throw error;
      this.#answers.delete(key);
      return false;
    }
  }

  /**
   * The program answers on this interface until then, in nanoseconds of CLOCK_MONOTONIC; a time
   * that has passed ends it at once.
   * @returns false where the program is not attached to that interface
   */
  storeFence(interfaceIndex: number, deadlineNs: bigint): boolean {
    // Read anew each time: another thread may have given the slot to another interface.
    const entry = this.#interfaces.get(encodeInterfaceKey(interfaceIndex));
    if (entry === undefined) return false;
    Atomics.store(this.#deadlines, decodeInterface(entry).slot, deadlineNs);
    return true;
  }

  /** Until when the program answers on this interface; undefined where it is not attached. */
  fence(interfaceIndex: number): bigint | undefined {
    const entry = this.#interfaces.get(encodeInterfaceKey(interfaceIndex));
    if (entry === undefined) return undefined;
    return Atomics.load(this.#deadlines, decodeInterface(entry).slot);
  }

  counters(): ResponderCounters {
    const entries = counterNames.map((name, index) => [name, Atomics.load(this.#counts, index)]);
    return Object.fromEntries(entries) as ResponderCounters;
  }

  /** Readable while there is evidence, for a poller. */
  get fd(): number {
    return this.#events.fd;
  }

  /**
   * Hands over the evidence that came in since this was opened. Only one of the processes and
   * threads that have the maps open may do so.
   * @returns how many records were read
   */
  drainEvents(onEvidence: (evidence: Evidence) => void): number {
    this.#ring ??= new RingBuffer(this.#events);
    return this.#ring.drain((bytes) => {
      const evidence = decodeEvidence(bytes);
      // Left over from a previous life: it says nothing about now.
      if (evidence.timeNs >= this.#openedNs) onEvidence(evidence);
    });
  }

  [Symbol.dispose](): void {
    this.#ring?.[Symbol.dispose]();
    for (const map of [
      this.#interfaces,
      this.#answers,
      this.#fence,
      this.#counters,
      this.#events,
    ]) {
      map[Symbol.dispose]();
    }
  }
}

function keyOf({ interfaceIndex, address }: Answer): Uint8Array {
  return encodeAnswerKey(interfaceIndex, address);
}

/** A key as text, which takes less memory than bytes: there may be a hundred thousand. */
function keyText(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('latin1');
}

/** One store that a program on another CPU sees whole. */
export function storeDeadline(fence: BpfMap, slot: number, deadlineNs: bigint): void {
  Atomics.store(valuesOf(fence), slot, deadlineNs);
}

function valuesOf(map: BpfMap): BigUint64Array {
  return new BigUint64Array(map.mmap(), 0, map.maxEntries);
}
