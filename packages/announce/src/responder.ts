import type { MacAddress } from '@fairlead/ip';
import {
  attachTcIngress,
  BpfObject,
  detachTcIngress,
  listInterfaces,
  listTcIngress,
  SystemError,
  tcIngressMode,
  unpin,
  type TcMode,
} from '@fairlead/linux';
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import {
  decodeInterface,
  decodeInterfaceKey,
  decodeOwnMac,
  encodeInterface,
  encodeInterfaceKey,
  encodeOwnMac,
  interfaceSlots,
} from './responder-layout.ts';
import { mapDirectory, ResponderMaps, storeDeadline } from './responder-maps.ts';

const programName = 'fairlead_announce';
/** The kernel keeps 15 characters of a name. */
const shortName = programName.slice(0, 15);
/** Directories of maps, ours and those of other layouts. */
const mapDirectoryName = /^announce-\d+$/;

export interface ResponderOptions {
  /** The object file of bpf/announce.bpf.c. */
  readonly objectPath: string;
  /** In a bpffs; maps and links are pinned there. */
  readonly bpffsDirectory: string;
  /** Default: what the kernel has. */
  readonly attachMode?: TcMode | undefined;
}

/** Where frames come in, and the MAC by which they are for us: of a bridge's port, the bridge's. */
export interface AnnouncingInterface {
  readonly index: number;
  readonly mac: MacAddress;
  /** Of other interfaces of this node in the same network: what they say is no claim of somebody else's. */
  readonly twinMacs?: readonly MacAddress[];
}

/** An interface that the program could not be attached to. */
export interface InterfaceFault {
  readonly interfaceIndex: number;
  /** ENODEV where the interface has gone meanwhile. */
  readonly error: SystemError | RangeError;
}

/**
 * The program that answers ARP and NDP in the kernel, and the interfaces it is attached to. One of
 * a later life takes over what an earlier one left pinned: maps as they are, fences included, and
 * its program takes the other's place in one step. In the main thread, since it loads the program;
 * `ResponderMaps` is for the others.
 */
export class Responder implements Disposable {
  readonly maps: ResponderMaps;
  readonly #object: BpfObject;
  readonly #bpffsDirectory: string;
  readonly #mode: TcMode;
  /** Where the search for a free slot begins: one just given up rests as long as possible. */
  #nextSlot = 0;
  /** What the kernel holds, unless somebody has changed it since. */
  #inForce: readonly AnnouncingInterface[] | undefined;

  /**
   * Loads the program; it is attached nowhere anew yet.
   * @throws BpfLoadError, SystemError, and PinnedMapMismatch where somebody else's maps are pinned
   */
  static open(options: ResponderOptions): Responder {
    const { objectPath, bpffsDirectory, attachMode = tcIngressMode() } = options;
    using opened = new DisposableStack();
    const pinDirectory = mapDirectory(bpffsDirectory);
    const object = opened.use(BpfObject.load(objectPath, { pinDirectory }));
    mkdirSync(linkDirectory(bpffsDirectory), { recursive: true });
    const maps = opened.use(ResponderMaps.open(bpffsDirectory));
    opened.move();
    return new Responder(object, maps, bpffsDirectory, attachMode);
  }

  /** Detaches the program everywhere in this network namespace and removes all that was pinned. */
  static removeAll(bpffsDirectory: string): void {
    for (const { index } of listInterfaces()) detachTcIngress(index, programName);
    rmSync(linkDirectory(bpffsDirectory), { recursive: true, force: true });
    for (const directory of mapDirectories(bpffsDirectory)) rmSync(directory, { recursive: true });
  }

  private constructor(
    object: BpfObject,
    maps: ResponderMaps,
    bpffsDirectory: string,
    mode: TcMode,
  ) {
    this.maps = maps;
    this.#object = object;
    this.#bpffsDirectory = bpffsDirectory;
    this.#mode = mode;
  }

