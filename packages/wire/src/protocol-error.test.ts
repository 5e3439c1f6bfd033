import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ProtocolError } from './protocol-error.ts';

describe('ProtocolError', () => {
  it('says what is wrong, and where', () => {
    const cause = new RangeError('inner');
    const error = new ProtocolError('bad-checksum', 42, '0x1234, not 0x4321', { cause });
    assert.ok(error instanceof Error);
    assert.equal(error.name, 'ProtocolError');
    assert.equal(error.code, 'bad-checksum');
    assert.equal(error.offset, 42);
    assert.equal(error.detail, '0x1234, not 0x4321');
    assert.equal(error.message, 'bad-checksum at byte 42: 0x1234, not 0x4321');
    assert.equal(error.cause, cause);
    assert.ok(String(error).startsWith('ProtocolError: bad-checksum at byte 42'));
  });
});
