import assert from 'node:assert/strict';
import { test } from 'node:test';
import { whatsAppVerdict } from '../../src/rules/whatsapp-errors.ts';

test('the code says what an error means, whatever HTTP says', () => {
  for (const status of [200, 400, 401, 404, 429, 500, 503]) {
    assert.equal(whatsAppVerdict(131026, status).outcome.kind, 'unreachable');
    assert.equal(whatsAppVerdict(190, status).outcome.kind, 'temporary');
    assert.equal(whatsAppVerdict(250, status).outcome.kind, 'temporary');
    assert.equal(whatsAppVerdict(132001, status).outcome.kind, 'permanent');
    assert.equal(whatsAppVerdict(132999, status).outcome.kind, 'permanent');
    assert.equal(whatsAppVerdict(130429, status).outcome.kind, 'temporary');
  }
});

test('a code that nobody knows is judged by HTTP', () => {
  assert.equal(whatsAppVerdict(7777777, 500).outcome.kind, 'temporary');
  assert.equal(whatsAppVerdict(7777777, 400).outcome.kind, 'permanent');
  assert.deepEqual(whatsAppVerdict(undefined, 429).outcome, { kind: 'temporary', reason: '429', retryAfterMs: 5000 });
  assert.ok(whatsAppVerdict(undefined, 403).alert);
});

test('only a limit of the whole number makes others wait', () => {
  assert.equal(whatsAppVerdict(131056, 400).pauseMs, 0);
  assert.ok(whatsAppVerdict(130429, 429).pauseMs > 0);
  assert.ok(whatsAppVerdict(80007, 400).pauseMs > 0);
});
