import type { Random } from './random.ts';
import type { SimulatedNode } from './simulated-node.ts';
import type { Stage } from './stage.ts';

/** Agents have found each other and share the addresses by then. */
export const settledMs = 800;

/** What a fault costs at most: see the checks. */
export type Cost =
  /** Nothing: no address is unanswered, nor answered twice for longer than a hand-over takes. */
  | 'nothing'
  /** Somebody has to be found dead before others answer. */
  | 'detection'
  /** Two answer as long as it lasts: nobody can tell the fault from a death. */
  | 'limit';

/** What is done to a settled segment. */
export interface FaultClass {
  readonly name: string;
  readonly leastNodes: number;
  readonly cost: Cost;
  /** It may happen together with another fault. */
  readonly pairs?: true;
  /** Plays the fault; returns the nodes whose own buckets may move. */
  readonly play: (stage: Stage) => readonly SimulatedNode[];
}

const faultAtMs = (stage: Stage): number => settledMs + stage.world.random.between(100, 300);

/** Something is broken at one time and mended at another. */
function brokenFor(
  stage: Stage,
  lowMs: number,
  highMs: number,
  what: string,
  breakIt: () => void,
): void {
  const at = faultAtMs(stage);
  stage.at(at, what, breakIt);
  stage.at(at + stage.world.random.between(lowMs, highMs), 'the network is mended', () =>
    stage.world.network.restore(),
  );
}

