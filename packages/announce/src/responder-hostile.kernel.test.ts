import { macToBytes } from '@fairlead/ip';
import {
  arpProbe,
  broadcastMac,
  duplicateAddressProbe,
  gratuitousArp,
  unsolicitedNeighbourAdvertisement,
} from '@fairlead/l2';
import { PacketSocket, type TcMode } from '@fairlead/linux';
import * as fc from 'fast-check';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, before, beforeEach, suite, test } from 'node:test';
import { ip } from './conformance/cable.ts';
import {
  held4,
  held6,
  watched4,
  watched6,
  free4,
  free6,
  client4,
  client,
  stranger,
  us,
  sibling,
  echo,
  zeroMac,
} from './conformance/cast.ts';
import {
  ask,
  arpReply,
  solicit,
  advertisement,
  withByte,
  withOptions,
  withChecksum,
  tagged,
} from './conformance/frames.ts';
import { judge } from './conformance/judge.ts';
import { Stage } from './conformance/stage.ts';

for (const mode of ['tcx', 'clsact'] as const) {
  suite(`odd and hostile frames, attached by ${mode}`, () => frames(mode));
}

function frames(mode: TcMode): void {
  let stage: Stage;
  before(() => {
    stage = new Stage(mode);
  });
  after(() => stage[Symbol.dispose]());
  beforeEach(() => stage.setFence('ahead'));

  test('a frame of a VLAN is not ours, a priority tag does not matter', () => {
    const count = `table netdev tags { chain ingress {
      type filter hook ingress device "${stage.cable.farName}" priority 0;
      vlan pcp 0-7 counter
    }
    }`;
    execFileSync('nft', ['-f', '-'], { input: count });
    for (const [untagged, reply] of [
      [ask(held4), arpReply(held4)],
      [solicit(held6), advertisement(held6)],
    ] as const) {
      // The kernel takes the tag off in any case.
      const foreign = stage.cable.exchange(tagged(untagged, 5));
      assert.deepEqual([foreign.reply, foreign.passed?.toHex()], [undefined, untagged.toHex()]);
      const priority = stage.cable.exchange(tagged(untagged, 0x6000));
      assert.deepEqual([priority.reply?.toHex(), priority.passed], [reply.toHex(), undefined]);
    }
    // As the kernel's own answers, ours have no tag.
    const counted = execFileSync('nft', ['list', 'table', 'netdev', 'tags'], { encoding: 'utf8' });
    assert.match(counted, /counter packets 0 /);
    execFileSync('nft', ['delete', 'table', 'netdev', 'tags']);
  });

  test('a capture at the interface sees the question as it came', () => {
    using capture = new PacketSocket({ interfaceIndex: stage.cable.nearIndex, etherType: 0x0003 });
    for (const [frame, reply] of [
      [ask(held4), arpReply(held4)],
      [solicit(held6), advertisement(held6)],
    ] as const) {
      stage.check({ frame, reply });
      assert.equal(capture.receive()?.frame.toHex(), frame.toHex());
    }
  });

  test('a frame of which the kernel keeps all but the Ethernet header in fragments', () => {
    for (const name of [stage.cable.nearName, stage.cable.farName]) ip(`link set ${name} mtu 9000`);
    for (const [question, reply] of [
      [ask(held4), arpReply(held4)],
      [solicit(held6), advertisement(held6)],
      [ask(free4), undefined],
      [solicit(free6), undefined],
      [withByte(solicit(held6), 20, 17), undefined],
    ] as const) {
      const frame = new Uint8Array(8000);
      frame.set(question);
      stage.check(reply ? { frame, reply } : { frame });
    }
  });

  test('whatever is done to a frame, the kernel and the model agree', () => {
    const [gratuitousRequest, gratuitousReply] = gratuitousArp(stranger, held4);
    const nonce = Uint8Array.of(14, 1, 1, 2, 3, 4, 5, 6);
    const seeds = [
      ask(held4),
      ask(held4, { targetMac: us }),
      ask(held4, { senderMac: stranger, senderIp: watched4 }),
      ask(echo, { targetMac: us }),
      arpProbe(client, watched4),
      arpProbe(client, held4),
      gratuitousRequest,
      gratuitousReply,
      arpReply(echo, client4, us, client),
      solicit(held6),
      solicit(held6, { destination: held6, to: us }),
      solicit(held6, { destination: held6, to: us, sourceMac: undefined }),
      withOptions(solicit(held6), nonce, nonce),
      duplicateAddressProbe(client, held6),
      duplicateAddressProbe(client, watched6),
      unsolicitedNeighbourAdvertisement(stranger, held6, held6),
    ];
    const pieces = [us, sibling, client, zeroMac, broadcastMac].map(macToBytes);
    const edit = fc.record({
      offset: fc.nat({ max: 110 }),
      bytes: fc.oneof(
        fc.uint8Array({ minLength: 1, maxLength: 2 }),
        fc.constantFrom(...pieces),
        fc.constantFrom(0, 1, 2, 3, 255).map((value) => Uint8Array.of(value)),
      ),
    });
    const hostile = fc
      .record({
        seed: fc.constantFrom(...seeds),
        edits: fc.array(edit, { maxLength: 4 }),
        length: fc.option(fc.integer({ min: 14, max: 200 }), { nil: undefined, freq: 3 }),
        valid: fc.boolean(),
      })
      .map(({ seed, edits, length = seed.length, valid }) => {
        const frame = new Uint8Array(length);
        frame.set(seed.subarray(0, length));
        for (const { offset, bytes } of edits) {
          for (const [index, byte] of bytes.entries()) {
            const at = offset + index;
            // The type stays: only frames of these two come back to the test.
            if (at < length && at !== 12 && at !== 13) frame[at] = byte;
          }
        }
        return valid ? withChecksum(frame) : frame;
      });
    const kinds = new Map<string, number>();
    fc.assert(
      fc.property(hostile, fc.constantFrom('ahead', 'ahead', 'behind'), (frame, fence) => {
        stage.setFence(fence);
        const expected = judge(frame, stage.scene(fence));
        const kind =
          [expected.reply && 'reply', expected.evidence?.kind].join(' ').trim() || 'pass';
        kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
        stage.expect(frame, expected);
      }),
      { numRuns: 4000 },
    );
    // Mutations that only ever lead to one end would test nothing.
    for (const kind of ['reply', 'reply claim', 'claim', 'probe', 'echo', 'pass']) {
      assert.ok((kinds.get(kind) ?? 0) > 40, `${kind}: ${kinds.get(kind)}`);
    }
    stage.check({ frame: ask(held4), reply: arpReply(held4) });
  });

  test('noise of every length and type leaves the program running', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 14, maxLength: 1500 }), (frame) => {
        stage.cable.send(frame);
      }),
      { numRuns: 1000 },
    );
    const last = ask(free4);
    stage.cable.send(last);
    for (let seen = ''; seen !== last.toHex();) {
      const { passed } = stage.cable.next();
      assert.ok(passed);
      seen = passed.toHex();
    }
    stage.drain();
    stage.check({ frame: ask(held4), reply: arpReply(held4) });
  });
}
