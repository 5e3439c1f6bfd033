import { faultAtMs, settledMs, type FaultClass } from './fault-class.ts';
import type { SimulatedNode } from './simulated-node.ts';
import type { Stage } from './stage.ts';

/** What may happen to an agent, or be done with it. */
export const agentFaults: readonly FaultClass[] = [
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
];

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
