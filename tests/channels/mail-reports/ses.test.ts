import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createSesReports } from '../../../src/channels/mail-reports/ses.ts';
import { call, snsDocument } from '../../signed-calls.ts';
import { SNS_CERTIFICATE, SNS_KEY } from '../../sns-key.ts';
import { SES_BOUNCES, SES_COMPLAINT_NOT_SENT, SES_FEEDBACK } from '../published/mail-reports.ts';

const TOPIC = 'arn:aws:sns:eu-west-1:123456789012:regain';
const CERTIFICATE_URL = 'https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123.pem';
const NOW = Date.parse('2027-03-14T09:15:00Z');
const AT = '2027-03-14T09:12:03.000Z';

function world(answer: (url: string) => Response = () => new Response(SNS_CERTIFICATE), topics = [TOPIC]) {
  const asked: string[] = [];
  let now = NOW;
  const ses = createSesReports(
    { topics },
    {
      clock: { now: () => now },
      messageOf: (address) => (address === 'bounces+token@shop.example' ? 'by-return-path' : undefined),
      fetch: async (url) => {
        asked.push(String(url));
        return answer(String(url));
      },
    },
  );
  return {
    asked,
    pass(ms: number) {
      now += ms;
    },
    receive: (document: unknown) => ses.receive(call(JSON.stringify(document), { 'Content-Type': 'text/plain' })),
  };
}

const REFUSED = { kind: 'refused', status: 403 };
const MINUTE = 60_000;

/** What SES says, within what SNS says. */
function notification(event: unknown, change: Record<string, string> = {}): Record<string, string> {
  return {
    Type: 'Notification',
    MessageId: '22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324',
    TopicArn: TOPIC,
    Subject: 'Amazon SES Email Event Notification',
    Message: typeof event === 'string' ? event : JSON.stringify(event),
    Timestamp: AT,
    SigningCertURL: CERTIFICATE_URL,
    ...change,
  };
}

const MAIL = {
  timestamp: '2027-03-14T09:12:00.000Z',
  messageId: '0102018e0000-5b0d-4c0d-000000',
  source: 'no-reply@shop.example',
  destination: ['jane@example.com'],
  headers: [
    { name: 'From', value: 'Shop <no-reply@shop.example>' },
    { name: 'Message-ID', value: '<our-id@shop.example>' },
  ],
};
const bounce = (change: Record<string, unknown>, recipient: Record<string, unknown> = {}) => ({
  eventType: 'Bounce',
  mail: MAIL,
  bounce: {
    bounceType: 'Permanent',
    bounceSubType: 'General',
    bouncedRecipients: [
      {
        emailAddress: 'jane@example.com',
        action: 'failed',
        status: '5.1.1',
        diagnosticCode: 'smtp; 550 5.1.1 user unknown',
        ...recipient,
      },
    ],
    timestamp: AT,
    feedbackId: 'x',
    ...change,
  },
});
const known = { type: 'receipt', providerId: '<our-id@shop.example>', messageId: 'our-id', at: Date.parse(AT) };

async function eventsOf(event: unknown, version: '1' | '2' = '2') {
  const received = await world().receive(snsDocument(SNS_KEY, notification(event), version));
  assert.equal(received.kind, 'received');
  return received.kind === 'received' ? received.events : [];
}

