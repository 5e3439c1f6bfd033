import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ApiError } from '@fairlead/kube';
import { failureLevel, refusalEvent } from './write-failures.ts';

const request = { method: 'PATCH', path: '/api/v1/namespaces/default/services/web/status' };
const answer = (code: number, causes: readonly string[] = [], reason = '') =>
  new ApiError(
    request,
    code,
    { reason, message: 'says why', details: { causes: causes.map((field) => ({ field })) } },
    undefined,
  );

describe('a write that failed', () => {
  it('is nothing to worry about where its object is gone, or is another one by now', () => {
    for (const error of [answer(404), answer(409), answer(422, ['metadata.uid'])]) {
      assert.equal(failureLevel(error, 1), 'debug');
      assert.equal(failureLevel(error, 5), 'warn', 'but not for ever');
    }
  });

  it('is told at once otherwise: a policy, too, answers with 422', () => {
    for (const error of [answer(422), answer(422, ['spec.ports']), answer(403), new Error('no')]) {
      assert.equal(failureLevel(error, 1), 'warn');
    }
  });

  it('is told at the Service where the API server refuses it again and again', () => {
    assert.equal(refusalEvent(answer(422), 4), undefined);
    assert.equal(refusalEvent(new Error('no connection'), 9), undefined);
    const { type, reason, note } = refusalEvent(answer(422), 5) ?? {};
    assert.deepEqual([type, reason], ['Warning', 'StatusNotWritten']);
    assert.match(note ?? '', /cannot be written.*says why/u);
  });
});
