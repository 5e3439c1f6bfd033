import { askAgent } from './ask-agent.ts';

/**
 * Makes an agent block its main thread, as a long garbage collection would, while its other threads go on.
 * The agent must have been started with FAIRLEAD_FAULT_INJECTION=1. Resolves when it has said that it will.
 * @param socketPath The agent's socket, `agent.sock` in its state directory.
 * @throws Error where the agent does not answer, or refuses.
 */
export async function blockMainThread(socketPath: string, ms: number): Promise<void> {
  // It may answer before it blocks or after.
  await askAgent(socketPath, 'POST', `/fault/block-main?ms=${ms}`, ms + 5_000);
}