  /**
   * Makes these the interfaces that the program is attached to, and no others: reads back what is,
   * and puts in order what differs. An interface that is new begins with its fence down. The same ones
   * again cost nothing until `forget`.
   * @returns those that it could not be done for; the others are in order
   */
  setInterfaces(interfaces: readonly AnnouncingInterface[]): readonly InterfaceFault[] {
    if (isDeepStrictEqual(interfaces, this.#inForce)) return [];
    this.#inForce = undefined;
    const faults = this.#putInOrder(interfaces);
    if (faults.length === 0) this.#inForce = interfaces;
    return faults;
  }

  /** Has the next `setInterfaces` read back what is attached. */
  forget(): void {
    this.#inForce = undefined;
  }

  #putInOrder(interfaces: readonly AnnouncingInterface[]): readonly InterfaceFault[] {
    const wanted = new Map(interfaces.map((each) => [each.index, each]));
    const faults: InterfaceFault[] = [];
    const doForEach = (work: (each: AnnouncingInterface) => void): void => {
      for (const each of wanted.values()) {
        try {
          work(each);
        } catch (error) {
          if (!(error instanceof SystemError || error instanceof RangeError)) throw error;
          wanted.delete(each.index);
          faults.push({ interfaceIndex: each.index, error });
        }
      }
    };
    // First the MACs: what another interface of ours says is nobody else's claim.
    doForEach((each) => this.#enterMacs(each));
    doForEach((each) => {
      this.#enter(each);
      this.#attach(each.index);
    });
    for (const index of this.#known()) if (!wanted.has(index)) this.#leave(index);
    const macs = new Set(interfaces.flatMap(macsOf));
    for (const key of this.#map('own_macs').keys()) {
      if (!macs.has(decodeOwnMac(key))) this.#map('own_macs').delete(key);
    }
    this.#removeOtherLayouts();
    return faults;
  }

  /** The kernel keeps the maps and goes on running the program. */
  [Symbol.dispose](): void {
    this.maps[Symbol.dispose]();
    this.#object[Symbol.dispose]();
  }

  #map(name: 'interfaces' | 'own_macs' | 'fence') {
    return this.#object.map(name);
  }

  /** Interfaces with an entry or a pinned link. */
  #known(): ReadonlySet<number> {
    const links = readdirSync(linkDirectory(this.#bpffsDirectory)).map(Number);
    return new Set([...links, ...this.#map('interfaces').keys().map(decodeInterfaceKey)]);
  }

  #enterMacs(each: AnnouncingInterface): void {
    for (const mac of macsOf(each)) {
      this.#map('own_macs').set(encodeOwnMac(mac), new Uint8Array(4));
    }
  }

  /** Tells the program of the interface, before it meets the first frame there. */
  #enter({ index, mac }: AnnouncingInterface): void {
    const key = encodeInterfaceKey(index);
    const held = this.#map('interfaces').get(key);
    const slot = held === undefined ? this.#freeSlot() : decodeInterface(held).slot;
    // Whatever the slot's former interface had left does not count for this one.
    if (held === undefined) storeDeadline(this.#map('fence'), slot, 0n);
    this.#map('interfaces').set(key, encodeInterface({ slot, mac }));
  }

  #freeSlot(): number {
    const entries = this.#map('interfaces').entries();
    const taken = new Set(entries.map(({ value }) => decodeInterface(value).slot));
    for (let tried = 0; tried < interfaceSlots; tried += 1) {
      const slot = (this.#nextSlot + tried) % interfaceSlots;
      if (taken.has(slot)) continue;
      this.#nextSlot = slot + 1;
      return slot;
    }
    throw new RangeError(`no more than ${interfaceSlots} interfaces can announce`);
  }

  #attach(index: number): void {
    const program = this.#object.program(programName);
    const path = this.#linkPath(index);
    if (this.#isAttachedAlone(index)) return;
    attachTcIngress(index, program, path, { mode: this.#mode });
    if (this.#isAttachedAlone(index)) return;
    // One that is pinned elsewhere, with a fence that nobody here can lower.
    detachTcIngress(index, programName);
    attachTcIngress(index, program, path, { mode: this.#mode });
  }

  #isAttachedAlone(index: number): boolean {
    const { id } = this.#object.program(programName);
    const named = listTcIngress(index).filter((each) => each.programName.startsWith(shortName));
    const [first] = named;
    return named.length === 1 && first?.programId === id && first.mode === this.#mode;
  }

  #leave(index: number): void {
    const key = encodeInterfaceKey(index);
    const held = this.#map('interfaces').get(key);
    if (held !== undefined) {
      this.#map('interfaces').delete(key);
      storeDeadline(this.#map('fence'), decodeInterface(held).slot, 0n);
    }
    detachTcIngress(index, programName);
    unpin(this.#linkPath(index));
  }

  #linkPath(index: number): string {
    return join(linkDirectory(this.#bpffsDirectory), String(index));
  }

  /** Their program is attached nowhere any more. */
  #removeOtherLayouts(): void {
    const ours = mapDirectory(this.#bpffsDirectory);
    for (const directory of mapDirectories(this.#bpffsDirectory)) {
      if (directory !== ours) rmSync(directory, { recursive: true });
    }
  }
}

function macsOf({ mac, twinMacs = [] }: AnnouncingInterface): readonly MacAddress[] {
  return [mac, ...twinMacs];
}

/** TCX links by interface index; one for all layouts, so that a link's program is replaced. */
function linkDirectory(bpffsDirectory: string): string {
  return join(bpffsDirectory, 'announce-links');
}

function mapDirectories(bpffsDirectory: string): string[] {
  if (!existsSync(bpffsDirectory)) return [];
  return readdirSync(bpffsDirectory)
    .filter((name) => mapDirectoryName.test(name))
    .map((name) => join(bpffsDirectory, name));
}
