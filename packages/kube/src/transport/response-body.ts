import type { IncomingMessage } from 'node:http';
import type { Clock } from '../clock.ts';
import { ConnectionError } from './errors.ts';
import type { ApiRequest } from './transport.ts';

/** Reads an answer; a server that stays silent while we wait is as good as gone. */
export async function* responseBody(
  message: IncomingMessage,
  request: ApiRequest,
  clock: Clock,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { silenceMs, signal } = request;
  const chunks: AsyncIterator<Uint8Array> = message[Symbol.asyncIterator]();
  let silent = false;
  try {
    for (;;) {
      // Armed only while we wait: that a reader takes its time is not the server's silence.
      using _timer = clock.schedule(silenceMs, () => {
        silent = true;
        message.destroy();
      });
      const next = await chunks.next();
      if (silent) break;
      if (next.done) {
        // A connection that was cut ends the stream, too.
        if (message.complete) return;
        break;
      }
      yield next.value;
    }
  } catch (cause) {
    signal?.throwIfAborted();
    if (!silent) throw new ConnectionError(request, 'the connection broke', cause);
  } finally {
    message.destroy();
  }
  signal?.throwIfAborted();
  if (silent) throw new ConnectionError(request, `silent for ${silenceMs} ms`);
  throw new ConnectionError(request, 'the connection was cut');
}
