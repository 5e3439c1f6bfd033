import { monotonicNs, type TcMode } from '@fairlead/linux';
import { temporaryBpffs } from '@fairlead/linux/testing';
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import type { Answer, Evidence } from '../responder-layout.ts';
import type { ResponderMaps } from '../responder-maps.ts';
import { Responder } from '../responder.ts';
import { layCable, type Cable } from './cable.ts';
import { free4, free6, held4, held6, sibling, us, watched4, watched6 } from './cast.ts';
import { judge, type Outcome, type Scene } from './judge.ts';

export const objectPath = fileURLToPath(
  new URL('../../../../dist/bpf/announce.bpf.o', import.meta.url),
);

/** Longer than any test, in nanoseconds. */
export const longNs = 3_600_000_000_000n;

export type Fence = 'ahead' | 'behind';

/** What an example has to say about itself: without a reply the frame goes on to the stack. */
export interface Example {
  readonly frame: Uint8Array;
  readonly reply?: Uint8Array;
  readonly evidence?: Outcome['evidence'];
  /** Default: ahead. */
  readonly fence?: Fence;
}

/** A responder on a cable's near end and on a sibling interface, with the answers of the cast. */
export class Stage implements Disposable {
  readonly cable: Cable;
  readonly maps: ResponderMaps;
  readonly #stack: DisposableStack;
  readonly #entries: readonly Answer[];

  constructor(attachMode: TcMode) {
    using stack = new DisposableStack();
    const { path: bpffsDirectory } = stack.use(temporaryBpffs());
    this.cable = stack.use(layCable(us));
    const other = stack.use(layCable(sibling));
    const responder = stack.use(Responder.open({ objectPath, bpffsDirectory, attachMode }));
    this.maps = responder.maps;
    const interfaceIndex = this.cable.nearIndex;
    const faults = responder.setInterfaces([
      { index: interfaceIndex, mac: us },
      { index: other.nearIndex, mac: sibling },
    ]);
    assert.deepEqual(faults, []);
    this.#entries = [
      { interfaceIndex, address: held4, mac: us, mode: 'answer' },
      { interfaceIndex, address: watched4, mac: us, mode: 'watch' },
      { interfaceIndex, address: held6, mac: us, mode: 'answer' },
      { interfaceIndex, address: watched6, mac: us, mode: 'watch' },
    ];
    this.maps.setAnswers([
      ...this.#entries,
      { interfaceIndex: other.nearIndex, address: free4, mac: sibling, mode: 'answer' },
      { interfaceIndex: other.nearIndex, address: free6, mac: sibling, mode: 'answer' },
    ]);
    this.maps.storeFence(other.nearIndex, monotonicNs() + longNs);
    this.#stack = stack.move();
  }

  setFence(fence: Fence): void {
    const deadline = monotonicNs() + (fence === 'ahead' ? longNs : 0n);
    assert.ok(this.maps.storeFence(this.cable.nearIndex, deadline));
  }

  /** The same, for the model. */
  scene(fence: Fence): Scene {
    const answers = new Map(this.#entries.map((each) => [each.address, each]));
    const fenceAhead = fence === 'ahead';
    return { interfaceMac: us, ownMacs: new Set([us, sibling]), answers, fenceAhead };
  }

  drain(): Evidence[] {
    const drained: Evidence[] = [];
    this.maps.drainEvents((each) => drained.push(each));
    return drained;
  }

  /** Sends the frame: it is answered, or goes on to the stack as it came, and never both. */
  outcomeOf(frame: Uint8Array): Outcome {
    const sentNs = monotonicNs();
    const { reply, passed } = this.cable.exchange(frame);
    const shown = frame.subarray(0, 142).toHex();
    assert.ok((reply === undefined) !== (passed === undefined), shown);
    if (passed !== undefined) assert.deepEqual(passed, frame);
    const [first, ...more] = this.drain();
    assert.deepEqual(more, []);
    if (first === undefined) return { reply, evidence: undefined };
    const { kind, address, mac, timeNs, interfaceIndex } = first;
    assert.equal(interfaceIndex, this.cable.nearIndex);
    assert.ok(timeNs >= sentNs && timeNs <= monotonicNs());
    return { reply, evidence: { kind, address, mac } };
  }

  /** The kernel does what the example says, and so does the model. */
  check({ frame, reply, evidence, fence = 'ahead' }: Example): void {
    this.setFence(fence);
    this.expect(frame, { reply, evidence });
    assert.deepEqual(readable(judge(frame, this.scene(fence))), readable({ reply, evidence }));
  }

  /** The kernel does that. */
  expect(frame: Uint8Array, outcome: Outcome): void {
    assert.deepEqual(readable(this.outcomeOf(frame)), readable(outcome));
  }

  [Symbol.dispose](): void {
    this.#stack[Symbol.dispose]();
  }
}

function readable({ reply, evidence }: Outcome): object {
  return { reply: reply?.toHex(), evidence };
}
