/** Amazon's own library beside our route: what it takes for a message of Amazon SNS is taken, what it does not is refused. */
import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import https from 'node:https';
import { Readable } from 'node:stream';
import { after, before, describe, mock, test } from 'node:test';
import MessageValidator from 'sns-validator';
import { type InProcess, startInProcess } from '../../in-process.ts';
import { snsDocument } from '../../signed-calls.ts';
import { SNS_CERTIFICATE, SNS_KEY } from '../../sns-key.ts';
import { callRoute } from '../../webhook-route.ts';

const TOPIC = 'arn:aws:sns:eu-west-1:123456789012:regain';
const CERTIFICATE_URL = 'https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123.pem';
const NOTIFICATION = {
  Type: 'Notification',
  MessageId: '22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324',
  TopicArn: TOPIC,
  Message: JSON.stringify({ eventType: 'Delivery', mail: { source: 'né@shop.example' }, delivery: {} }),
  Timestamp: '2027-03-14T09:12:03.000Z',
  SigningCertURL: CERTIFICATE_URL,
};
const SUBSCRIPTION = {
  ...NOTIFICATION,
  Type: 'SubscriptionConfirmation',
  Message: 'You have chosen to subscribe to the topic',
  Token: '2336412f37',
  SubscribeURL: 'https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&Token=2336412f37',
};
type Signed = Record<string, string>;
/** What whoever calls his bucket "sns" may put there, by the bucket's two addresses. */
const IN_BUCKET = 'https://sns.s3.amazonaws.com/evil.pem';
const IN_BUCKET_OF_REGION = 'https://sns.s3-us-west-2.amazonaws.com/evil.pem';
/** The library wants it, but signs it no more than we do. */
const UNSIGNED = { UnsubscribeURL: 'https://sns.eu-west-1.amazonaws.com/?Action=Unsubscribe' };

/** Amazon's servers, for the library, which fetches by `https`, and for the program. */
const certificates = (url: string): string | undefined =>
  [CERTIFICATE_URL, IN_BUCKET, IN_BUCKET_OF_REGION].includes(url) ? SNS_CERTIFICATE : undefined;

function takenByLibrary(document: Signed): Promise<boolean> {
  return new Promise((answered) => new MessageValidator().validate(document, (error) => answered(error === null)));
}

describe('a message of Amazon SNS at our route', () => {
  let program: InProcess;
  before(async () => {
    mock.method(https, 'get', (url: string, answer: (response: unknown) => void) => {
      const certificate = certificates(url);
      answer(Object.assign(Readable.from([certificate ?? '']), { statusCode: certificate === undefined ? 404 : 200 }));
      return new EventEmitter();
    });
    const fetch = async (url: string | URL | Request) =>
      new Response(certificates(String(url)) ?? (String(url) === SUBSCRIPTION.SubscribeURL ? '<ok/>' : null), {
        status: certificates(String(url)) || String(url) === SUBSCRIPTION.SubscribeURL ? 200 : 404,
      });
    program = await startInProcess('sqlite', { REGAIN_MAIL_REPORTS: `ses://?topic=${TOPIC}` }, {}, { fetch });
    // Within the days of the certificate.
    program.jump(Date.parse(NOTIFICATION.Timestamp) - program.now());
  });
  after(async () => {
    mock.restoreAll();
    await program.close();
  });
  const statusOf = async (document: Signed): Promise<number> =>
    (await callRoute(program, '/webhooks/ses', JSON.stringify(document), { 'Content-Type': 'text/plain' })).status;

  for (const version of ['1', '2'] as const)
    for (const [what, fields] of [
      ['a notification', NOTIFICATION],
      ['a notification with a subject', { ...NOTIFICATION, Subject: 'Amazon SES Email Event Notification' }],
      ['a subscription', SUBSCRIPTION],
    ] as [string, Signed][])
      test(`is taken, by the library as well: ${what}, signed by version ${version}`, async () => {
        const document = { ...snsDocument(SNS_KEY, fields, version), ...UNSIGNED };
        assert.equal(await takenByLibrary({ ...document }), true);
        assert.equal(await statusOf(document), 200);
      });

  const right: Signed = { ...snsDocument(SNS_KEY, { ...NOTIFICATION, Subject: 'x' }), ...UNSIGNED };
  const elsewhere = (url: string): Signed => snsDocument(SNS_KEY, { ...NOTIFICATION, SigningCertURL: url });
  const FORGED: Record<string, Signed> = {
    'with another message': { ...right, Message: '{}' },
    'with another id': { ...right, MessageId: 'x' },
    'with another subject': { ...right, Subject: 'y' },
    'without its subject': without(right, 'Subject'),
    'at another time': { ...right, Timestamp: '2027-03-14T09:12:04.000Z' },
    'as another type': {
      ...right,
      Type: 'SubscriptionConfirmation',
      Token: 't',
      SubscribeURL: UNSIGNED.UnsubscribeURL,
    },
    'from another topic': { ...right, TopicArn: `${TOPIC}2` },
    'with another version': { ...right, SignatureVersion: '1' },
    'with a version that does not exist': { ...right, SignatureVersion: '3' },
    'with half a signature': { ...right, Signature: right.Signature?.slice(0, 100) ?? '' },
    'without a signature': without(right, 'Signature'),
    'without the address of a certificate': without(right, 'SigningCertURL'),
    'with a certificate from elsewhere': elsewhere('https://evil.example/SimpleNotificationService-0123.pem'),
    'with a certificate from a bucket at Amazon': elsewhere('https://sns-eu-west-1.s3.amazonaws.com/x.pem'),
    'with a certificate from the bucket "sns" at Amazon': elsewhere(IN_BUCKET),
    'with a certificate by plain HTTP': elsewhere(CERTIFICATE_URL.replace('https', 'http')),
    'with something else than a certificate': elsewhere(CERTIFICATE_URL.replace('.pem', '.txt')),
    'with a certificate that Amazon does not have': elsewhere(CERTIFICATE_URL.replace('0123', '4567')),
  };
  for (const [what, document] of Object.entries(FORGED))
    test(`is refused, by the library as well: ${what}`, async () => {
      assert.equal(await takenByLibrary({ ...document }), false);
      assert.equal(await statusOf(document), 403);
    });

  test('by a certificate in the bucket "sns" is refused, though the library takes its address in a region for one of SNS', async () => {
    const document = { ...elsewhere(IN_BUCKET_OF_REGION), ...UNSIGNED };
    assert.equal(await takenByLibrary({ ...document }), true);
    assert.equal(await statusOf(document), 403);
  });

  test('from a topic of somebody else is refused, though the library takes it: Amazon signs for everybody', async () => {
    const foreign = snsDocument(SNS_KEY, { ...NOTIFICATION, TopicArn: 'arn:aws:sns:eu-west-1:999999999999:regain' });
    assert.equal(await takenByLibrary({ ...foreign }), true);
    assert.equal(await statusOf(foreign), 403);
  });
});

function without(document: Signed, name: string): Signed {
  return Object.fromEntries(Object.entries(document).filter(([key]) => key !== name));
}
