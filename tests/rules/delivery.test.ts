import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  ANSWER_LOST,
  afterLostAnswer,
  afterSecondDoubt,
  HANDED_OVER,
  isHandedOver,
  lastWordOf,
  type MessageStatus,
  markOf,
  mergeStatus,
  type ReportedStatus,
  reasonOfText,
  shownStatus,
  wasPerhapsSent,
} from '../../src/rules/delivery.ts';

const STATUSES = ['queued', 'expired', 'failed', 'sent', 'delivered', 'bounced', 'suppressed', 'unneeded'] as const;
const REPORTS = ['sent', 'delivered', 'read', 'failed'] as const;

/** What becomes of each status (rows) by each report (columns). */
// biome-ignore format: a table is read in rows and columns
const OF_MAIL: Record<MessageStatus, MessageStatus[]> = {
  //           sent          delivered     read          failed
  queued:     ['sent',       'delivered',  'delivered',  'bounced'],
  expired:    ['sent',       'delivered',  'delivered',  'bounced'],
  failed:     ['sent',       'delivered',  'delivered',  'bounced'],
  sent:       ['sent',       'delivered',  'delivered',  'bounced'],
  delivered:  ['delivered',  'delivered',  'delivered',  'bounced'],
  bounced:    ['bounced',    'bounced',    'bounced',    'bounced'],
  suppressed: ['suppressed', 'suppressed', 'suppressed', 'suppressed'],
  unneeded:   ['sent',       'delivered',  'delivered',  'bounced'],
};
const OF_TEXTS: Record<MessageStatus, MessageStatus[]> = {
  ...OF_MAIL,
  delivered: ['delivered', 'delivered', 'delivered', 'delivered'],
  bounced: ['bounced', 'delivered', 'delivered', 'bounced'],
};

describe('merging a receipt', () => {
  for (const [channel, table] of [
    ['email', OF_MAIL],
    ['sms', OF_TEXTS],
  ] as const)
    for (const current of STATUSES)
      test(`${channel}: ${current} becomes what the table says`, () => {
        assert.deepEqual(
          REPORTS.map((reported) => mergeStatus(channel, current, reported)),
          table[current],
        );
      });

  const reports = fc.array(fc.constantFrom<ReportedStatus>(...REPORTS), { maxLength: 12 });
  const channels = fc.constantFrom('email' as const, 'sms' as const);
  const starts = fc.constantFrom(...STATUSES);

  test('ends the same whatever the order, and however often each receipt comes', () => {
    fc.assert(
      fc.property(channels, starts, reports, fc.infiniteStream(fc.nat()), (channel, start, told, picks) => {
        const merge = (list: readonly ReportedStatus[]): MessageStatus =>
          list.reduce<MessageStatus>((status, reported) => mergeStatus(channel, status, reported), start);
        const repeated = told.flatMap((report) => Array<ReportedStatus>(1 + (picks.next().value % 3)).fill(report));
        const shuffled = repeated
          .map((report) => ({ report, at: picks.next().value }))
          .sort((a, b) => a.at - b.at)
          .map(({ report }) => report);
        assert.equal(merge(shuffled), merge(told));
      }),
      { numRuns: 2_000 },
    );
  });

  test('never takes back: "delivered" of a text stays, "bounced" of a mail stays', () => {
    fc.assert(
      fc.property(reports, (told) => {
        const merge = (channel: 'email' | 'sms', start: MessageStatus): MessageStatus =>
          told.reduce<MessageStatus>((status, reported) => mergeStatus(channel, status, reported), start);
        assert.equal(merge('sms', 'delivered'), 'delivered');
        assert.equal(merge('email', 'bounced'), 'bounced');
      }),
    );
  });
});

