import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { parse as parseYaml, stringify } from 'yaml';
import type { Clock } from '../clock.ts';
import { until } from '../testing/until.ts';
import { VirtualClock } from '../testing/virtual-clock.ts';
import type { Connection } from './connection.ts';
import { ConfigurationError } from './errors.ts';
import { inClusterConnection } from './in-cluster.ts';
import { kubeconfigConnection, readKubeconfig } from './kubeconfig.ts';

const directory = mkdtempSync(join(tmpdir(), 'fairlead-kubeconfig-'));
after(() => rmSync(directory, { recursive: true }));

const pem = '-----BEGIN CERTIFICATE-----\nc2VjcmV0\n-----END CERTIFICATE-----';
const base64 = Buffer.from(pem).toString('base64');

function config(user: object, cluster: object = {}, context: object = {}): string {
  return stringify({
    'current-context': 'here',
    contexts: [
      { name: 'other', context: { cluster: 'c', user: 'nobody' } },
      { name: 'here', context: { cluster: 'c', user: 'u', ...context } },
    ],
    clusters: [{ name: 'c', cluster: { server: 'https://10.0.0.1:6443', ...cluster } }],
    users: [{ name: 'u', user }, { name: 'nobody' }],
  });
}

function parse(text: string, context?: string, clock: Clock = new VirtualClock()): Connection {
  return readKubeconfig(parseYaml(text), {
    path: join(directory, 'config'),
    context,
    environment: { PATH: '/usr/bin:/bin' },
    clock,
  });
}

function script(name: string, text: string): string {
  const path = join(directory, name);
  writeFileSync(path, `#!/bin/sh\n${text}\n`);
  chmodSync(path, 0o755);
  return path;
}

test('a token, a namespace, an authority and a name for the certificate', async () => {
  const connection = parse(
    config(
      { token: 'abc' },
      { 'certificate-authority-data': base64, 'tls-server-name': 'api' },
      { namespace: 'team' },
    ),
  );
  assert.equal(connection.server.href, 'https://10.0.0.1:6443/');
  assert.deepEqual(
    [connection.namespace, connection.certificateAuthority, connection.serverName],
    ['team', pem, 'api'],
  );
  assert.deepEqual((await connection.identity.current()).token, 'abc');
});

test('a client certificate from data, from files, and one of each', async () => {
  writeFileSync(join(directory, 'tls.crt'), pem);
  const client = { certificate: pem, key: pem };
  for (const user of [
    { 'client-certificate-data': base64, 'client-key-data': base64 },
    { 'client-certificate': 'tls.crt', 'client-key': 'tls.crt' },
    { 'client-certificate': 'tls.crt', 'client-key-data': base64 },
  ]) {
    const { identity } = parse(config(user));
    assert.deepEqual((await identity.current()).client, client);
  }
});

test('another context can be asked for, and one without credentials is nobody', async () => {
  const { identity } = parse(config({ token: 'abc' }), 'other');
  const { token, client } = await identity.current();
  assert.deepEqual([token, client], [undefined, undefined]);
});

test('a token file is read again when it is replaced, and survives its absence', async () => {
  const path = join(directory, 'token');
  writeFileSync(path, 'first\n');
  const { identity } = parse(config({ tokenFile: 'token', token: 'not this one' }));
  const first = await identity.current();
  assert.equal(first.token, 'first');
  assert.equal(identity.refused(first), false);
  writeFileSync(`${path}.new`, 'second\n');
  renameSync(`${path}.new`, path);
  assert.equal(identity.refused(first), true);
  assert.equal((await identity.current()).token, 'second');
  rmSync(path);
  assert.equal((await identity.current()).token, 'second');
  writeFileSync(path, '');
  assert.equal((await identity.current()).token, 'second');
});

test('what is not supported or wrong is said with its place, and without secrets', () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    [config({}, { 'proxy-url': 'http://user:s3cret@proxy' }), /cluster "c" has proxy-url/u],
    [config({ as: 'root' }), /has as: acting as another/u],
    [config({ username: 'a', password: 's3cret' }), /has username: passwords/u],
    [config({ 'auth-provider': { name: 'gcp' } }), /auth-provider: use exec/u],
    [config({ token: 'abc' }, { server: 'ftp://s3cret' }), /server is no http/u],
    [config({ token: 'abc' }, { server: 'https://u:s3cret@h' }), /user name or password/u],
    [config({ 'client-certificate-data': base64 }), /without the other/u],
    [config({}, { 'certificate-authority-data': 'czNjcmV0' }), /no PEM in base64/u],
    [config({ token: 5 }), /has a token that is not text/u],
    [config({ tokenFile: 'missing' }), /cannot read the tokenFile at .*missing/u],
    [
      config({}, { 'insecure-skip-tls-verify': true, 'certificate-authority-data': base64 }),
      /both a certificate-authority and/u,
    ],
    [config({ exec: { command: 'x', apiVersion: 'v0' } }), /apiVersion "v0" is none of/u],
    [
      config({
        exec: {
          command: 'x',
          apiVersion: 'client.authentication.k8s.io/v1',
          interactiveMode: 'Always',
        },
      }),
      /no terminal/u,
    ],
    ['[]', /is not a record/u],
    ['{}', /has no current-context/u],
    ['{current-context: a, contexts: 5}', /contexts that are not a list/u],
    ['{current-context: a, contexts: [{name: b}]}', /has no context "a"/u],
  ];
  for (const [text, message] of cases) {
    assert.throws(
      () => parse(text),
      (error) =>
        error instanceof ConfigurationError &&
        message.test(error.message) &&
        !/s3cret|czNjcmV0/u.test(`${error.stack} ${String(error.cause)}`),
      String(message),
    );
  }
});