export const faultClasses: readonly FaultClass[] = [
  {
    name: 'nothing',
    leastNodes: 1,
    cost: 'nothing',
    play: (stage) => {
      stage.at(settledMs + 3000, 'nothing happened', () => {});
      return [];
    },
  },
  {
    name: 'link cut and restored',
    leastNodes: 2,
    cost: 'detection',
    pairs: true,
    play: (stage) => {
      const node = stage.victim();
      brokenFor(stage, 100, 2000, `link of ${node.name} is cut`, () =>
        stage.world.network.setLink(node.index, { receives: false, sends: false }),
      );
      return [node];
    },
  },
  {
    name: 'killed and started again',
    leastNodes: 1,
    cost: 'detection',
    pairs: true,
    play: (stage) => {
      const node = stage.victim();
      const at = faultAtMs(stage);
      stage.at(at, `kill ${node.name}`, () => node.kill());
      stage.at(at + stage.world.random.between(20, 1500), `start ${node.name}`, () => node.start());
      return [node];
    },
  },
  {
    name: 'stands still',
    leastNodes: 1,
    cost: 'detection',
    pairs: true,
    play: (stage) => {
      const node = stage.victim();
      const { random } = stage.world;
      const forMs = random.pick([
        random.between(50, 200),
        random.between(200, 310),
        random.between(310, 700),
        random.between(700, 4000),
      ]);
      const afterCalls = random.chance(0.3) ? 0 : 1 + random.below(12);
      const at = faultAtMs(stage);
      stage.at(at, `${node.name} will stand still`, () => node.freeze(forMs, afterCalls));
      stage.at(at + forMs + 100, 'it went on', () => {});
      return [node];
    },
  },
  {
    name: 'leaves and returns',
    leastNodes: 2,
    cost: 'nothing',
    pairs: true,
    play: (stage) => {
      const node = stage.victim();
      const at = faultAtMs(stage);
      stage.at(at, `${node.name} shall leave`, () => node.leave());
      stage.at(at + stage.world.random.between(1100, 1500), `start ${node.name}`, () =>
        node.start(),
      );
      return [node];
    },
  },
  {
    name: 'rolling restart',
    leastNodes: 2,
    cost: 'nothing',
    play: (stage) => {
      let at = faultAtMs(stage);
      const order = stage.world.random.sample(stage.nodes.length, stage.nodes.length).slice(0, 3);
      for (const index of order) {
        const node = stage.nodes[index];
        if (node === undefined) continue;
        stage.at(at, `${node.name} shall leave`, () => node.leave());
        stage.at(at + 1200, `start ${node.name}`, () => node.start());
        at += stage.world.random.between(2000, 7000);
      }
      return stage.nodes;
    },
  },
  {
    name: 'deaf',
    leastNodes: 2,
    cost: 'detection',
    pairs: true,
    play: (stage) => {
      const node = stage.victim();
      brokenFor(stage, 500, 2000, `${node.name} is deaf`, () =>
        stage.world.network.setLink(node.index, { receives: false, sends: true }),
      );
      return [node];
    },
  },
  {
    name: 'mute',
    leastNodes: 2,
    cost: 'detection',
    play: (stage) => {
      const node = stage.victim();
      brokenFor(stage, 500, 2000, `${node.name} is mute`, () =>
        stage.world.network.setLink(node.index, { receives: true, sends: false }),
      );
      return [node];
    },
  },
  {
    name: 'one-way between two',
    leastNodes: 3,
    cost: 'nothing',
    play: (stage) => {
      const [a, b] = stage.pair();
      brokenFor(stage, 500, 4000, `${a.name} does not reach ${b.name}`, () =>
        stage.world.network.cut(a.index, b.index),
      );
      return [];
    },
  },
  {
    name: 'one-way between the only two',
    leastNodes: 2,
    cost: 'limit',
    play: (stage) => {
      const [a, b] = stage.pair();
      brokenFor(stage, 500, 2000, `${a.name} does not reach ${b.name}`, () =>
        stage.world.network.cut(a.index, b.index),
      );
      return stage.nodes;
    },
  },
  {
    name: 'two do not reach each other',
    leastNodes: 3,
    cost: 'nothing',
    play: (stage) => {
      const [a, b] = stage.pair();
      brokenFor(stage, 500, 4000, `${a.name} and ${b.name} do not reach each other`, () => {
        stage.world.network.cut(a.index, b.index);
        stage.world.network.cut(b.index, a.index);
      });
      return [];
    },
  },
  {
    name: 'heartbeats filtered at one node',
    leastNodes: 2,
    cost: 'nothing',
    play: (stage) => {
      const node = stage.victim();
      const direction = stage.world.random.below(3);
      brokenFor(stage, 500, 4000, `heartbeats of ${node.name} are filtered (${direction})`, () => {
        for (const other of stage.nodes) {
          if (direction !== 1) stage.world.network.filter(node.index, other.index);
          if (direction !== 0) stage.world.network.filter(other.index, node.index);
        }
      });
      return [];
    },
  },
  {
    name: 'all heartbeats filtered',
    leastNodes: 2,
    cost: 'nothing',
    play: (stage) => {
      brokenFor(stage, 500, 4000, 'all heartbeats are filtered', () => {
        for (const a of stage.nodes) {
          for (const b of stage.nodes) stage.world.network.filter(a.index, b.index);
        }
      });
      return [];
    },
  },
  {
    name: 'segment split and healed',
    leastNodes: 2,
    cost: 'detection',
    pairs: true,
    play: (stage) => {
      const { random } = stage.world;
      const others = random.sample(1 + random.below(stage.nodes.length - 1), stage.nodes.length);
      brokenFor(stage, 500, 3000, `split off ${others.join(' ')}`, () =>
        stage.world.network.split(others),
      );
      return stage.nodes;
    },
  },
  {
    name: 'one sees a new configuration late',
    leastNodes: 2,
    cost: 'nothing',
    play: (stage) => {
      const late = stage.victim();
      late.viewDelayMs = 5000;
      for (const node of stage.nodes) {
        if (node !== late) node.viewDelayMs = stage.world.random.between(0, 50);
      }
      const preferred = stage.victim();
      const candidates = stage.nodes
        .filter((node) => node === preferred || stage.world.random.chance(0.7))
        .map(({ name }) => name);
      stage.at(faultAtMs(stage), `candidates ${candidates.join(' ')}; ${late.name} is late`, () => {
        stage.announce(
          stage.world.announcements.map(({ id }) => ({
            id,
            candidates,
            ...(stage.world.random.chance(0.5) ? { preferred: [preferred.name] } : {}),
          })),
        );
      });
      stage.at(settledMs + 5500, 'everybody knows', () => {});
      return stage.nodes;
    },
  },
  {
    name: 'main thread stalls',
    leastNodes: 1,
    cost: 'nothing',
    pairs: true,
    play: (stage) => {
      const node = stage.victim();
      const at = faultAtMs(stage);
      const forMs = stage.world.random.pick([2000, 10_000]);
      stage.at(at, `main thread of ${node.name} stalls for ${forMs} ms`, () => {
        node.mainStalled = true;
      });
      stage.at(at + forMs, `main thread of ${node.name} goes on`, () => {
        node.mainStalled = false;
      });
      return forMs > 5000 ? [node] : [];
    },
  },
  {
    name: 'excluded and admitted again',
    leastNodes: 2,
    cost: 'nothing',
    pairs: true,
    play: (stage) => changeStatus(stage, 'excluded', true),
  },
  {
    name: 'not ready for a while',
    leastNodes: 2,
    cost: 'nothing',
    play: (stage) => changeStatus(stage, 'ready', false),
  },
  {
    name: 'mixed versions',
    leastNodes: 2,
    cost: 'detection',
    play: (stage) => {
      for (const node of stage.nodes) node.newer = stage.world.random.chance(0.5);
      const node = stage.victim();
      const at = faultAtMs(stage);
      stage.at(at, `kill ${node.name}`, () => node.kill());
      stage.at(at + 800, `start ${node.name}`, () => node.start());
      return [node];
    },
  },
  {
    name: 'noise and replays',
    leastNodes: 2,
    cost: 'detection',
    play: (stage) => {
      const { random, network } = stage.world;
      stage.world.record = [];
      for (let at = settledMs; at < settledMs + 3000; at += random.between(2, 40)) {
        stage.at(at, 'noise', () => {
          const old = stage.world.record ?? [];
          const target = stage.victim();
          const source = stage.victim();
          if (network.clientSide(target.index) === undefined) return;
          const bytes = noise(random, old);
          target.receive({ from: source.address, bytes });
        });
      }
      const node = stage.victim();
      const at = faultAtMs(stage);
      stage.at(at, `kill ${node.name}`, () => node.kill());
      stage.at(at + 1000, `start ${node.name}`, () => node.start());
      return [node];
    },
  },
  {
    name: 'boot one after the other',
    leastNodes: 2,
    cost: 'nothing',
    play: (stage) => {
      for (const node of stage.nodes) {
        stage.at(stage.world.random.between(0, 400), `start ${node.name}`, () => {
          node.kill();
          node.start();
        });
      }
      return stage.nodes;
    },
  },
  {
    name: 'flapping link',
    leastNodes: 2,
    cost: 'detection',
    play: (stage) => {
      const node = stage.victim();
      let at = faultAtMs(stage);
      for (let flaps = 0; flaps < 4; flaps++) {
        stage.at(at, `link of ${node.name} is cut`, () =>
          stage.world.network.setLink(node.index, { receives: false, sends: false }),
        );
        at += stage.world.random.between(50, 800);
        stage.at(at, 'the network is mended', () => stage.world.network.restore());
        at += stage.world.random.between(50, 1500);
      }
      return [node];
    },
  },
];

/** Garbage, an old heartbeat, or one of another cluster or of rules that nobody here knows. */
function noise(random: Random, recorded: readonly Uint8Array[]): Uint8Array {
  if (recorded.length === 0 || random.chance(0.2)) {
    return Uint8Array.from({ length: random.below(120) }, () => random.below(256));
  }
  const bytes = Uint8Array.from(random.pick(recorded));
  const kind = random.below(4);
  if (kind === 0) bytes[5] = 9;
  else if (kind === 1) bytes[12] = 0x58;
  return bytes;
}

function changeStatus(
  stage: Stage,
  field: 'excluded' | 'ready',
  value: boolean,
): readonly SimulatedNode[] {
  const node = stage.victim();
  const at = faultAtMs(stage);
  stage.at(at, `${field} of ${node.name} is ${value}`, () => {
    node.status[field] = value;
    node.reconfigure();
  });
  stage.at(at + stage.world.random.between(300, 3000), `${field} is ${!value}`, () => {
    node.status[field] = !value;
    node.reconfigure();
  });
  return [node];
}
