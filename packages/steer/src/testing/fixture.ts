import { fileURLToPath } from 'node:url';
import { detachTcIngress, type TcMode } from '@fairlead/linux';
import { temporaryBpffs } from '@fairlead/linux/testing';
import { SteerDriver } from '../apply/driver.ts';
import type { Flow } from '../flow.ts';
import { buildError, buildFrame, type ErrorOptions, type FrameOptions } from './frames.ts';
import { interfaceIndex, Network, type Arrival } from './network.ts';

/** What `npm run setup` compiled. */
export const objectPath = fileURLToPath(
  new URL('../../../../dist/bpf/steer.bpf.o', import.meta.url),
);

/** A client and nodes on a switch, and drivers for the nodes. All goes with the test. */
export class Fixture implements Disposable {
  readonly network: Network;
  readonly #stack = new DisposableStack();
  readonly #bpffs = new Map<string, string>();
  readonly #mode: TcMode | undefined;

  constructor(nodes: readonly string[], mode?: TcMode) {
    this.#mode = mode;
    this.network = this.#stack.use(new Network(['client', ...nodes]));
  }

  /** The driver of a node; its state directory is kept for the next one. */
  open(node: string): SteerDriver {
    return this.#stack.use(
      SteerDriver.open({ objectPath, bpffsDirectory: this.bpffs(node), attachMode: this.#mode }),
    );
  }

  /** Takes from the kernel what the drivers of all nodes left there, as if the machine were new. */
  reset(): void {
    for (const path of this.#bpffs.values()) SteerDriver.removeAll(path);
  }

  bpffs(node: string): string {
    let path = this.#bpffs.get(node);
    if (path === undefined) {
      ({ path } = this.#stack.use(temporaryBpffs()));
      this.#bpffs.set(node, path);
    }
    return path;
  }

  /** Takes the program from a host's port, as somebody else might. */
  detach(node: string): void {
    detachTcIngress(this.network.host(node).interfaceIndex, 'fairlead_steer');
  }

  /** Indices of more interfaces of the test. */
  interfaces(names: readonly string[]): number[] {
    return names.map(interfaceIndex);
  }

  /** A frame of the client to a node. */
  frame(to: string, flow: Flow, options: Partial<FrameOptions> = {}): Uint8Array {
    const { mac: from } = this.network.host('client');
    return buildFrame(flow, { from, to: this.network.host(to).mac, ...options });
  }

  /** A frame to a node with an ICMP error about what was sent in answer to the client. */
  error(to: string, flow: Flow, options: Partial<ErrorOptions> = {}): Uint8Array {
    const { mac: from } = this.network.host('client');
    return buildError(flow, { from, to: this.network.host(to).mac, ...options });
  }

  /** Where the client's packet to a node comes out. */
  ask(to: string, flow: Flow, options: Partial<FrameOptions> = {}): Arrival {
    return this.network.exchange('client', this.frame(to, flow, options));
  }

  /** Where an ICMP error about what was sent in answer to the client comes out. */
  askAbout(to: string, flow: Flow, options: Partial<ErrorOptions> = {}): Arrival {
    return this.network.exchange('client', this.error(to, flow, options));
  }

  [Symbol.dispose](): void {
    this.#stack[Symbol.dispose]();
  }
}
