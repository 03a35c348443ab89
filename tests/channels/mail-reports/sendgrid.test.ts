import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createSendGridReports } from '../../../src/channels/mail-reports/sendgrid.ts';
import { call, sendGridSigner } from '../../signed-calls.ts';
import { SENDGRID_DROPS } from '../published/mail-reports.ts';

const NOW = Date.parse('2026-03-14T09:15:00Z');
const clock = { now: () => NOW };
const signer = sendGridSigner();
const sendgrid = createSendGridReports({ keys: [signer.publicKey] }, { clock });
const TIMESTAMP = String(NOW / 1000);

/** The test vectors of SendGrid's own library (@sendgrid/eventwebhook), the older one and today's. */
const OLD_VECTOR = {
  key: 'MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEEDr2LjtURuePQzplybdC+u4CwrqDqBaWjcMMsTbhdbcwHBcepxo7yAQGhHPTnlvFYPAZFceEu/1FwCM/QmGUhA==',
  signature: 'MEUCIQCtIHJeH93Y+qpYeWrySphQgpNGNr/U+UyUlBkU6n7RAwIgJTz2C+8a8xonZGi6BpSzoQsbVRamr2nlxFDWYNH2j/0=',
  timestamp: '1588788367',
  body: JSON.stringify({ category: 'example_payload', event: 'test_event', message_id: 'message_id' }),
};
const VECTOR = {
  key: 'MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE83T4O/n84iotIvIW4mdBgQ/7dAfSmpqIM8kF9mN1flpVKS3GRqe62gw+2fNNRaINXvVpiglSI8eNEc6wEA3F+g==',
  signature: 'MEUCIGHQVtGj+Y3LkG9fLcxf3qfI10QysgDWmMOVmxG0u6ZUAiEAyBiXDWzM+uOe5W0JuG+luQAbPIqHh89M15TluLtEZtM=',
  timestamp: '1600112502',
  body: `${JSON.stringify([
    {
      email: 'hello@world.com',
      event: 'dropped',
      reason: 'Bounced Address',
      sg_event_id: 'ZHJvcC0xMDk5NDkxOS1MUnpYbF9OSFN0T0doUTRrb2ZTbV9BLTA',
      sg_message_id: 'LRzXl_NHStOGhQ4kofSm_A.filterdrecv-p3mdw1-756b745b58-kmzbl-18-5F5FC76C-9.0',
      'smtp-id': '<LRzXl_NHStOGhQ4kofSm_A@ismtpd0039p1iad1.sendgrid.net>',
      timestamp: 1600112492,
    },
  ])}\r\n`,
};

async function eventsOf(batch: unknown) {
  const body = JSON.stringify(batch);
  const received = await sendgrid.receive(call(body, signer.sign(body, TIMESTAMP)));
  assert.equal(received.kind, 'received');
  return received.kind === 'received' ? received.events : [];
}

const event = (change: Record<string, unknown>) => ({
  email: 'jane@example.com',
  timestamp: 1773479523,
  'smtp-id': '<our-id@shop.example>',
  sg_event_id: 'e',
  sg_message_id: 'm',
  ...change,
});
const known = {
  type: 'receipt',
  providerId: '<our-id@shop.example>',
  messageId: 'our-id',
  at: 1773479523000,
  recipient: 'jane@example.com',
};

