import { faultAtMs, settledMs, type FaultClass } from './fault-class.ts';
import type { Random } from './random.ts';
import type { Stage } from './stage.ts';

/** What may happen to the wire, or on it. */
export const networkFaults: readonly FaultClass[] = [
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
