import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Urgency, urgencyOf } from '../../src/rules/urgency.ts';

const PLACES: [...Parameters<typeof urgencyOf>, Urgency][] = [
  ['recovery', 'known-device', 'proven'],
  ['recovery', 'worked', 'worked'],
  ['recovery', 'stranger', 'asked'],
  ['recovery', 'waited', 'asked'],
  ['registration', 'known-device', 'proven'],
  ['registration', 'worked', 'worked'],
  ['registration', 'stranger', 'newcomer'],
  ['registration', 'waited', 'newcomer'],
  ['address', 'waited', 'proven'],
];

for (const [purpose, lane, urgency] of PLACES)
  test(`a code for ${purpose} by the lane ${lane} is ${urgency}`, () => {
    assert.equal(urgencyOf(purpose, lane), urgency);
  });