describe('events of SendGrid', () => {
  test('a batch, in its order', async () => {
    const batch = [
      event({ event: 'processed' }),
      event({ event: 'deferred', response: '451 4.7.1 try later' }),
      event({ event: 'bounce', type: 'bounce', status: '5.1.1', reason: '550 5.1.1 unknown' }),
      event({ event: 'delivered', response: '250 OK' }),
      event({ event: 'bounce', type: 'blocked', status: '5.1.1', reason: '550 blocked' }),
      event({ event: 'bounce', type: 'bounce', status: '5.2.2' }),
      event({ event: 'dropped', reason: 'Bounced Address' }),
      event({ event: 'dropped', reason: 'Spam Content' }),
      event({ event: 'spamreport' }),
    ];
    assert.deepEqual(await eventsOf(batch), [
      { ...known, status: 'sent', reason: null },
      { ...known, status: 'sent', reason: '4.7.1' },
      { ...known, status: 'failed', reason: '5.1.1', trouble: 'no-mailbox' },
      { ...known, status: 'delivered', reason: null },
      { ...known, status: 'failed', reason: '5.1.1' },
      { ...known, status: 'failed', reason: '5.2.2' },
      { ...known, status: 'failed', reason: 'dropped', trouble: 'held-back' },
      { ...known, status: 'failed', reason: 'dropped' },
      { ...known, status: 'delivered', reason: 'spamreport', trouble: 'complaint' },
    ]);
  });

  for (const [reason, about] of Object.entries(SENDGRID_DROPS))
    test(`a drop for '${reason}' says something of the ${about}`, async () => {
      const [receipt] = await eventsOf([event({ event: 'dropped', reason })]);
      assert.ok(receipt?.type === 'receipt' && receipt.status === 'failed');
      assert.equal(receipt.trouble !== undefined, about === 'address');
    });

  test('what is no fate of a mail of ours is left out', async () => {
    assert.deepEqual(
      await eventsOf([event({ event: 'open' }), event({ event: 'delivered', 'smtp-id': undefined }), null, 7, []]),
      [],
    );
  });
});

describe('whose call it is', () => {
  const receive = ({ key, signature, timestamp, body }: typeof VECTOR) =>
    createSendGridReports({ keys: [key] }, { clock }).receive(
      call(body, {
        'X-Twilio-Email-Event-Webhook-Signature': signature,
        'X-Twilio-Email-Event-Webhook-Timestamp': timestamp,
      }),
    );

  test("SendGrid's own test vectors are taken for what they are", async () => {
    assert.deepEqual(await receive(VECTOR), {
      kind: 'received',
      events: [
        {
          type: 'receipt',
          providerId: '<LRzXl_NHStOGhQ4kofSm_A@ismtpd0039p1iad1.sendgrid.net>',
          messageId: 'LRzXl_NHStOGhQ4kofSm_A',
          status: 'failed',
          at: 1600112492000,
          reason: 'dropped',
          trouble: 'held-back',
          recipient: 'hello@world.com',
        },
      ],
    });
    // Rightly signed, but no batch.
    assert.deepEqual(await receive(OLD_VECTOR), { kind: 'refused', status: 400 });
  });

  test('and refused with anything changed', async () => {
    for (const vector of [VECTOR, OLD_VECTOR])
      for (const change of [
        { body: `${vector.body} ` },
        { timestamp: '1588788368' },
        { signature: 'AAAA' },
        { key: signer.publicKey },
      ])
        assert.deepEqual(await receive({ ...vector, ...change }), { kind: 'refused', status: 403 });
  });

  test('no signature, another key, another timestamp, a cut body', async () => {
    const body = JSON.stringify([event({ event: 'delivered' })]);
    const right = signer.sign(body, TIMESTAMP);
    assert.equal((await sendgrid.receive(call(body, right))).kind, 'received');
    for (const [text, headers] of [
      [body, {}],
      [body, sendGridSigner().sign(body, TIMESTAMP)],
      [body, { ...right, 'X-Twilio-Email-Event-Webhook-Timestamp': '1' }],
      [body, { ...right, 'X-Twilio-Email-Event-Webhook-Signature': 'AAAA' }],
      [body.slice(0, -1), right],
    ] as const)
      assert.deepEqual(await sendgrid.receive(call(text, headers)), { kind: 'refused', status: 403 });
  });

  test('while the key is changed, both are right; what is no key is refused at start', async () => {
    const body = '[]';
    const both = createSendGridReports({ keys: [sendGridSigner().publicKey, signer.publicKey] }, { clock });
    assert.equal((await both.receive(call(body, signer.sign(body, TIMESTAMP)))).kind, 'received');
    assert.throws(() => createSendGridReports({ keys: ['A'.repeat(120)] }, { clock }));
  });
});
