/**
 * One end of a TCP connection, in a network namespace of a kernel test:
 *   serve PORT              takes an upload, answers with what came and from whom, as often as it is asked
 *   upload ADDRESS PORT N   uploads N MiB and prints the answer
 */
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { pipeline } from 'node:stream/promises';

/** What a server saw of an upload. */
export interface Upload {
  readonly client: string;
  readonly bytes: number;
}

const MEBIBYTE = 1024 * 1024;

function* content(mebibytes: number): Generator<Buffer> {
  for (let at = 0; at < mebibytes; at++) yield Buffer.alloc(MEBIBYTE, `${at} `);
}

async function serve(port: number): Promise<void> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => socket.destroy());
    socket.resume();
    socket.on('end', () => {
      const { remoteAddress: client = '', bytesRead: bytes } = socket;
      const seen: Upload = { client, bytes };
      socket.end(JSON.stringify(seen));
    });
  });
  await once(server.listen(port, '::'), 'listening');
  process.stdout.write('listening\n');
}

async function upload(host: string, port: number, mebibytes: number): Promise<void> {
  const socket = connect({ host, port, allowHalfOpen: true });
  socket.setTimeout(5000, () => socket.destroy(new Error('the connection hangs')));
  const answer: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => answer.push(chunk));
  await pipeline(content(mebibytes), socket);
  if (!socket.readableEnded) await once(socket, 'end');
  process.stdout.write(Buffer.concat(answer));
}

const [role, ...values] = process.argv.slice(2);
if (role === 'serve') await serve(Number(values[0]));
if (role === 'upload') await upload(values[0] ?? '', Number(values[1]), Number(values[2]));
