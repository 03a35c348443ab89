/** Our reading of WhatsApp's API beside that of an independent library, which others use against Meta's servers every day. */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { WhatsAppAPI } from 'whatsapp-api-js';
import { Template, Text } from 'whatsapp-api-js/messages';
import { createWhatsAppChannel } from '../../src/channels/whatsapp.ts';
import type { OutgoingText } from '../../src/ports.ts';
import { type InProcess, startInProcess } from '../in-process.ts';
import { channelWorld } from '../provider-peer.ts';
import { callRoute } from '../webhook-route.ts';
import { startWhatsAppPeer, type WhatsAppPeer } from '../whatsapp-peer.ts';

const SETTINGS = {
  phoneNumberId: '106540352242922',
  token: 'EAAJB-token',
  appSecret: '0123456789abcdef0123456789abcdef',
  verifyToken: 'chosen-by-us',
  template: 'recovery_code',
  languages: ['en_US'],
  number: undefined,
};
const BSUID = 'US.13491208655302741918';
const CODE: OutgoingText = {
  id: 'message-1',
  to: '+15550123',
  text: 'Linked.',
  code: '482913',
  kind: 'recovery_code',
  locale: 'en',
  usefulUntil: 1_790_000_600_000,
};

/** The library, with every request caught before it leaves. */
function library() {
  const requests: { url: string; body: Record<string, unknown> }[] = [];
  const api = new WhatsAppAPI({
    token: SETTINGS.token,
    appSecret: SETTINGS.appSecret,
    webhookVerifyToken: SETTINGS.verifyToken,
    v: 'v23.0',
    ponyfill: {
      fetch: async (url, init) => {
        requests.push({ url: String(url), body: JSON.parse(String(init?.body)) });
        return Response.json({ messages: [{ id: 'wamid.1' }] });
      },
    },
  });
  return { api, requests };
}

describe('the same message by the library', () => {
  const CASES = [
    ['a code', CODE, { phone: '15550123' }, Template.OTP('recovery_code', 'en_US', '482913')],
    ['words', { ...CODE, code: undefined }, { phone: '15550123' }, new Text('Linked.', false)],
    [
      'words to a person without a number',
      { ...CODE, to: BSUID, code: undefined },
      { bsuid: BSUID },
      new Text('Linked.', false),
    ],
  ] as const;
  for (const [what, text, recipient, theirs] of CASES)
    test(`is the same: ${what}`, async (t) => {
      const peer = await startWhatsAppPeer(SETTINGS);
      t.after(() => peer.stop());
      const channel = createWhatsAppChannel({ ...SETTINGS, api: `${peer.url}/v23.0` }, channelWorld(0));
      assert.equal((await channel.send(text)).kind, 'accepted');
      const { api, requests } = library();
      // Its types ask for a bsuid always, its code for either.
      await api.sendMessage(SETTINGS.phoneNumberId, recipient as { bsuid: string }, theirs, undefined, 'message-1');
      assert.equal(new URL(requests[0]?.url ?? '').pathname, peer.calls[0]?.path);
      // The library writes the button's index as a number, Meta's description as a string of one digit; and it leaves out
      // the preview that we forbid, because forbidden is what Meta takes for unsaid.
      const body = JSON.parse(JSON.stringify(requests[0]?.body).replace('"index":0', '"index":"0"'));
      assert.deepEqual(JSON.parse(JSON.stringify(peer.sent[0]).replace(',"preview_url":false', '')), body);
    });
});