describe('events of SES', () => {
  for (const version of ['1', '2'] as const)
    test(`a permanent bounce, signed by version ${version}`, async () => {
      assert.deepEqual(await eventsOf(bounce({}), version), [
        { ...known, status: 'failed', reason: '5.1.1', trouble: 'no-mailbox', recipient: 'jane@example.com' },
      ]);
    });

  test('what each bounce says of the address', async () => {
    const trouble = async (...given: Parameters<typeof bounce>) => {
      const [event] = await eventsOf(bounce(...given));
      assert.ok(event?.type === 'receipt');
      return [event.status, event.reason, event.trouble];
    };
    assert.deepEqual(
      await trouble({ bounceType: 'Transient', bounceSubType: 'MailboxFull' }, { status: '5.2.2', diagnosticCode: '' }),
      ['failed', '5.2.2', undefined],
    );
    assert.deepEqual(
      await trouble(
        { bounceType: 'Undetermined', bounceSubType: 'Undetermined' },
        { status: undefined, diagnosticCode: undefined },
      ),
      ['failed', 'Undetermined.Undetermined', undefined],
    );
    assert.deepEqual(await trouble({ bounceSubType: 'OnAccountSuppressionList' }), ['failed', '5.1.1', 'held-back']);
    assert.deepEqual(await trouble({ bounceSubType: 'Suppressed' }), ['failed', '5.1.1', 'held-back']);
    assert.deepEqual(await trouble({ bounceSubType: 'NoEmail' }, { status: '5.0.0', diagnosticCode: '' }), [
      'failed',
      '5.0.0',
      'no-mailbox',
    ]);
  });

  test('a bounce without a code says what its type says', async () => {
    for (const [kind, isDead] of Object.entries(SES_BOUNCES))
      for (const status of [undefined, '5.0.0']) {
        const [bounceType, bounceSubType] = kind.split('.');
        const [event] = await eventsOf(bounce({ bounceType, bounceSubType }, { status, diagnosticCode: undefined }));
        assert.ok(event?.type === 'receipt');
        assert.deepEqual([event.status, event.trouble !== undefined], ['failed', isDead], kind);
      }
  });

  test('what the other server says is more exact than that it was a hard bounce', async () => {
    for (const status of ['5.7.1', '5.2.2', '5.4.4']) {
      const [event] = await eventsOf(bounce({}, { status, diagnosticCode: `smtp; 550 ${status} no` }));
      assert.ok(event?.type === 'receipt');
      assert.equal(event.trouble, undefined, status);
    }
  });

  test('a report on a mail is a complaint only where somebody did not want it', async () => {
    for (const [complaintFeedbackType, isUnwanted] of SES_FEEDBACK) {
      const complaint = { timestamp: AT, ...(complaintFeedbackType === null ? {} : { complaintFeedbackType }) };
      const [event] = await eventsOf({ eventType: 'Complaint', mail: MAIL, complaint });
      assert.ok(event?.type === 'receipt');
      assert.equal(event.trouble, isUnwanted ? 'complaint' : undefined, `${complaintFeedbackType}`);
      assert.equal(event.reason, complaintFeedbackType ?? 'complaint');
      // Whoever judges it has it, and a machine on the way may not have let it through.
      const hasArrived = isUnwanted || complaintFeedbackType === 'not-spam';
      assert.equal(event.status, hasArrived ? 'delivered' : 'sent', `${complaintFeedbackType}`);
    }
  });

  test('delivery, delay, complaint, rejection, sending; both names of the field', async () => {
    const at = { timestamp: AT };
    assert.deepEqual(await eventsOf({ notificationType: 'Delivery', mail: MAIL, delivery: at }), [
      { ...known, status: 'delivered', reason: null },
    ]);
    assert.deepEqual(
      await eventsOf({ eventType: 'DeliveryDelay', mail: MAIL, deliveryDelay: { ...at, delayType: 'MailboxFull' } }),
      [{ ...known, status: 'sent', reason: 'MailboxFull' }],
    );
    assert.deepEqual(
      await eventsOf({ eventType: 'Complaint', mail: MAIL, complaint: { ...at, complaintFeedbackType: 'abuse' } }),
      [{ ...known, status: 'delivered', reason: 'abuse', trouble: 'complaint' }],
    );
    const sent = { ...known, at: Date.parse(MAIL.timestamp) };
    assert.deepEqual(await eventsOf({ eventType: 'Reject', mail: MAIL, reject: {} }), [
      { ...sent, status: 'failed', reason: 'Reject' },
    ]);
    assert.deepEqual(await eventsOf({ eventType: 'Send', mail: MAIL, send: {} }), [
      { ...sent, status: 'sent', reason: null },
    ]);
    assert.deepEqual(await eventsOf({ eventType: 'Open', mail: MAIL, open: {} }), []);
  });

  test('a complaint of old, for which SES did not send at all, is no delivery', async () => {
    const complaint = { timestamp: AT, complaintSubType: SES_COMPLAINT_NOT_SENT };
    assert.deepEqual(await eventsOf({ eventType: 'Complaint', mail: MAIL, complaint }), [
      { ...known, status: 'failed', reason: 'OnAccountSuppressionList', trouble: 'held-back' },
    ]);
    const [real] = await eventsOf({
      eventType: 'Complaint',
      mail: MAIL,
      complaint: { timestamp: AT, complaintSubType: null },
    });
    assert.ok(real?.type === 'receipt' && real.status === 'delivered');
  });

  test('the envelope names the message where headers are left out', async () => {
    const mail = { ...MAIL, headers: undefined, source: 'bounces+token@shop.example' };
    const [event] = await eventsOf({ eventType: 'Delivery', mail, delivery: { timestamp: AT } });
    assert.ok(event?.type === 'receipt');
    assert.equal(event.messageId, 'by-return-path');
    assert.deepEqual(
      await eventsOf({ eventType: 'Delivery', mail: { ...mail, source: 'x@shop.example' }, delivery: {} }),
      [],
    );
  });

  test('sentences, cut JSON and surprising types are no events', async () => {
    for (const message of [
      'Successfully validated SNS topic for Amazon SES event publishing.',
      '{"eventType":"Bou',
      '[]',
      'null',
    ])
      assert.deepEqual(await eventsOf(message), []);
    for (const odd of [
      { eventType: 'Bounce', mail: MAIL },
      { eventType: 'Bounce', mail: [], bounce: 3 },
      { eventType: 'Delivery', mail: { headers: [null, 7] } },
    ])
      assert.deepEqual(await eventsOf(odd), []);
  });
});

