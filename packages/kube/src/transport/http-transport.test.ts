import assert from 'node:assert/strict';
import * as http from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { KubeClient } from '../client/kube-client.ts';
import { resources } from '../client/resources.ts';
import { systemClock } from '../clock.ts';
import { until } from '../testing/until.ts';
import { ApiError, ConnectionError } from './errors.ts';
import { HttpTransport } from './http-transport.ts';
import { fixedIdentity, type IdentitySource } from './identity.ts';

async function bench(
  handler: http.RequestListener,
  identity: IdentitySource = fixedIdentity({ token: 'top-secret' }),
) {
  const sockets = new Set<Socket>();
  const server = http.createServer(handler);
  server.on('connection', (socket) => sockets.add(socket));
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const transport = new HttpTransport(
    { server: new URL(`http://127.0.0.1:${port}/base/`), namespace: 'x', identity },
    systemClock,
  );
  const client = new KubeClient(transport, { fieldManager: 'test' });
  return {
    client,
    transport,
    sockets,
    [Symbol.dispose]: () => {
      client[Symbol.dispose]();
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

const send = (answer: http.ServerResponse, status: number, body: unknown): void =>
  void answer.writeHead(status).end(JSON.stringify(body));

test('what goes over the wire', async () => {
  const seen: object[] = [];
  using b = await bench((request, answer) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      const { authorization, 'content-type': type } = request.headers;
      seen.push({ method: request.method, url: request.url, authorization, type, body });
      send(answer, 200, {});
    });
  });
  const object = { metadata: { name: 'web', namespace: 'x' } };
  await b.client.apply(resources.services, object, { subresource: 'status', force: true });
  await b.client.delete(resources.services, { namespace: 'x', name: 'web' }, { uid: 'u' });
  const authorization = 'Bearer top-secret';
  assert.deepEqual(seen, [
    {
      method: 'PATCH',
      url: '/base/api/v1/namespaces/x/services/web/status?fieldManager=test&force=true',
      authorization,
      type: 'application/apply-patch+yaml',
      body: '{"apiVersion":"v1","kind":"Service","metadata":{"name":"web","namespace":"x"}}',
    },
    {
      method: 'DELETE',
      url: '/base/api/v1/namespaces/x/services/web',
      authorization,
      type: 'application/json',
      body: '{"preconditions":{"uid":"u"}}',
    },
  ]);
  assert.equal(b.sockets.size, 1, 'the connection is kept');
});

test('refusals are typed, and name what is wrong', async () => {
  using b = await bench((_, answer) => {
    answer.setHeader('retry-after', '7');
    send(answer, 429, {
      kind: 'Status',
      reason: 'TooManyRequests',
      message: 'slow down',
      details: { causes: [{ field: 'spec.x', message: 'bad', reason: 'FieldValueInvalid' }] },
    });
  });
  await assert.rejects(b.client.get(resources.nodes, { name: 'n' }), (error) => {
    assert.ok(error instanceof ApiError);
    assert.deepEqual(
      [error.code, error.reason, error.retryAfterMs],
      [429, 'TooManyRequests', 7_000],
    );
    assert.deepEqual(error.causes, [
      { field: 'spec.x', message: 'bad', reason: 'FieldValueInvalid' },
    ]);
    assert.equal(error.message, 'GET /api/v1/nodes/n: 429 TooManyRequests: slow down');
    return true;
  });
});

test('a server that asks us to stay away for years is asked again after minutes', async () => {
  let header: string | undefined;
  using b = await bench((_, answer) => {
    if (header !== undefined) answer.setHeader('retry-after', header);
    send(answer, 503, { kind: 'Status', details: { retryAfterSeconds: 1e9 } });
  });
  for (header of ['Thu, 31 Dec 2099 00:00:00 GMT', '999999999', undefined]) {
    await assert.rejects(
      b.client.get(resources.nodes, { name: 'n' }),
      (error) => error instanceof ApiError && error.retryAfterMs === 300_000,
      String(header),
    );
  }
});

