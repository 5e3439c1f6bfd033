import { check } from './checks.ts';
import { circumstancesOf, play } from './history.ts';

/** A history step by step, for a person: what happened when, what lasted too long, what is wrong. */
export function replay(seed: number): string {
  const circumstances = circumstancesOf(seed);
  const history = play(circumstances, true);
  const { nodes, loss, load, faults, announcements, timing } = circumstances;
  const lines = [
    `seed ${seed}: ${faults.map(({ name }) => name).join(' and ')}; ${nodes} nodes, loss ${loss}, ${load}`,
    `interval ${timing.intervalMs} ms, dead after ${timing.deadAfterMs} ms; ${JSON.stringify(announcements)}`,
    ...history.trace,
  ];
  for (const { kind, side, address, fromNs, toNs } of history.incidents) {
    const what = kind === 'none' ? 'nobody answers' : 'two answer';
    const from = (fromNs / 1e6).toFixed(3);
    const lasted = ((toNs - fromNs) / 1e6).toFixed(3);
    lines.push(`address ${address}, side ${side}: ${what} from ${from} ms on for ${lasted} ms`);
  }
  const wrong = check(history);
  lines.push(wrong.length === 0 ? 'all rules held' : `WRONG: ${wrong.join('; ')}`);
  return `${lines.join('\n')}\n`;
}

/** How a person gets to see that history. */
export function replayCommand(seed: number): string {
  const module = './packages/membership/src/simulation/replay.ts';
  return `node -e "import('${module}').then(({ replay }) => process.stdout.write(replay(${seed})))"`;
}