describe('a batch at our route', () => {
  let program: InProcess;
  let peer: WhatsAppPeer;
  before(async () => {
    peer = await startWhatsAppPeer(SETTINGS);
    program = await startInProcess('sqlite', {
      REGAIN_WHATSAPP_URL: `whatsapp://${SETTINGS.phoneNumberId}:${SETTINGS.token}@graph.facebook.com/v23.0?app_secret=${SETTINGS.appSecret}&verify_token=${SETTINGS.verifyToken}&template=${SETTINGS.template}&languages=en_US&number=15550100&api=${peer.url}`,
    });
  });
  after(async () => {
    await program.close();
    await peer.stop();
  });
  const statusOf = async (body: string, signature: string): Promise<number> => {
    const headers = { 'Content-Type': 'application/json', 'X-Hub-Signature-256': signature };
    return (await callRoute(program, '/webhooks/whatsapp', body, headers)).status;
  };
  const good = (status: string): { body: string; signature: string } => {
    const call = peer.batch({
      statuses: [{ id: 'wamid.1', status, timestamp: '1790000000', recipient_id: '15550123' }],
    });
    return { body: Buffer.from(call.body).toString(), signature: call.headers.get('x-hub-signature-256') ?? '' };
  };

  test('is taken, by the library as well', async () => {
    const { body, signature } = good('read');
    assert.equal(await library().api.verifyRequestSignature(body, signature), true);
    assert.equal(await statusOf(body, signature), 200);
  });

  test('with letters outside of ASCII is taken where they were signed escaped, by the library as well, and where not', async () => {
    const body = good('read').body.replace('wamid.1', 'wamid.é😀\u007f');
    const escapedBody = good('read').body.replace('wamid.1', String.raw`wamid.\u00e9\ud83d\ude00\u007f`);
    const signature = `sha256=${createHmac('sha256', SETTINGS.appSecret).update(escapedBody).digest('hex')}`;
    assert.equal(await library().api.verifyRequestSignature(body, signature), true);
    assert.equal(await statusOf(body, signature), 200);
    assert.equal(await statusOf(escapedBody, signature), 200);
    assert.equal(
      await statusOf(body, `sha256=${createHmac('sha256', SETTINGS.appSecret).update(body).digest('hex')}`),
      200,
    );
    assert.equal(await library().api.verifyRequestSignature(body.replace('é', 'e'), signature), false);
    assert.equal(await statusOf(body.replace('é', 'e'), signature), 401);
  });

  const FORGED: Record<string, (call: ReturnType<typeof good>) => [body: string, signature: string]> = {
    'with another status': ({ body, signature }) => [body.replace('read', 'sent'), signature],
    'with a space more': ({ body, signature }) => [`${body} `, signature],
    'cut off': ({ body, signature }) => [body.slice(0, -1), signature],
    'signed for another batch': ({ body }) => [body, good('sent').signature],
    'with another key': ({ body }) => [body, `sha256=${createHmac('sha256', 'other').update(body).digest('hex')}`],
    'with half a signature': ({ body, signature }) => [body, signature.slice(0, 39)],
    'with zeros for a signature': ({ body }) => [body, `sha256=${'0'.repeat(64)}`],
  };
  for (const [what, forge] of Object.entries(FORGED))
    test(`is refused, by the library as well: ${what}`, async () => {
      const [body, signature] = forge(good('read'));
      assert.equal(await library().api.verifyRequestSignature(body, signature), false);
      assert.equal(await statusOf(body, signature), 401);
    });

  test('is refused without a signature', async () => {
    assert.equal((await callRoute(program, '/webhooks/whatsapp', good('read').body)).status, 401);
  });

  test('the question whether the address is ours is answered as by the library', async () => {
    for (const [token, status] of [
      [SETTINGS.verifyToken, 200],
      ['another', 403],
    ] as const) {
      const query = { 'hub.mode': 'subscribe' as const, 'hub.verify_token': token, 'hub.challenge': '1158201444' };
      const url = `${program.regain.config.origin}/webhooks/whatsapp?${new URLSearchParams(query)}`;
      const response = await program.regain.fetch(new Request(url), { peer: '203.0.113.7' });
      const theirs = await Promise.resolve()
        .then(() => library().api.get(query))
        .catch((error: Error) => error);
      assert.equal(response.status, status);
      if (status === 200) assert.equal(await response.text(), theirs);
      else assert.ok(theirs instanceof Error);
    }
  });
});
