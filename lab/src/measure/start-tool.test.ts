import assert from 'node:assert/strict';
import { test } from 'node:test';
import { commandLine } from './start-tool.ts';

test('flags become words; what is not given is left out', () => {
  const flags = { address: ['192.0.2.1', '::1'], port: 80, log: true, echo: false, pod: undefined };
  const words = ['--address', '192.0.2.1', '--address', '::1', '--port', '80', '--log'];
  assert.deepEqual(commandLine(flags), words);
});
