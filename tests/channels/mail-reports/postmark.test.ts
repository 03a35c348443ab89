import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createPostmarkReports } from '../../../src/channels/mail-reports/postmark.ts';
import { call } from '../../signed-calls.ts';

const NOW = Date.parse('2026-03-14T09:15:00Z');
const postmark = createPostmarkReports(
  { user: 'hook', password: 'pässword:of Postmark' },
  { clock: { now: () => NOW } },
);
const basic = (login: string): Record<string, string> => ({
  Authorization: `Basic ${Buffer.from(login).toString('base64')}`,
});
const LOGIN = basic('hook:pässword:of Postmark');

async function eventsOf(event: unknown) {
  const received = await postmark.receive(call(JSON.stringify(event), LOGIN));
  assert.equal(received.kind, 'received');
  return received.kind === 'received' ? received.events : [];
}

const event = (change: Record<string, unknown>) => ({
  MessageID: '883953f4-6105-42a2-a16a-77a8eac79483',
  ServerID: 23,
  MessageStream: 'outbound',
  Metadata: { 'Regain-Message': 'our-id' },
  Email: 'jane@example.com',
  BouncedAt: '2026-03-14T05:12:03.2735393-04:00',
  ...change,
});
const known = {
  type: 'receipt',
  providerId: '',
  messageId: 'our-id',
  at: Date.parse('2026-03-14T09:12:03.273Z'),
  recipient: 'jane@example.com',
};

describe('events of Postmark', () => {
  for (const [title, change, expected] of [
    [
      'delivery',
      { RecordType: 'Delivery', Recipient: 'jane@example.com', DeliveredAt: '2026-03-14T05:12:03.273-04:00' },
      { status: 'delivered', reason: null },
    ],
    [
      'hard bounce with a code',
      { RecordType: 'Bounce', Type: 'HardBounce', TypeCode: 1, Inactive: true, Details: 'smtp;550 5.1.1 unknown' },
      { status: 'failed', reason: '5.1.1', trouble: 'no-mailbox' },
    ],
    [
      'hard bounce without one',
      { RecordType: 'Bounce', Type: 'HardBounce', Details: 'unknown user', Inactive: true },
      { status: 'failed', reason: 'HardBounce', trouble: 'no-mailbox' },
    ],
    [
      'full mailbox',
      { RecordType: 'Bounce', Type: 'SoftBounce', Details: 'smtp;552 5.2.2 full', Inactive: false },
      { status: 'failed', reason: '5.2.2' },
    ],
    [
      'delay',
      { RecordType: 'Bounce', Type: 'Transient', Details: 'smtp;451 4.4.1 later' },
      { status: 'sent', reason: '4.4.1' },
    ],
    [
      'deactivated',
      { RecordType: 'Bounce', Type: 'ManuallyDeactivated', Inactive: true },
      { status: 'failed', reason: 'ManuallyDeactivated', trouble: 'held-back' },
    ],
    [
      'complaint',
      { RecordType: 'SpamComplaint', Type: 'SpamComplaint' },
      { status: 'delivered', reason: 'SpamComplaint', trouble: 'complaint' },
    ],
  ] as const)
    test(title, async () => {
      assert.deepEqual(await eventsOf(event(change)), [{ ...known, ...expected }]);
    });

  test('answers of machines, opens, and mail of others are no fates', async () => {
    for (const type of ['AutoResponder', 'Subscribe', 'Unsubscribe', 'AddressChange'])
      assert.deepEqual(await eventsOf(event({ RecordType: 'Bounce', Type: type })), []);
    assert.deepEqual(await eventsOf(event({ RecordType: 'Open' })), []);
    for (const metadata of [undefined, null, {}, [], { 'regain-message': 7 }])
      assert.deepEqual(await eventsOf(event({ RecordType: 'Delivery', Metadata: metadata })), []);
  });
});

test('a call without the right login is refused; one that is no JSON object as well', async () => {
  const body = JSON.stringify(event({ RecordType: 'Delivery' }));
  for (const headers of [
    {},
    basic('hook:'),
    basic('hook:password'),
    basic('other:pässword:of Postmark'),
    { Authorization: 'Bearer x' },
  ])
    assert.deepEqual(await postmark.receive(call(body, headers)), { kind: 'refused', status: 401 });
  for (const wrong of ['', body.slice(0, 40), '[]', '7', 'null'])
    assert.deepEqual(await postmark.receive(call(wrong, LOGIN)), { kind: 'refused', status: 400 });
});
