import assert from 'node:assert/strict';
import { test } from 'node:test';
import { failureOf, outcomeOfTrouble, retryAfterMsOf } from '../../src/rules/http-outcomes.ts';

const NOW = Date.parse('2026-10-21T07:28:00Z');

test('Retry-After is read in seconds or as a date, an hour at most', () => {
  const of = (value: string) => retryAfterMsOf(new Headers({ 'retry-after': value }), NOW);
  assert.equal(of('7'), 7000);
  assert.equal(of(' 7 '), 7000);
  assert.equal(of('Wed, 21 Oct 2026 07:28:09 GMT'), 9000);
  assert.equal(of('99999999'), 3_600_000);
  for (const value of ['', '0', '-1', '1.5', 'soon', 'Wed, 21 Oct 2026 07:27:59 GMT'])
    assert.equal(of(value), undefined);
  assert.equal(retryAfterMsOf(new Headers(), NOW), undefined);
});

test('a call that ran out of time may have been obeyed; one whose connection never stood was not', () => {
  assert.deepEqual(failureOf(new DOMException('+15550100', 'TimeoutError')), {
    reason: 'ETIMEDOUT',
    maybeObeyed: true,
  });
  const failed = (code: string) => failureOf(new TypeError('fetch failed', { cause: { code } }));
  for (const code of ['EHOSTUNREACH', 'ERR_TLS_CERT_ALTNAME_INVALID', 'UNABLE_TO_GET_ISSUER_CERT'])
    assert.deepEqual(failed(code), { reason: code, maybeObeyed: false });
  assert.deepEqual(failed('UND_ERR_SOCKET'), { reason: 'UND_ERR_SOCKET', maybeObeyed: true });
});

test('only 429 and 5xx are trouble, and 503 let nothing in', () => {
  const of = (status: number) => outcomeOfTrouble({ status, headers: new Headers() }, 'r', NOW);
  assert.equal(of(201), undefined);
  assert.equal(of(404), undefined);
  assert.deepEqual(of(429), { kind: 'temporary', reason: 'r' });
  assert.deepEqual(of(503), { kind: 'temporary', reason: 'r' });
  assert.deepEqual(of(502), { kind: 'temporary', reason: 'r', maybeSent: true });
});
