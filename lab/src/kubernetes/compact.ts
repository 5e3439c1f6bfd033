// Makes etcd forget all versions before the present one. Argument: the port of its clients.
import * as http from 'node:http';

function ask(path: string, body: object): Promise<{ header: { revision: string } }> {
  return new Promise((resolve, reject) => {
    http
      .request({ host: '127.0.0.1', port: process.argv[2], path, method: 'POST' }, (answer) => {
        let text = '';
        answer.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        answer.once('end', () => {
          if (answer.statusCode === 200) resolve(JSON.parse(text) as never);
          else reject(new Error(`etcd ${path}: ${answer.statusCode} ${text}`));
        });
      })
      .once('error', reject)
      .end(JSON.stringify(body));
  });
}

const { header } = await ask('/v3/kv/range', { key: Buffer.from('x').toString('base64') });
await ask('/v3/kv/compaction', { revision: header.revision, physical: true });
