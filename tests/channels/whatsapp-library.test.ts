/** Our reading of WhatsApp's API beside that of an independent library, which others use against Meta's servers every day. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { WhatsAppAPI } from 'whatsapp-api-js';
import { Template, Text } from 'whatsapp-api-js/messages';
import { createWhatsAppChannel } from '../../src/channels/whatsapp.ts';
import type { OutgoingText } from '../../src/ports.ts';
import { channelWorld } from '../provider-peer.ts';
import { startWhatsAppPeer } from '../whatsapp-peer.ts';

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

describe('a webhook signed as our tests sign', () => {
  test('is taken by the library, and with a changed byte it is not', async (t) => {
    const peer = await startWhatsAppPeer(SETTINGS);
    t.after(() => peer.stop());
    const call = peer.batch({ statuses: [{ id: 'wamid.1', status: 'read', timestamp: '1790000000' }] });
    const signature = call.headers.get('x-hub-signature-256') ?? '';
    const body = Buffer.from(call.body).toString();
    assert.equal(await library().api.verifyRequestSignature(body, signature), true);
    assert.equal(await library().api.verifyRequestSignature(body.replace('read', 'sent'), signature), false);
  });
});
