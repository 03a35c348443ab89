/** SendGrid's own library beside our route: what it takes for SendGrid's is taken, what it does not is refused. */
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { createRequire } from 'node:module';
import { after, before, describe, test } from 'node:test';
import { EventWebhook, EventWebhookHeader } from '@sendgrid/eventwebhook';
import { type InProcess, startInProcess } from '../../in-process.ts';
import { type SendGridSigner, sendGridSigner } from '../../signed-calls.ts';
import { callRoute } from '../../webhook-route.ts';

/** The library verifies only; what it computes with, signs as well. */
interface Ecdsa {
  PrivateKey: { fromPem(pem: string): unknown };
  Ecdsa: { sign(message: string, key: unknown): { toBase64(): string } };
}
const ecdsa: Ecdsa = createRequire(import.meta.resolve('@sendgrid/eventwebhook'))('starkbank-ecdsa');

const library = new EventWebhook();
const signer = sendGridSigner();
const librarys = librarySigner();
const TIMESTAMP = '1773479523';
const BATCH = JSON.stringify([
  { email: 'jané@example.com', timestamp: 1773479523, event: 'delivered', 'smtp-id': '<our-id@shop.example>' },
  { email: 'joe@example.com', timestamp: 1773479524, event: 'bounce', status: '5.1.1', 'smtp-id': '<b@shop.example>' },
]);

interface Signed {
  body: string;
  signature: string;
  timestamp: string;
}

function signed(body: string, { sign } = signer, timestamp = TIMESTAMP): Signed {
  return { body, timestamp, signature: sign(body, timestamp)['X-Twilio-Email-Event-Webhook-Signature'] ?? '' };
}

/** Throws on what is no signature at all, which is no less a no. */
function takenByLibrary({ body, signature, timestamp }: Signed, { publicKey } = signer): boolean {
  const key = library.convertPublicKeyToECDSA(publicKey);
  try {
    return library.verifySignature(key, Buffer.from(body), signature, timestamp);
  } catch {
    return false;
  }
}

/** Its signatures are computed by the library's own arithmetic. */
function librarySigner(): SendGridSigner {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const key = ecdsa.PrivateKey.fromPem(privateKey.export({ type: 'sec1', format: 'pem' }).toString());
  return {
    publicKey: publicKey.export({ type: 'spki', format: 'der' }).toString('base64'),
    sign: (body, timestamp) => ({
      [EventWebhookHeader.SIGNATURE()]: ecdsa.Ecdsa.sign(timestamp + body, key).toBase64(),
      [EventWebhookHeader.TIMESTAMP()]: timestamp,
    }),
  };
}

describe('a batch of events at our route', () => {
  let program: InProcess;
  before(async () => {
    program = await startInProcess('sqlite', {
      REGAIN_MAIL_REPORTS: `sendgrid://?key=${encodeURIComponent(signer.publicKey)}&key=${encodeURIComponent(librarys.publicKey)}`,
      REGAIN_BOUNCE_ADDRESS: 'bounces@shop.example',
    });
  });
  after(() => program.close());

  const statusOf = async ({ body, signature, timestamp }: Signed): Promise<number> => {
    const headers = {
      'Content-Type': 'application/json',
      [EventWebhookHeader.SIGNATURE()]: signature,
      [EventWebhookHeader.TIMESTAMP()]: timestamp,
    };
    return (await callRoute(program, '/webhooks/sendgrid', body, headers)).status;
  };

  for (const [what, body] of [
    ['with letters of two bytes', BATCH],
    ['that ends with a line break, as SendGrid writes it', `${BATCH}\r\n`],
    ['without an event', '[]'],
  ] as const)
    test(`is taken, by the library as well: ${what}`, async () => {
      // The lengths of both numbers of a signature vary; each is taken.
      for (let time = 0; time < 20; time += 1)
        for (const by of [signer, librarys]) {
          const call = signed(`${body}${' '.repeat(time)}`, by);
          assert.equal(takenByLibrary(call, by), true);
          assert.equal(await statusOf(call), 200);
        }
    });

  const right = signed(BATCH);
  const FORGED: Record<string, Signed> = {
    'with another event': { ...right, body: BATCH.replace('delivered', 'dropped') },
    'with a space more': { ...right, body: `${BATCH} ` },
    'cut off': { ...right, body: BATCH.slice(0, -1) },
    'at another second': { ...right, timestamp: '1773479524' },
    'without a timestamp': { ...right, timestamp: '' },
    'signed with another key': signed(BATCH, sendGridSigner()),
    'signed for another batch': { ...right, signature: signed('[]').signature },
    'with half a signature': { ...right, signature: right.signature.slice(0, 40) },
    'with something more behind the signature': { ...right, signature: withMore(right.signature) },
    'with zeros for a signature': { ...right, signature: Buffer.from('3006020100020100', 'hex').toString('base64') },
    'with an empty signature': { ...right, signature: '' },
  };
  for (const [what, call] of Object.entries(FORGED))
    test(`is refused, by the library as well: ${what}`, async () => {
      assert.equal(takenByLibrary(call), false);
      assert.equal(await statusOf(call), 403);
    });

  test('is refused without the headers', async () => {
    assert.equal((await callRoute(program, '/webhooks/sendgrid', BATCH)).status, 403);
  });
});

function withMore(signature: string): string {
  return Buffer.concat([Buffer.from(signature, 'base64'), Buffer.from([0])]).toString('base64');
}