describe('whose call it is', () => {
  const right = snsDocument(SNS_KEY, notification(bounce({})));

  test('the certificate is fetched once', async () => {
    const { receive, asked } = world();
    for (let time = 0; time < 3; time += 1) assert.equal((await receive(right)).kind, 'received');
    assert.deepEqual(asked, [CERTIFICATE_URL]);
  });

  test('a topic of somebody else, rightly signed by Amazon, is refused before anything is fetched', async () => {
    const { receive, asked } = world();
    const foreign = snsDocument(
      SNS_KEY,
      notification(bounce({}), { TopicArn: 'arn:aws:sns:eu-west-1:999999999999:regain' }),
    );
    assert.deepEqual(await receive(foreign), { kind: 'refused', status: 403 });
    assert.deepEqual(asked, []);
  });

  test('a certificate from elsewhere is never fetched', async () => {
    for (const url of [
      'http://sns.eu-west-1.amazonaws.com/a.pem',
      'https://sns.eu-west-1.amazonaws.com.evil.example/a.pem',
      'https://evil.example/sns.eu-west-1.amazonaws.com/a.pem',
      'https://sns.eu-west-1.amazonaws.com@evil.example/a.pem',
      'https://user@sns.eu-west-1.amazonaws.com/a.pem',
      'https://bucket.s3.amazonaws.com/a.pem',
      'https://sns.s3.amazonaws.com/a.pem',
      'https://sns.s3-us-west-2.amazonaws.com/a.pem',
      'https://sns.s3.eu-west-1.amazonaws.com/a.pem',
      'https://sns.x.amazonaws.com/a.pem',
      'https://sns.us-east-1.amazonaws.com/a.pem',
      'https://sns.eu-west-1.amazonaws.com.cn/a.pem',
      'https://sns.eu-west-1.amazonaws.com:8443/a.pem',
      'https://sns.eu-west-1.amazonaws.com/a.txt',
      'https://127.0.0.1/a.pem',
      'file:///etc/a.pem',
      '',
    ]) {
      const { receive, asked } = world();
      const forged = snsDocument(SNS_KEY, notification(bounce({}), { SigningCertURL: url }));
      assert.deepEqual(await receive(forged), { kind: 'refused', status: 403 }, url);
      assert.deepEqual(asked, []);
    }
  });

  test('each topic by the certificate of its own region, in every partition', async () => {
    const REGIONS: [topic: string, host: string][] = [
      [TOPIC, 'sns.eu-west-1.amazonaws.com'],
      ['arn:aws:sns:ap-southeast-2:123456789012:regain', 'sns.ap-southeast-2.amazonaws.com'],
      ['arn:aws-us-gov:sns:us-gov-west-1:123456789012:regain', 'sns.us-gov-west-1.amazonaws.com'],
      ['arn:aws-cn:sns:cn-north-1:123456789012:regain', 'sns.cn-north-1.amazonaws.com.cn'],
    ];
    const { receive } = world(
      undefined,
      REGIONS.map(([topic]) => topic),
    );
    for (const [TopicArn] of REGIONS)
      for (const [at, host] of REGIONS) {
        const change = { TopicArn, SigningCertURL: `https://${host}/a.pem` };
        const { kind } = await receive(snsDocument(SNS_KEY, notification(bounce({}), change)));
        assert.equal(kind, TopicArn === at ? 'received' : 'refused', `${TopicArn} by ${host}`);
      }
  });

  test('any changed field, an unknown version, no signature, a redirect in place of the certificate', async () => {
    for (const name of [
      'Message',
      'MessageId',
      'Subject',
      'Timestamp',
      'Type',
      'Signature',
      'SignatureVersion',
    ] as const) {
      const changed = {
        ...right,
        [name]: name === 'Type' ? 'UnsubscribeConfirmation' : name === 'SignatureVersion' ? '3' : `A${right[name]}`,
      };
      assert.deepEqual(await world().receive(changed), { kind: 'refused', status: 403 }, name);
    }
    for (const SignatureVersion of ['constructor', '__proto__', ''])
      assert.deepEqual(await world().receive({ ...right, SignatureVersion }), { kind: 'refused', status: 403 });
    assert.deepEqual(await world().receive({ ...right, Signature: undefined }), { kind: 'refused', status: 403 });
    for (const answer of [
      () => Response.redirect('https://evil.example/a.pem'),
      () => new Response('no certificate'),
      () => new Response('', { status: 404 }),
    ])
      assert.deepEqual(await world(answer).receive(right), { kind: 'refused', status: 403 });
    for (const body of ['', '[]', '{', 'null'])
      assert.equal(
        (
          await createSesReports(
            { topics: [TOPIC] },
            { clock: { now: () => NOW }, messageOf: () => undefined, fetch },
          ).receive(call(body))
        ).kind,
        'refused',
      );
  });

  test('a subscription to our topic is confirmed at Amazon, and nowhere else', async () => {
    const confirmation = (url: string) =>
      snsDocument(SNS_KEY, {
        Type: 'SubscriptionConfirmation',
        MessageId: 'm',
        TopicArn: TOPIC,
        Token: 'token',
        Message: 'You have chosen to subscribe',
        SubscribeURL: url,
        Timestamp: AT,
        SigningCertURL: CERTIFICATE_URL,
      });
    const url = 'https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&Token=token';
    const good = world();
    assert.deepEqual(await good.receive(confirmation(url)), { kind: 'received', events: [] });
    assert.deepEqual(good.asked, [CERTIFICATE_URL, url]);
    const bad = world();
    assert.deepEqual(await bad.receive(confirmation('https://evil.example/?Action=ConfirmSubscription')), {
      kind: 'refused',
      status: 403,
    });
    assert.deepEqual(bad.asked, [CERTIFICATE_URL]);
    const bucket = world();
    const inBucket = await bucket.receive(confirmation('https://sns.s3.amazonaws.com/?Action=ConfirmSubscription'));
    assert.deepEqual(inBucket, { kind: 'refused', status: 403 });
    assert.deepEqual(bucket.asked, [CERTIFICATE_URL]);
  });
});