test('a text that was perhaps sent twice is taken for sent, also where it was refused in between', () => {
  const lost = { kind: 'temporary', reason: 'http_502', maybeSent: true } as const;
  const busy = { kind: 'temporary', reason: 'http_503' } as const;
  assert.equal(afterSecondDoubt(lost, null), undefined);
  assert.equal(afterSecondDoubt(lost, 'http_503'), undefined);
  const first = reasonOfText(lost, null);
  assert.equal(first, 'answer_lost http_502');
  assert.equal(afterSecondDoubt(busy, first), undefined);
  const then = reasonOfText(busy, first);
  assert.deepEqual([then, lastWordOf(then)], ['answer_lost http_503', 'http_503']);
  for (const before of [first, then, ANSWER_LOST])
    assert.deepEqual(afterSecondDoubt(lost, before), { status: 'sent' }, before);
  assert.equal(reasonOfText({ kind: 'permanent', reason: '21614' }, first), 'answer_lost 21614');
  assert.equal(reasonOfText({ ...lost, reason: ANSWER_LOST }, null), ANSWER_LOST, 'a worker that died');
  assert.equal(reasonOfText(busy, null), 'http_503');
  for (const before of [first, then, ANSWER_LOST, markOf(first)]) {
    assert.ok(wasPerhapsSent(markOf(before)), 'while it is handed over once more');
    assert.ok(isHandedOver(markOf(before)));
  }
  assert.deepEqual([markOf(null), markOf('http_503'), wasPerhapsSent(markOf(null))], [HANDED_OVER, HANDED_OVER, false]);
});

test('a mail whose answer was lost is sent once more where there is no other way, and is shown as sent', () => {
  const times = { goesOn: false, usefulUntil: 600_000, now: 0 };
  const lost = { kind: 'temporary', reason: ANSWER_LOST, maybeSent: true } as const;
  assert.deepEqual(afterLostAnswer(lost, null, times), { status: 'queued', dueAt: 20_000 });
  assert.deepEqual(afterLostAnswer(lost, '451', times), { status: 'queued', dueAt: 20_000 });
  assert.deepEqual(afterLostAnswer(lost, ANSWER_LOST, times), { status: 'sent' });
  assert.deepEqual(afterLostAnswer(lost, null, { ...times, goesOn: true }), { status: 'sent' });
  assert.deepEqual(afterLostAnswer(lost, null, { ...times, now: 590_000 }), { status: 'sent' });
  assert.equal(afterLostAnswer({ kind: 'temporary', reason: 'ECONNREFUSED' }, ANSWER_LOST, times), undefined);
  for (const writtenTo of ['everybody', 'at-times', 'accounts'] as const)
    assert.equal(shownStatus({ status: 'queued', reason: ANSWER_LOST }, 60_000, writtenTo), 'sent');
});

describe('what the claimant is shown of receipts', () => {
  const shown = (status: MessageStatus, writtenTo: Parameters<typeof shownStatus>[2]): string =>
    shownStatus({ status, reason: null }, 60_000, writtenTo);

  test('a registration, where everybody is written to, hears them', () => {
    assert.equal(shown('delivered', 'everybody'), 'delivered');
    assert.equal(shown('bounced', 'everybody'), 'failed');
  });

  for (const writtenTo of ['at-times', 'accounts'] as const)
    test(`where decoys exist (${writtenTo}), they look like a decoy's "sent"`, () => {
      for (const status of ['sent', 'delivered', 'bounced', 'suppressed'] as const)
        assert.equal(shown(status, writtenTo), 'sent');
    });

  test('what happened while it was handed over is shown as before', () => {
    assert.equal(shown('failed', 'at-times'), 'failed');
    assert.equal(shown('failed', 'accounts'), 'sent');
    assert.equal(shown('expired', 'accounts'), 'failed');
    assert.equal(shownStatus({ status: 'queued', reason: '451' }, 60_000, 'at-times'), 'queued');
    assert.equal(shownStatus({ status: 'queued', reason: '451' }, 60_000, 'accounts'), 'sent');
    assert.equal(shownStatus({ status: 'bounced', reason: null }, 0, 'everybody'), 'queued');
  });
});
