import {
  macFromBytes,
  parseAddress,
  parseMac,
  type IpAddress,
  type MacAddress,
} from '@fairlead/ip';
import { arpRequest, decodeArp, decodeEthernet, etherTypes, gratuitousArp } from '@fairlead/l2';
import { listTcIngress, monotonicNs, type TcMode } from '@fairlead/linux';
import { temporaryBpffs } from '@fairlead/linux/testing';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, suite, test } from 'node:test';
import { findInterface, ip, layCable, type Cable } from './conformance/cable.ts';
import { objectPath, longNs } from './conformance/stage.ts';
import type { Evidence } from './responder-layout.ts';
import { ResponderMaps } from './responder-maps.ts';
import { Responder, type AnnouncingInterface } from './responder.ts';

const vip = parseAddress('192.0.2.1') as IpAddress;
const client = parseAddress('192.0.2.9') as IpAddress;
const otherMac = parseMac('02:00:00:00:00:0b') as MacAddress;

for (const mode of ['tcx', 'clsact'] as const) {
  suite(`the responder’s interfaces, attached by ${mode}`, () => interfaces(mode));
}

function interfaces(mode: TcMode): void {
  let stack: DisposableStack;
  let path: string;

  beforeEach(() => {
    stack = new DisposableStack();
    ({ path } = stack.use(temporaryBpffs()));
  });
  afterEach(() => stack[Symbol.dispose]());

  const open = () => Responder.open({ objectPath, bpffsDirectory: path, attachMode: mode });
  const end = ({ nearIndex, nearMac }: Cable): AnnouncingInterface => {
    return { index: nearIndex, mac: nearMac };
  };
  const programs = ({ nearIndex }: Cable) =>
    listTcIngress(nearIndex).filter((each) => each.programName.startsWith('fairlead_announ'));

  /** Attached to the ends given, answering for `vip` there. */
  function start(...cables: readonly Cable[]): Responder {
    const responder = stack.use(open());
    assert.deepEqual(responder.setInterfaces(cables.map(end)), []);
    for (const { nearIndex, nearMac } of cables) {
      responder.maps.answer(nearIndex, vip, nearMac, 'answer');
      responder.maps.storeFence(nearIndex, monotonicNs() + longNs);
    }
    return responder;
  }

  function answers(cable: Cable): boolean {
    const question = { senderMac: cable.farMac, senderIp: client, targetIp: vip };
    return cable.exchange(arpRequest(question)).reply !== undefined;
  }

  test('attached to what is asked for, once, and to nothing else', () => {
    const [one, two] = [stack.use(layCable()), stack.use(layCable())];
    const responder = start(one);
    assert.ok(answers(one));
    assert.equal(programs(one)[0]?.mode, mode);
    assert.deepEqual(programs(two), []);
    const [program] = programs(one);
    responder.setInterfaces([end(one), end(one)]);
    assert.deepEqual(programs(one), [program]);
    responder.setInterfaces([end(two)]);
    assert.deepEqual(programs(one), []);
    assert.equal(programs(two).length, 1);
    assert.ok(!answers(one));
    assert.equal(responder.maps.fence(one.nearIndex), undefined);
    assert.ok(!responder.maps.storeFence(one.nearIndex, monotonicNs() + longNs));
    responder.setInterfaces([]);
    assert.deepEqual(programs(two), []);
  });

  test('an interface that comes, or comes back, begins with its fence down', () => {
    const [one, two] = [stack.use(layCable()), stack.use(layCable())];
    const responder = start(one, two);
    responder.setInterfaces([end(two)]);
    responder.setInterfaces([end(one), end(two)]);
    assert.equal(responder.maps.fence(one.nearIndex), 0n);
    assert.ok(!answers(one));
    assert.ok(answers(two));
    responder.maps.storeFence(one.nearIndex, monotonicNs() + longNs);
    assert.ok(answers(one));
  });

  test('another MAC counts at once', () => {
    const cable = stack.use(layCable());
    const responder = start(cable);
    const [claim] = gratuitousArp(otherMac, vip);
    const evidence: Evidence[] = [];
    const drain = () => responder.maps.drainEvents((each) => evidence.push(each));
    responder.setInterfaces([{ index: cable.nearIndex, mac: otherMac }]);
    cable.exchange(claim);
    drain();
    assert.deepEqual(evidence, []);
    responder.setInterfaces([end(cable)]);
    cable.exchange(claim);
    drain();
    assert.equal(evidence.length, 1);
    assert.ok(answers(cable));
  });

  test('what another interface of this node says is no claim', () => {
    const cable = stack.use(layCable());
    const responder = start(cable);
    const [claim] = gratuitousArp(otherMac, vip);
    const claims = () => {
      cable.exchange(claim);
      return responder.maps.drainEvents(() => {});
    };
    assert.equal(claims(), 1);
    responder.setInterfaces([{ ...end(cable), twinMacs: [otherMac] }]);
    assert.equal(claims(), 0);
    responder.setInterfaces([end(cable)]);
    assert.equal(claims(), 1);
  });

  test('more MACs than there is room for are a fault of their interface alone', () => {
    const [one, two] = [stack.use(layCable()), stack.use(layCable())];
    const responder = start(one);
    const twinMacs = Array.from({ length: 200 }, (_, index) => {
      return macFromBytes(Uint8Array.of(2, 0, 0, 0, 1, index));
    });
    const faults = responder.setInterfaces([end(one), { ...end(two), twinMacs }]);
    assert.deepEqual(
      faults.map((each) => each.interfaceIndex),
      [two.nearIndex],
    );
    assert.ok(answers(one));
    assert.deepEqual(programs(two), []);
  });

  test('what somebody detached is put back, with its fence as it was', () => {
    const cable = stack.use(layCable());
    const responder = start(cable);
    const detach =
      mode === 'tcx'
        ? () => rmSync(join(path, 'announce-links', String(cable.nearIndex)))
        : () => execFileSync('tc', ['qdisc', 'del', 'dev', cable.nearName, 'clsact']);
    detach();
    // The kernel ends a link that nobody holds in its own time.
    const until = monotonicNs() + 10_000_000_000n;
    while (programs(cable).length > 0) assert.ok(monotonicNs() < until, 'still attached');
    assert.ok(!answers(cable));
    assert.deepEqual(responder.setInterfaces([end(cable)]), []);
    assert.ok(!answers(cable), 'it does not look each time');
    responder.forget();
    assert.deepEqual(responder.setInterfaces([end(cable)]), []);
    assert.ok(answers(cable));
  });

  test('a link that was ended but is still pinned is replaced', { skip: mode !== 'tcx' }, () => {
    const cable = stack.use(layCable());
    const responder = start(cable);
    const [link] = programs(cable);
    assert.ok(link?.mode === 'tcx');
    execFileSync('bpftool', ['link', 'detach', 'id', String(link.linkId)]);
    assert.ok(!answers(cable));
    responder.forget();
    assert.deepEqual(responder.setInterfaces([end(cable)]), []);
    assert.ok(answers(cable));
  });

  test('an interface that has vanished is named, and the others are served', () => {
    const gone = stack.use(layCable());
    const cable = stack.use(layCable());
    const responder = start(gone, cable);
    ip(`link del ${gone.nearName}`);
    responder.forget();
    const faults = responder.setInterfaces([end(gone), end(cable)]);
    assert.deepEqual(
      faults.map((each) => each.interfaceIndex),
      [gone.nearIndex],
    );
    assert.ok(answers(cable));
    assert.equal(responder.maps.fence(gone.nearIndex), undefined);
    assert.deepEqual(readdirSync(join(path, 'announce-links')), links(cable));
    assert.deepEqual(responder.setInterfaces([end(cable)]), []);
  });

  test('more interfaces than there are slots', () => {
    const cable = stack.use(layCable());
    const responder = start(cable);
    const { index, mac } = end(cable);
    const faults = responder.setInterfaces([
      { index, mac },
      ...Array.from({ length: 70 }, (_, offset) => ({ index: 100_000 + offset, mac })),
    ]);
    assert.equal(faults.length, 70);
    assert.ok(answers(cable));
  });

  test('a later life takes over: fences stay, no fence is moved, nothing is attached twice', () => {
    const cable = stack.use(layCable());
    const first = start(cable);
    const deadline = first.maps.fence(cable.nearIndex);
    const [before] = programs(cable);
    const [claim] = gratuitousArp(otherMac, vip);
    cable.exchange(claim);
    first[Symbol.dispose]();
    assert.ok(answers(cable));

    const second = stack.use(open());
    assert.ok(answers(cable));
    assert.equal(second.maps.fence(cable.nearIndex), deadline);
    assert.deepEqual(second.setInterfaces([end(cable)]), []);
    assert.equal(second.maps.fence(cable.nearIndex), deadline);
    assert.ok(answers(cable));
    const [after, ...more] = programs(cable);
    assert.deepEqual(more, []);
    assert.notEqual(after?.programId, before?.programId);
    if (after?.mode === 'tcx' && before?.mode === 'tcx') assert.equal(after.linkId, before.linkId);
    // What was claimed in the previous life says nothing about now.
    assert.equal(
      second.maps.drainEvents(() => assert.fail()),
      1,
    );

    const elsewhere = stack.use(ResponderMaps.open(path));
    assert.equal(elsewhere.fence(cable.nearIndex), deadline);
    elsewhere.storeFence(cable.nearIndex, monotonicNs());
    assert.ok(!answers(cable));
  });

  test('the other way of attaching takes over too', () => {
    const cable = stack.use(layCable());
    start(cable)[Symbol.dispose]();
    const attachMode = mode === 'tcx' ? 'clsact' : 'tcx';
    const other = stack.use(Responder.open({ objectPath, bpffsDirectory: path, attachMode }));
    assert.deepEqual(other.setInterfaces([end(cable)]), []);
    assert.deepEqual(
      programs(cable).map((each) => each.mode),
      [attachMode],
    );
    assert.ok(answers(cable));
  });

  test('a program that is pinned elsewhere does not go on beside ours', () => {
    const cable = stack.use(layCable());
    const stray = stack.use(temporaryBpffs());
    const before = stack.use(
      Responder.open({ objectPath, bpffsDirectory: stray.path, attachMode: mode }),
    );
    before.setInterfaces([end(cable)]);
    start(cable);
    assert.equal(programs(cable).length, 1);
    assert.ok(answers(cable));
  });

  test('maps of another layout go once the program is replaced', () => {
    const cable = stack.use(layCable());
    const responder = stack.use(open());
    mkdirSync(join(path, 'announce-0'));
    responder.setInterfaces([end(cable)]);
    assert.deepEqual(readdirSync(path).toSorted(), ['announce-2', 'announce-links']);
  });

  test('clean-up leaves nothing', () => {
    const cable = stack.use(layCable());
    start(cable)[Symbol.dispose]();
    Responder.removeAll(path);
    assert.deepEqual(programs(cable), []);
    assert.deepEqual(readdirSync(path), []);
    Responder.removeAll(path);
    Responder.removeAll(join(path, 'never-was'));
    assert.throws(() => ResponderMaps.open(path), /no map is pinned/);
  });

  test('at a bridge’s port it answers with the bridge’s MAC, without the bridge', () => {
    const cable = stack.use(layCable());
    ip('link add name br0 type bridge');
    stack.defer(() => ip('link del br0'));
    ip(`link set br0 address ${otherMac}`);
    ip(`link set ${cable.nearName} master br0`);
    ip('link set br0 up');
    const bridge = findInterface('br0');
    assert.equal(bridge.mac, otherMac);
    const responder = stack.use(open());
    responder.setInterfaces([{ index: cable.nearIndex, mac: bridge.mac }]);
    responder.maps.answer(cable.nearIndex, vip, bridge.mac, 'answer');
    responder.maps.storeFence(cable.nearIndex, monotonicNs() + longNs);
    for (const targetMac of [undefined, bridge.mac]) {
      cable.send(
        arpRequest({ senderMac: cable.farMac, senderIp: client, targetIp: vip, targetMac }),
      );
      // The bridge may have something of its own to say.
      let frame = cable.wait(1000);
      while (frame !== undefined && decodeEthernet(frame).etherType !== etherTypes.arp) {
        frame = cable.wait(1000);
      }
      assert.ok(frame !== undefined);
      const { operation, senderMac, senderIp } = decodeArp(decodeEthernet(frame).payload);
      assert.deepEqual([operation, senderMac, senderIp], ['reply', bridge.mac, vip]);
    }
    const [claim] = gratuitousArp(cable.farMac, vip);
    cable.exchange(claim);
    const evidence: Evidence[] = [];
    responder.maps.drainEvents((each) => evidence.push(each));
    assert.deepEqual(
      evidence.map((each) => each.interfaceIndex),
      [cable.nearIndex],
    );
  });

  function links({ nearIndex }: Cable): string[] {
    return mode === 'tcx' ? [String(nearIndex)] : [];
  }
}
