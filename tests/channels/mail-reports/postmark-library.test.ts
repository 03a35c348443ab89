/** Postmark's own library beside ours: its types say what an event is, and its list which bounces there are. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Models } from 'postmark';
import { createPostmarkReports } from '../../../src/channels/mail-reports/postmark.ts';
import { type InProcess, startInProcess } from '../../in-process.ts';
import { call } from '../../signed-calls.ts';
import { callRoute } from '../../webhook-route.ts';

const PASSWORD = 'the password of Postmark';
const about = {
  ServerID: 23,
  MessageStream: 'outbound',
  MessageID: '883953f4-6105-42a2-a16a-77a8eac79483',
  Details: '',
  Metadata: { 'regain-message': 'our-id' },
};
const DELIVERY: Models.DeliveryWebhook = {
  ...about,
  RecordType: 'Delivery',
  Recipient: 'jane@example.com',
  DeliveredAt: '2026-03-14T05:12:03Z',
};

function bounce(Type: keyof typeof Models.BounceType): Models.BounceWebhook {
  return {
    ...about,
    RecordType: 'Bounce',
    ID: 42,
    Type,
    TypeCode: Models.BounceTypeCode[Type],
    Name: 'x',
    Description: 'x',
    Email: 'jane@example.com',
    From: 'no-reply@shop.example',
    BouncedAt: '2026-03-14T05:12:03Z',
    DumpAvailable: true,
    Inactive: false,
    CanActivate: true,
    Subject: 'x',
  };
}

describe('a bounce', () => {
  const postmark = createPostmarkReports({ user: 'hook', password: PASSWORD }, { clock: { now: () => 0 } });
  const fateOf = async (event: Models.BounceWebhook): Promise<(string | undefined)[]> => {
    const received = await postmark.receive(call(JSON.stringify(event), basic(`hook:${PASSWORD}`)));
    assert.equal(received.kind, 'received');
    const [receipt] = received.kind === 'received' ? received.events : [];
    return receipt?.type === 'receipt' ? [receipt.status, receipt.trouble] : [];
  };
  const FATES: Record<keyof typeof Models.BounceType, (string | undefined)[]> = {
    HardBounce: ['failed', 'no-mailbox'],
    Transient: ['sent', undefined],
    // People and their machines answered; the mail itself is elsewhere.
    Unsubscribe: [],
    Subscribe: [],
    AutoResponder: [],
    AddressChange: [],
    OpenRelayTest: [],
    DnsError: ['failed', undefined],
    SpamNotification: ['failed', undefined],
    Unknown: ['failed', undefined],
    SoftBounce: ['failed', undefined],
    VirusNotification: ['failed', undefined],
    ChallengeVerification: ['failed', undefined],
    BadEmailAddress: ['failed', 'no-mailbox'],
    SpamComplaint: ['delivered', 'complaint'],
    ManuallyDeactivated: ['failed', 'held-back'],
    Unconfirmed: ['failed', undefined],
    Blocked: ['failed', undefined],
    SMTPApiError: ['failed', undefined],
    InboundError: ['failed', undefined],
    DMARCPolicy: ['failed', undefined],
    TemplateRenderingFailed: ['failed', undefined],
  };
  for (const type of Object.keys(Models.BounceType) as (keyof typeof Models.BounceType)[])
    test(`of type ${type} is ${FATES[type].join(', ') || 'no fate of the mail'}`, async () => {
      assert.deepEqual(await fateOf(bounce(type)), FATES[type]);
    });
});

function basic(login: string): Record<string, string> {
  return { 'Content-Type': 'application/json', Authorization: `Basic ${Buffer.from(login).toString('base64')}` };
}

describe('an event at our route', () => {
  let program: InProcess;
  before(async () => {
    program = await startInProcess('sqlite', {
      REGAIN_MAIL_REPORTS: `postmark://hook:${encodeURIComponent(PASSWORD)}@`,
    });
  });
  after(() => program.close());
  const statusOf = async (headers: Record<string, string>): Promise<number> =>
    (await callRoute(program, '/webhooks/postmark', JSON.stringify(DELIVERY), headers)).status;

  test('is taken with the name and the password that the operator typed in at Postmark', async () => {
    const { Username, Password }: Models.HttpAuth = { Username: 'hook', Password: PASSWORD };
    assert.equal(await statusOf(basic(`${Username}:${Password}`)), 200);
  });

  for (const [what, headers] of Object.entries({
    'another password': basic(`hook:${PASSWORD}x`),
    'another name': basic(`hooks:${PASSWORD}`),
    'no password': basic('hook:'),
    'nothing at all': {},
  }))
    test(`is refused with ${what}`, async () => assert.equal(await statusOf(headers), 401));
});