test('a kubeconfig file: read as YAML, and what is wrong with that is said without its text', async () => {
  const path = join(directory, 'kubeconfig');
  const read = (): Promise<Connection> => kubeconfigConnection({ path, environment: {} });
  await assert.rejects(read, /^ConfigurationError: cannot read kubeconfig .*kubeconfig$/u);
  writeFileSync(path, 'a: 1\ntoken: [s3cret');
  await assert.rejects(
    read,
    (error) =>
      error instanceof ConfigurationError &&
      error.message.endsWith('is no YAML: line 2') &&
      !String(error.stack).includes('s3cret'),
  );
  writeFileSync(path, config({ token: 'abc' }));
  assert.equal((await read()).namespace, 'default');
});

test('a credential plugin is asked once until what it gave expires or is refused', async () => {
  const clock = new VirtualClock();
  const count = join(directory, 'count');
  const command = script(
    'plugin',
    `printf x >> ${count}; n=$(wc -c < ${count})
     test "$GREETING" = hello || exit 9
     case "$KUBERNETES_EXEC_INFO" in *'"server":"https://10.0.0.1:6443"'*) ;; *) exit 8;; esac
     echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"t'$n'","expirationTimestamp":"2030-01-01T00:01:01Z"}}'`,
  );
  const text = config({
    exec: {
      apiVersion: 'client.authentication.k8s.io/v1',
      command,
      env: [{ name: 'GREETING', value: 'hello' }],
      provideClusterInfo: true,
    },
  });
  const { identity } = readKubeconfig(parseYaml(text), {
    path: join(directory, 'config'),
    environment: { PATH: '/usr/bin:/bin' },
    clock,
  });
  const both = await Promise.all([identity.current(), identity.current()]);
  assert.deepEqual(
    both.map(({ token }) => token),
    ['t1', 't1'],
  );
  await clock.advance(40_000);
  const first = await identity.current();
  assert.equal(first.token, 't1');
  await clock.advance(15_000);
  const second = await identity.current();
  assert.equal(second.token, 't2', 'renewed before it expires');
  assert.equal(identity.refused(second), true);
  assert.equal((await identity.current()).token, 't3');
});

test('a credential plugin that fails says why, and no secret', async () => {
  const secret = 'eyJhbGciOiJSUzI1NiIsImtpZCI6.s3cret';
  const head = '"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential"';
  const cases: readonly (readonly [string, RegExp])[] = [
    [`echo "cannot log in with ${secret}" >&2; exit 3`, /ended with 3: cannot log in with …/u],
    [`echo ${secret}`, /printed no JSON/u],
    [`echo '{"status":{"token":"${secret}"}}'`, /printed no ExecCredential/u],
    [`echo '{${head},"status":{"clientKeyData":"${secret}"}}'`, /without the other/u],
    [`echo '{${head},"status":{"token":"${secret}\\u0000"}}'`, /no header may hold/u],
    [`echo '{${head},"status":{"token":"${secret}","expirationTimestamp":"soon"}}'`, /is no time/u],
  ];
  for (const [at, [text, message]] of cases.entries()) {
    const command = script(`failing-${at}`, text);
    const { identity } = parse(
      config({
        exec: { apiVersion: 'client.authentication.k8s.io/v1', command, args: [secret] },
      }),
    );
    await assert.rejects(
      identity.current(),
      (error) =>
        error instanceof ConfigurationError &&
        message.test(error.message) &&
        !`${error.stack} ${JSON.stringify(error)} ${String(error.cause)}`.includes('s3cret'),
      String(message),
    );
  }
});

test('a credential plugin that hangs holds up nobody who gives up, and is killed after 30 s', async () => {
  const clock = new VirtualClock();
  const pidFile = join(directory, 'pid');
  const command = script('hanging', `trap '' TERM; echo $$ > ${pidFile}; exec sleep 60`);
  const exec = { apiVersion: 'client.authentication.k8s.io/v1', command };
  const { identity } = parse(config({ exec }), undefined, clock);
  const patient = assert.rejects(identity.current(), /no answer in 30000 ms$/u);
  const stopping = new AbortController();
  const hasty = assert.rejects(identity.current(stopping.signal), /^Error: enough$/u);
  stopping.abort(new Error('enough'));
  await hasty;
  const pid = (): string => readFileSync(pidFile, 'utf8').trim();
  await until('it runs', () => pid() !== '');
  await clock.advance(30_000);
  await until('it is killed', () => !existsSync(`/proc/${pid()}`));
  await patient;
});

test('a pod finds its account', async () => {
  for (const [name, text] of [
    ['token', 'pod-token'],
    ['ca.crt', pem],
    ['namespace', 'fairlead-system'],
  ] as const) {
    writeFileSync(join(directory, name), text);
  }
  const environment = { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '443' };
  const { server, namespace, identity } = inClusterConnection(environment, directory);
  assert.equal(server.host, '[fd00::1]');
  assert.equal(namespace, 'fairlead-system');
  assert.equal((await identity.current()).token, 'pod-token');
  assert.throws(() => inClusterConnection({}, directory), /not in a pod/u);
});
