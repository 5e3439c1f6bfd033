import type { AnnouncementConfig } from '../machine/configuration.ts';
import { SimulatedNode } from './simulated-node.ts';
import { World, type WorldOptions } from './world.ts';

/** A world with its nodes, on which a fault is played. */
export class Stage {
  readonly world: World;
  readonly nodes: readonly SimulatedNode[];
  /** When the last step is played. */
  lastMs = 0;

  constructor(options: WorldOptions) {
    this.world = new World(options);
    const nodes: SimulatedNode[] = [];
    for (let index = 0; index < options.nodes; index++) {
      nodes.push(new SimulatedNode(this.world, nodes, index, nodeName(index)));
    }
    this.nodes = nodes;
  }

  /** Plays a step at that time. */
  at(ms: number, what: string, run: () => void): void {
    this.lastMs = Math.max(this.lastMs, ms);
    this.world.agenda.add(Math.round(ms * 1e6), () => {
      this.world.note(() => `** ${what}`);
      run();
      this.world.observer.update(this.world.now);
    });
  }

  /** Changes what all agents shall know of the Announcements; each learns of it after its own delay. */
  announce(announcements: readonly AnnouncementConfig[]): void {
    this.world.announcements = announcements;
    for (const node of this.nodes) node.reconfigure();
  }

  /** A node at random. */
  victim(): SimulatedNode {
    return this.world.random.pick(this.nodes);
  }

  /** Two different nodes at random. */
  pair(): readonly [SimulatedNode, SimulatedNode] {
    const [first = 0, second = 0] = this.world.random.sample(2, this.nodes.length);
    const [a, b] = [this.nodes[first], this.nodes[second]];
    if (a === undefined || b === undefined) throw new RangeError('a pair needs two nodes');
    return [a, b];
  }
}

/** Names in an order of their own, so that neither index nor time of start decides who comes first. */
export function nodeName(index: number): string {
  return `${'hbdfcgaeij'[index % 10] ?? 'x'}${index}`;
}
