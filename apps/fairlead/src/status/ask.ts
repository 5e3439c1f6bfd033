import { once } from 'node:events';
import { request } from 'node:http';
import { connect } from 'node:net';
import { OperatorError } from '../operator-error.ts';
import type { StateDirectory } from '../state-directory.ts';
import type { StatusSnapshot } from './snapshot.ts';

const ANSWER_WITHIN_MS = 5000;

/** Asks the agent of this node by its socket. Throws an OperatorError that names the next step. */
export async function askAgent(directory: StateDirectory): Promise<StatusSnapshot> {
  const text = await new Promise<string>((resolve, reject) => {
    const asked = request(
      { socketPath: directory.socket, path: '/status', timeout: ANSWER_WITHIN_MS },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => {
          const body = Buffer.concat(chunks).toString();
          if (response.statusCode === 200) resolve(body);
          else reject(refused(body, response.statusCode, directory));
        });
        response.on('error', reject);
      },
    );
    asked.on('timeout', () =>
      asked.destroy(new Error(`no answer within ${ANSWER_WITHIN_MS / 1000} s`)),
    );
    asked.on('error', (cause: NodeJS.ErrnoException) => reject(explain(cause, directory)));
    asked.end();
  });
  return JSON.parse(text) as StatusSnapshot;
}

/** Whether an agent takes connections there from whoever asks: a socket outlives an agent that was killed. */
export async function isAgentThere({ socket }: StateDirectory): Promise<boolean> {
  const connection = connect(socket);
  try {
    await once(connection, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    connection.destroy();
  }
}

function refused(body: string, status: number | undefined, { socket }: StateDirectory): Error {
  return new OperatorError(
    `${socket}: the agent answers ${status} (${body.trim()}). Look into its log.`,
  );
}

/** What a person can do about an error of connect(2). */
const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'no agent runs with this --state-dir on this node. Start one, or name its --state-dir.',
  ECONNREFUSED: 'the agent that ran here has ended. Start it again.',
  EACCES: 'only root may ask. Run this as root.',
};

function explain(cause: NodeJS.ErrnoException, { socket }: StateDirectory): OperatorError {
  const text = reasons[cause.code ?? ''] ?? `the agent does not answer: ${cause.message}.`;
  return new OperatorError(`${socket}: ${text}`, { cause });
}
