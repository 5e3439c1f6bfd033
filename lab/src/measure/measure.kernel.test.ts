import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { parseAddress, type IpAddress } from '@fairlead/ip';
import {
  answersAfter,
  answersByPod,
  disguisedAttempts,
  durationMs,
  Lab,
  longestGap,
  longestMs,
  longestSilence,
  longestUnasked,
  lostAttempts,
  monotonicMs,
  NumberedFlow,
  ownershipsOf,
  startConnector,
  startObserver,
  startPodServer,
  twoOwnerSpans,
  waitFor,
  type Claim,
  type Host,
  type Observation,
} from '../index.ts';

const [owned4, owned6] = ['192.0.2.240', '2001:db8::240'].map((text) => parseAddress(text)) as [
  IpAddress,
  IpAddress,
];
const both = [owned4, owned6];

let lab: Lab;
let one: Host;
let two: Host;
let client: Host;

before(async () => {
  lab = await Lab.create({ name: 'measure' });
  const lan = await lab.switch('lan');
  const nics = (last: number) => [
    { switch: lan, addresses: [`192.0.2.${last}/24`, `2001:db8::${last}/64`] },
  ];
  one = await lab.foreign('one', { nics: nics(1) });
  two = await lab.foreign('two', { nics: nics(2) });
  client = await lab.client('client', { nics: nics(100) });
  await lab.settled();
});

after(() => lab[Symbol.asyncDispose]());

/** Gives a host the owned addresses, until disposed of. */
async function own(host: Host): Promise<AsyncDisposable> {
  const change = async (verb: 'add' | 'del'): Promise<void> => {
    const prefixes = [`${owned4}/32`, `${owned6}/128`];
    const lines = prefixes.map((prefix) => `addr ${verb} ${prefix} dev eth0\n`);
    await host.exec(['ip', '-batch', '-'], { input: lines.join('') });
  };
  await change('add');
  return { [Symbol.asyncDispose]: () => change('del') };
}

/** Resolves once a host answers the observer for both addresses. */
async function answersOf(
  host: Host,
  observations: () => readonly Observation[],
  sinceMs: number,
): Promise<void> {
  for (const address of both) {
    await waitFor(
      () => answersAfter(observations(), host.nic.mac, sinceMs).some((a) => a.address === address),
      { what: `${host.name} to answer for ${address}` },
    );
  }
}

test('the observer sees owners come, be two, and go, for IPv4 and IPv6', async (t) => {
  await using observer = await startObserver(client, { addresses: both });
  const seen = (): readonly Observation[] => observer.records;
  const fromMs = monotonicMs();
  const first = await own(one);
  await answersOf(one, seen, 0);
  const secondComesMs = monotonicMs();
  await using _ = await own(two);
  await answersOf(two, seen, secondComesMs);
  await answersOf(one, seen, monotonicMs() + 30);
  const firstGoesMs = monotonicMs();
  await first[Symbol.asyncDispose]();
  const firstGoneMs = monotonicMs();
  await answersOf(two, seen, firstGoneMs + 50);
  const dark = await two.nic.dark();
  await pause(200);
  const healingMs = monotonicMs();
  await dark.heal();
  await answersOf(two, seen, monotonicMs());
  const toMs = monotonicMs();
  const observations = await observer.stop();

  const unaskedMs = durationMs(longestUnasked(observations, { fromMs, toMs }));
  t.diagnostic(`it did not ask for ${unaskedMs.toFixed(0)} ms at most`);
  for (const address of both) {
    const owners = ownershipsOf(observations, address).map(({ mac }) => mac);
    assert.equal(owners[0], one.nic.mac);
    assert.deepEqual(new Set(owners), new Set([one.nic.mac, two.nic.mac]));
    const twice = twoOwnerSpans(observations, address);
    assert.ok(longestMs(twice) > 20, `two owners for ${longestMs(twice)} ms`);
    assert.ok(twice.every((span) => span.fromMs >= secondComesMs && span.toMs <= firstGoneMs));
    const silence = longestSilence(observations, address, { fromMs: firstGoesMs, toMs });
    assert.ok(silence.fromMs < dark.completeMs && silence.toMs > healingMs);
    assert.ok(durationMs(silence) >= healingMs - dark.completeMs);
  }
  assert.deepEqual(answersAfter(observations, one.nic.mac, firstGoneMs), []);
});

