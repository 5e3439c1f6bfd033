import type { Node } from '../node.ts';
import { ObservedCluster, type ObservedParts } from './observed-cluster.ts';

/** The usual size: a owns, the pods are on b and c. */
export class ThreeNodes extends ObservedCluster {
  readonly a: Node;
  readonly b: Node;
  readonly c: Node;

  private constructor(parts: ObservedParts) {
    super(parts);
    const [b, c] = this.others;
    if (b === undefined || c === undefined) throw new RangeError('three nodes');
    [this.a, this.b, this.c] = [this.owner, b, c];
  }

  /** The network alone; `boot` starts the agents. */
  static override async create(name: string): Promise<ThreeNodes> {
    return new ThreeNodes(await ObservedCluster.network(name, 3));
  }
}
