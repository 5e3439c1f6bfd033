import { request } from 'node:http';

/**
 * Makes an agent block its main thread, as a long garbage collection would, while its other threads go on.
 * The agent must have been started with FAIRLEAD_FAULT_INJECTION=1. Resolves when it has said that it will.
 * @param socketPath The agent's socket, `agent.sock` in its state directory.
 * @throws Error where the agent does not answer, or refuses.
 */
export function blockMainThread(socketPath: string, ms: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const path = `/fault/block-main?ms=${ms}`;
  // It may answer before it blocks or after.
  const signal = AbortSignal.timeout(ms + 5_000);
  const question = request({ socketPath, path, method: 'POST', signal }, (answer) => {
    const parts: Buffer[] = [];
    answer.on('data', (part: Buffer) => parts.push(part));
    answer.on('error', reject);
    answer.on('end', () => {
      const code = answer.statusCode ?? 0;
      if (code >= 200 && code < 300) return resolve();
      const said = Buffer.concat(parts).toString().slice(0, 500);
      reject(new Error(`the agent at ${socketPath} refused to block: ${code} ${said}`));
    });
  });
  question.on('error', (cause) => {
    reject(new Error(`the agent at ${socketPath} cannot be asked to block`, { cause }));
  });
  question.end();
  return promise;
}
