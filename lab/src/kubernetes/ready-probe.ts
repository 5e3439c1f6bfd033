// Ends with 0 as soon as an API server serves: what its checks say and the namespace that all start with.
// Runs where the API server can be reached. Arguments: URL, file of its certificate authority, token, seconds.
import { readFileSync } from 'node:fs';
import * as https from 'node:https';
import { setTimeout as pause } from 'node:timers/promises';

const [server = '', authority = '', token = '', seconds = '60'] = process.argv.slice(2);
const agent = new https.Agent({ keepAlive: true, ca: readFileSync(authority) });

function statusOf(path: string): Promise<number | string> {
  const { promise, resolve } = Promise.withResolvers<number | string>();
  const headers = { authorization: `Bearer ${token}` };
  const request = https.get(new URL(path, server), { agent, headers, timeout: 2_000 }, (answer) => {
    answer.resume().once('end', () => resolve(answer.statusCode ?? 0));
  });
  request.once('timeout', () => request.destroy(new Error('no answer in 2 s')));
  request.once('error', (error) => resolve(error.message));
  return promise;
}

const end = performance.now() + Number(seconds) * 1000;
let last: number | string = 'never asked';
for (const path of ['/readyz', '/api/v1/namespaces/default']) {
  for (;;) {
    last = await statusOf(path);
    if (last === 200) break;
    if (performance.now() > end) {
      console.error(`${path} said ${last} after ${seconds} s`);
      process.exit(1);
    }
    await pause(25);
  }
}
agent.destroy();