test('a refusal that is no Status, as of a proxy', async () => {
  using b = await bench((_, answer) => void answer.writeHead(502).end('<html>bad gateway'));
  await assert.rejects(b.client.get(resources.nodes, { name: 'n' }), /502: <html>bad gateway$/u);
});

test('silence before and within an answer ends it', async () => {
  using b = await bench((request, answer) => {
    if (request.url?.includes('begin')) answer.writeHead(200).write('{');
  });
  for (const [name, timeoutMs, message] of [
    ['never', 50, /no answer in 50 ms/u],
    // Long enough for the beginning to come in time.
    ['begin', 1_000, /silent for 1000 ms/u],
  ] as const) {
    await assert.rejects(b.client.get(resources.nodes, { name }, { timeoutMs }), (error) => {
      assert.ok(error instanceof ConnectionError);
      assert.match(error.message, message);
      return true;
    });
  }
});

test('a connection that is cut within the answer is no end of it', async () => {
  using b = await bench((request, answer) => {
    answer.writeHead(200).write('{"items":[');
    setTimeout(() => request.socket.destroy(), 10);
  });
  await assert.rejects(b.client.listPage(resources.nodes), ConnectionError);
});

test('a kept connection that the server closed meanwhile is no failure of a reading request', async () => {
  let requests = 0;
  using b = await bench((request, answer) => {
    requests += 1;
    // The second comes by the kept connection, and finds it closing.
    if (requests === 2) request.socket.resetAndDestroy();
    else send(answer, 200, {});
  });
  await b.client.get(resources.nodes, { name: 'a' });
  await b.client.get(resources.nodes, { name: 'b' });
  assert.equal(requests, 3);
});

test('abort ends a request and a watch with its own reason', async () => {
  using b = await bench((request, answer) => {
    if (request.url?.includes('watch')) answer.writeHead(200).flushHeaders();
  });
  for (const run of [
    (signal: AbortSignal) => b.client.get(resources.nodes, { name: 'n' }, { signal }),
    (signal: AbortSignal) => b.client.watch(resources.nodes, { signal, silenceMs: 5_000 }).next(),
  ]) {
    const stopping = new AbortController();
    setTimeout(() => stopping.abort(new Error('enough')), 20);
    await assert.rejects(run(stopping.signal), /^Error: enough$/u);
  }
});

test('after 401 other credentials are tried once', async () => {
  let token = 'old';
  using b = await bench(
    (request, answer) =>
      send(answer, request.headers.authorization === 'Bearer new' ? 200 : 401, {}),
    {
      current: () => Promise.resolve({ token }),
      refused: () => {
        token = 'new';
        return true;
      },
    },
  );
  await b.client.get(resources.nodes, { name: 'n' });
});

test('another certificate closes kept connections, and not those of requests under way', async () => {
  let certificate = 'one';
  const arrived = Promise.withResolvers<http.ServerResponse>();
  using b = await bench(
    (request, answer) => {
      if (request.method === 'DELETE') arrived.resolve(answer);
      else send(answer, 200, {});
    },
    {
      current: () => Promise.resolve({ client: { certificate, key: 'k' } }),
      refused: () => false,
    },
  );
  const underWay = b.client.delete(resources.nodes, { name: 'n' });
  const answer = await arrived.promise;
  await b.client.get(resources.nodes, { name: 'n' });
  const [, kept] = b.sockets;
  certificate = 'two';
  await b.client.get(resources.nodes, { name: 'n' });
  await until('the kept connection is closed', () => kept?.destroyed === true, 2_000);
  send(answer, 200, {});
  assert.equal(await underWay, true);
});

test('no credential is shown by an inspection or an error', async () => {
  using b = await bench((request) => request.socket.destroy());
  const error: unknown = await b.client
    .get(resources.nodes, { name: 'n' })
    .catch((thrown: unknown) => thrown);
  const shown = inspect([b.client, b.transport, error], { depth: 20, showHidden: true });
  assert.ok(error instanceof ConnectionError);
  assert.ok(!shown.includes('top-secret'), shown);
});
