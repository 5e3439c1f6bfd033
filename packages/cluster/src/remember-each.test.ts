import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rememberEach } from './remember-each.ts';

test('what was calculated of an object is there as long as the other arguments are the same', () => {
  const calls: string[] = [];
  const greet = rememberEach((person: { readonly name: string }, word: string, end: string) => {
    calls.push(person.name);
    return { text: `${word}, ${person.name}${end}` };
  });
  const [ada, bob] = [{ name: 'Ada' }, { name: 'Bob' }];
  const first = greet(ada, 'Hello', '!');
  greet(bob, 'Hello', '!');
  assert.equal(greet(ada, 'Hello', '!'), first);
  assert.deepEqual(calls, ['Ada', 'Bob']);
  assert.deepEqual(greet(ada, 'Hello', '.'), { text: 'Hello, Ada.' });
  assert.deepEqual(greet({ name: 'Ada' }, 'Bye', '.'), { text: 'Bye, Ada.' });
  assert.deepEqual(calls, ['Ada', 'Bob', 'Ada', 'Ada']);
});