describe('what a forged call that names our topic makes us fetch', () => {
  const right = snsDocument(SNS_KEY, notification(bounce({})));
  const forged = (SigningCertURL: string) => ({
    ...notification(bounce({})),
    SignatureVersion: '2',
    Signature: 'AAAA',
    SigningCertURL,
  });
  const another = (at: number): string => CERTIFICATE_URL.replace('0123', String(at));

  test('nothing by an address with a query or a fragment: each would be another address of the same certificate', async () => {
    const { receive, asked } = world();
    for (const more of ['?', '?n=1', '#', '#n', '?a.pem', '#/a.pem'])
      assert.deepEqual(await receive({ ...right, SigningCertURL: CERTIFICATE_URL + more }), REFUSED, more);
    assert.deepEqual(asked, []);
  });

  test('one certificate at a time and address, however many calls wait for it', async () => {
    const { receive, asked } = world();
    const received = await Promise.all(Array.from({ length: 20 }, () => receive(right)));
    assert.ok(received.every(({ kind }) => kind === 'received'));
    assert.deepEqual(asked, [CERTIFICATE_URL]);
  });

  test('ten addresses a minute, and what has no certificate is not asked again within it', async () => {
    const { receive, asked, pass } = world(() => new Response('', { status: 404 }));
    for (let time = 0; time < 3; time += 1) assert.deepEqual(await receive(forged(another(0))), REFUSED);
    assert.equal(asked.length, 1);
    const floods = await Promise.allSettled(Array.from({ length: 200 }, (_, at) => receive(forged(another(at)))));
    assert.equal(asked.length, 10);
    assert.equal(floods.filter(({ status }) => status === 'fulfilled').length, 10);
    for (const flood of floods) if (flood.status === 'rejected') assert.equal(flood.reason.code, 'unavailable');
    pass(MINUTE);
    assert.deepEqual(await receive(forged(another(0))), REFUSED);
    assert.equal(asked.length, 11);
  });

  test('never again the certificate that a true call was signed with', async () => {
    const { receive, asked, pass } = world();
    assert.equal((await receive(right)).kind, 'received');
    for (let minute = 0; minute < 5; minute += 1) {
      await Promise.allSettled(Array.from({ length: 30 }, (_, at) => receive(forged(another(100 * minute + at)))));
      pass(MINUTE);
    }
    assert.equal((await receive(right)).kind, 'received');
    assert.equal(asked.filter((url) => url === CERTIFICATE_URL).length, 1);
  });

  test('not a body without end', async () => {
    let pulls = 0;
    const { receive } = world(
      () =>
        new Response(
          new ReadableStream({
            pull(controller) {
              pulls += 1;
              if (pulls === 1_000) controller.close();
              else controller.enqueue(Buffer.alloc(10_000, 'x'));
            },
          }),
        ),
    );
    assert.deepEqual(await receive(right), REFUSED);
    assert.ok(pulls < 20, `${pulls}`);
  });

  test('Amazon that cannot be reached, or is down, is asked again a minute later, and the call is not refused for good', async () => {
    for (const down of [
      () => {
        throw new Error('no route');
      },
      () => new Response('', { status: 503 }),
    ]) {
      let isDown = true;
      const { receive, asked, pass } = world(() => (isDown ? down() : new Response(SNS_CERTIFICATE)));
      await assert.rejects(receive(right));
      await assert.rejects(receive(right));
      assert.equal(asked.length, 1);
      isDown = false;
      pass(MINUTE);
      assert.equal((await receive(right)).kind, 'received');
    }
  });
});
