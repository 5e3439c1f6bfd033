import { request } from 'node:http';

/**
 * Asks an agent by its socket, `agent.sock` in its state directory, and returns what it says.
 * @throws Error where it does not answer in time (default 10 000 ms), or refuses.
 */
export function askAgent(
  socketPath: string,
  method: 'GET' | 'POST',
  path: string,
  patienceMs = 10_000,
): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const signal = AbortSignal.timeout(patienceMs);
  const question = request({ socketPath, path, method, signal }, (answer) => {
    const parts: Buffer[] = [];
    answer.on('data', (part: Buffer) => parts.push(part));
    answer.on('error', reject);
    answer.on('end', () => {
      const said = Buffer.concat(parts).toString();
      const code = answer.statusCode ?? 0;
      if (code >= 200 && code < 300) return resolve(said);
      reject(
        new Error(`the agent at ${socketPath} refused ${path}: ${code} ${said.slice(0, 500)}`),
      );
    });
  });
  question.on('error', (cause) => {
    reject(new Error(`the agent at ${socketPath} does not answer ${path}`, { cause }));
  });
  question.end();
  return promise;
}
