import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { matchesSelector } from './selectors.ts';

const labels = { app: 'web', tier: 'front', empty: '' };

describe('a label selector', () => {
  it('selects everything when it is empty or missing', () => {
    assert.ok(matchesSelector({}, labels));
    assert.ok(matchesSelector(undefined, {}));
  });

  it('demands all labels with exactly these values', () => {
    assert.ok(matchesSelector({ matchLabels: { app: 'web', empty: '' } }, labels));
    assert.ok(!matchesSelector({ matchLabels: { app: 'web', tier: 'back' } }, labels));
    assert.ok(!matchesSelector({ matchLabels: { missing: '' } }, labels));
  });

  const cases = [
    [{ key: 'app', operator: 'In', values: ['web', 'api'] }, true],
    [{ key: 'app', operator: 'In', values: ['api'] }, false],
    [{ key: 'missing', operator: 'In', values: ['web'] }, false],
    [{ key: 'app', operator: 'NotIn', values: ['api'] }, true],
    [{ key: 'app', operator: 'NotIn', values: ['web'] }, false],
    // As in Kubernetes: a label that is not there is not in any set.
    [{ key: 'missing', operator: 'NotIn', values: ['web'] }, true],
    [{ key: 'empty', operator: 'Exists' }, true],
    [{ key: 'missing', operator: 'Exists' }, false],
    [{ key: 'app', operator: 'DoesNotExist' }, false],
    [{ key: 'missing', operator: 'DoesNotExist' }, true],
  ] as const;
  for (const [requirement, expected] of cases) {
    it(`${JSON.stringify(requirement)} is ${expected}`, () => {
      assert.equal(matchesSelector({ matchExpressions: [requirement] }, labels), expected);
    });
  }

  it('does not take what every object has for a label', () => {
    const requirement = { key: 'constructor', operator: 'Exists' } as const;
    assert.ok(!matchesSelector({ matchExpressions: [requirement] }, labels));
  });
});
