import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Hearing } from './hearing.ts';

const patienceMs = 60;

function setUp() {
  const world: { frames: bigint | undefined; asked: number } = { frames: 10n, asked: 0 };
  const hearing = new Hearing(() => {
    world.asked += 1;
    return world.frames;
  });
  const isMuted = (nowMs: number): boolean => {
    hearing.beginTurn();
    return hearing.isMuted(nowMs, patienceMs);
  };
  return { world, hearing, isMuted };
}

test('who hears others while its peers fall silent has a link, and is heard at once', () => {
  const { world, hearing, isMuted } = setUp();
  hearing.suspect(250);
  world.frames = 11n;
  assert.equal(isMuted(300), false);
});

test('who hears nobody is muted, and after the first frame for as long as peers need to be heard', () => {
  const { world, hearing, isMuted } = setUp();
  hearing.suspect(250);
  assert.equal(isMuted(300), true);
  assert.equal(isMuted(5_000), true);
  world.frames = 11n;
  assert.equal(isMuted(5_020), true);
  assert.equal(isMuted(5_079), true);
  assert.equal(isMuted(5_080), false);
});

test('what was heard before peers fell silent, or while they were live, says nothing', () => {
  const { world, hearing, isMuted } = setUp();
  hearing.suspect(250);
  world.frames = 20n;
  hearing.beginTurn();
  // The next suspicion, much later; its second question belongs to it.
  hearing.suspect(900);
  hearing.suspect(910);
  assert.equal(isMuted(950), true);
  hearing.forget();
  world.frames = 30n;
  assert.equal(isMuted(2_000), true);
});

test('an interface that is gone hears nothing', () => {
  const { world, isMuted } = setUp();
  world.frames = undefined;
  assert.equal(isMuted(0), true);
});

test('the kernel is asked once a turn', () => {
  const { world, hearing } = setUp();
  for (let address = 0; address < 1_000; address++) hearing.isMuted(5, patienceMs);
  assert.equal(world.asked, 1);
});