test('the observer sees who claims an address without being asked', async () => {
  await using _ = await own(one);
  await using observer = await startObserver(client, { addresses: both });
  const claims = (): Claim[] => observer.records.filter((record) => record.kind === 'claim');
  // A kernel that looks for a neighbour does so in the name of the address it will send from. IPv6 asks a
  // group, of which the observer's host has to be a member.
  for (const [source, target] of [
    [owned4, '192.0.2.77'],
    [owned6, '2001:db8::100'],
  ] as const) {
    await one.exec(['ip', 'neighbor', 'flush', 'dev', 'eth0', 'to', target]);
    await one.exec(['ip', 'route', 'add', target, 'dev', 'eth0', 'src', source]);
    await one.exec(['bash', '-c', `echo > /dev/udp/${target}/9`], { mayFail: true });
    await waitFor(() => claims().some(({ address }) => address === source), { what: source });
    await one.exec(['ip', 'route', 'del', target, 'dev', 'eth0', 'src', source]);
  }
  const { mac } = one.nic;
  const forms = claims().map(({ address, mac, form }) => `${address} ${mac} ${form}`);
  const expected = [`${owned4} ${mac} arp-request`, `${owned6} ${mac} neighbour-solicitation`];
  assert.deepEqual([...new Set(forms)], expected);
});

test('the connector measures how long a service was away, and whom it saw', async () => {
  await using server = await startPodServer(one, { pod: 'web', ports: [80] });
  const addresses = ['192.0.2.1', '2001:db8::1'];
  const protocols = ['tcp', 'udp'] as const;
  await using asking = await startConnector(client, {
    addresses,
    port: 80,
    protocols,
    patienceMs: 50,
  });
  await asking.next(({ answer }) => answer !== undefined);
  const good = await asking.next(
    ({ answer, protocol }) => protocol === 'tcp' && answer !== undefined,
  );
  const began = monotonicMs();
  await server.freeze();
  await asking.next(({ error, startedMs }) => error === 'timeout' && startedMs > began);
  await pause(200);
  const thawedMs = monotonicMs();
  server.thaw();
  const back = await asking.next(
    ({ answer, startedMs }) => answer !== undefined && startedMs > thawedMs,
  );
  const attempts = await asking.stop();
  assert.equal(good.answer?.pod, 'web');
  assert.deepEqual(disguisedAttempts(attempts), []);
  assert.deepEqual([...answersByPod(attempts).keys()], ['web']);
  const gap = longestGap(attempts);
  // What was asked shortly before the thaw is answered in time, by it.
  assert.ok(gap && gap.ms > 150 && gap.failed > 0, JSON.stringify(gap));
  // No longer than between two that are known to have been answered.
  assert.ok(gap.fromMs >= good.startedMs && gap.toMs <= back.startedMs, JSON.stringify(gap));
  assert.ok(lostAttempts(attempts).length >= gap.failed);
  // Nobody listens there: an answer of the kernel's, not silence.
  await using refused = await startConnector(client, { addresses, port: 81, protocols, count: 1 });
  await refused.process.exited;
  const errors = (await refused.stop()).map(({ error }) => error);
  assert.deepEqual(new Set(errors), new Set(['ECONNREFUSED']));
  assert.equal(errors.length, 4);
});

for (const [protocol, address] of [
  ['udp', '192.0.2.1'],
  ['udp', '2001:db8::1'],
  ['tcp', '192.0.2.1'],
  ['tcp', '2001:db8::1'],
] as const) {
  test(`numbers by ${protocol} through ${address}: all back, or counted as lost`, async () => {
    await using server = await startPodServer(one, { echoPorts: [7] });
    const options = { address, port: 7, protocol, rate: 500, graceMs: 2_000 };
    await using whole = await NumberedFlow.start(client, options);
    await pause(1_000);
    const { sent, lost, duplicated, outOfOrder, error } = await whole.stop();
    assert.ok(sent > 50, `sent ${sent}`);
    assert.deepEqual(
      { lost, duplicated, outOfOrder, error },
      { lost: 0, duplicated: 0, outOfOrder: 0, error: undefined },
    );

    await using broken = await NumberedFlow.start(client, options);
    await pause(1_000);
    server.kill();
    await pause(1_000);
    const result = await broken.stop();
    assert.ok(result.received > 20, JSON.stringify(result));
    if (protocol === 'tcp') {
      // With the connection the flow ends, and says why: of the 500 of the next second none follow.
      assert.match(result.error ?? '', /ECONNRESET|EPIPE|closed by the other end/);
      assert.ok(result.lost < 250, JSON.stringify(result));
    } else {
      // Packets go on, and the kernel at the other end says that nobody listens.
      assert.equal(result.error, 'ECONNREFUSED');
      assert.equal(result.lostRuns.at(-1)?.last, result.sent - 1);
    }
  });
}

test('a tool that cannot start says why', async () => {
  const starting = startObserver(client, { addresses: both, device: 'eth9' });
  await assert.rejects(
    starting,
    /client\/observer did not start: [^]*no Ethernet interface "eth9"/,
  );
  await assert.rejects(startObserver(client, { addresses: ['192.0.2'] }), /not "192\.0\.2"/);
});

test('a tool that was killed is not taken for one that saw nothing', async () => {
  const observer = await startObserver(client, { addresses: both });
  observer.process.kill();
  await observer.process.exited;
  await assert.rejects(observer.stop(), /client\/observer ended with SIGKILL/);
});
