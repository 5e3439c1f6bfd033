import { addressFromBytes, addressFromInteger, parseAddress, type IpAddress } from '@fairlead/ip';
import { arpProbe, gratuitousArp } from '@fairlead/l2';
import { Poller, type TcMode } from '@fairlead/linux';
import assert from 'node:assert/strict';
import { after, before, beforeEach, suite, test } from 'node:test';
import { held4, watched4, client4, client, stranger, us } from './conformance/cast.ts';
import { ask, arpReply, solicit, advertisement } from './conformance/frames.ts';
import { Stage } from './conformance/stage.ts';
import { answersMax, type Answer } from './responder-layout.ts';

for (const mode of ['tcx', 'clsact'] as const) {
  suite(`answers and evidence, attached by ${mode}`, () => maps(mode));
}

test('where the map is full what does not fit is told, and the rest is answered', () => {
  using stage = new Stage('tcx');
  const { maps } = stage;
  const previous = maps.answers();
  const many = Array.from({ length: answersMax }, (_, index): Answer => {
    const address = addressFromInteger(4, 0x0a000000n + BigInt(index));
    return { interfaceIndex: 1, address, mac: us, mode: 'watch' };
  });
  const [gone] = many;
  const refused = maps.setAnswers([...previous, ...many]);
  const [extra] = refused;
  assert.ok(gone !== undefined && extra !== undefined);
  assert.deepEqual(refused, many.slice(-previous.length));
  const enter = ({ interfaceIndex, address }: Answer) =>
    maps.answer(interfaceIndex, address, us, 'watch');
  assert.ok(!enter(extra));
  assert.ok(enter(gone), 'what is there can be changed');
  stage.setFence('ahead');
  stage.expect(ask(held4), { reply: arpReply(held4), evidence: undefined });
  assert.ok(maps.remove(gone.interfaceIndex, gone.address));
  assert.ok(enter(extra));
});

function maps(mode: TcMode): void {
  let stage: Stage;
  before(() => {
    stage = new Stage(mode);
  });
  after(() => stage[Symbol.dispose]());
  beforeEach(() => stage.setFence('ahead'));

  test('evidence wakes whoever waits for it', () => {
    const poller = new Poller();
    poller.add(stage.maps.fd);
    assert.deepEqual(poller.wait(0), []);
    stage.cable.exchange(arpProbe(stranger, watched4));
    assert.deepEqual(poller.wait(2000), [stage.maps.fd]);
    assert.equal(stage.drain().length, 1);
    assert.deepEqual(poller.wait(0), []);
  });

  test('evidence that nobody reads is counted, and the rest goes on', () => {
    const [frame] = gratuitousArp(stranger, held4);
    const before = stage.maps.counters();
    const sent = 3000n;
    for (let count = 0n; count < sent; count += 1n) stage.cable.exchange(frame);
    const { events, eventsDropped } = stage.maps.counters();
    assert.equal(events - before.events + eventsDropped - before.eventsDropped, sent);
    assert.ok(eventsDropped > before.eventsDropped);
    assert.equal(stage.cable.exchange(ask(held4)).reply?.toHex(), arpReply(held4).toHex());
    assert.equal(BigInt(stage.drain().length), events - before.events);
    stage.check({ frame, evidence: { kind: 'claim', address: held4, mac: stranger } });
  });

  test('a thousand addresses of each family', () => {
    const interfaceIndex = stage.cable.nearIndex;
    const many = Array.from({ length: 1000 }, (_, index) => {
      const tail = [index >> 8, index & 0xff];
      return [
        addressFromBytes(Uint8Array.of(198, 18, ...tail)),
        addressFromBytes(
          Uint8Array.of(0x20, 1, 0xd, 0xb8, 0, 6, ...Array<number>(8).fill(0), ...tail),
        ),
      ] as const;
    });
    const wanted = many.flat().map((address): Answer => {
      return { interfaceIndex, address, mac: us, mode: 'answer' };
    });
    const previous = stage.maps.answers();
    stage.maps.setAnswers([...previous, ...wanted]);
    assert.equal(stage.maps.answers().length, previous.length + wanted.length);
    for (const [ipv4, ipv6] of many) {
      answered(ask(ipv4), arpReply(ipv4));
      answered(solicit(ipv6), advertisement(ipv6));
    }
    stage.maps.setAnswers(previous);
    assert.deepEqual(byAddress(stage.maps.answers()), byAddress(previous));
    stage.check({ frame: ask(many[0]?.[0] ?? held4) });
  });

  test('one entry at a time', () => {
    const { maps } = stage;
    const interfaceIndex = stage.cable.nearIndex;
    const added = parseAddress('192.0.2.77') as IpAddress;
    maps.answer(interfaceIndex, added, us, 'answer');
    answered(ask(added), arpReply(added));
    maps.answer(interfaceIndex, added, stranger, 'answer');
    answered(ask(added), arpReply(added, client4, client, stranger));
    maps.answer(interfaceIndex, added, us, 'watch');
    assert.equal(stage.cable.exchange(ask(added)).reply, undefined);
    assert.ok(maps.remove(interfaceIndex, added));
    assert.ok(!maps.remove(interfaceIndex, added));
    stage.check({ frame: arpProbe(stranger, added) });
  });

  function answered(question: Uint8Array, answer: Uint8Array): void {
    stage.expect(question, { reply: answer, evidence: undefined });
  }
}

function byAddress(answers: readonly Answer[]): Answer[] {
  return answers.toSorted((a, b) => (a.address < b.address ? -1 : 1));
}
