/**
 * Twilio's own library on the other side: it signs what our route receives, judges what our route judges, sends the message
 * that we send, and reads the answers of the server that our tests have in Twilio's place.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import twilio from 'twilio';
import { createTwilioChannel } from '../../src/channels/twilio.ts';
import { parseTwilioUrl } from '../../src/rules/sms-urls.ts';
import { type InProcess, startInProcess } from '../in-process.ts';
import { outgoingCode, webhookCall } from '../provider-peer.ts';
import { startTwilioPeer } from '../twilio-peer.ts';
import { callRoute } from '../webhook-route.ts';
import type { MESSAGE_PARAMETERS } from './published/twilio.ts';

const ACCOUNT = 'AC0123456789abcdef0123456789abcdef';
const TOKEN = '0123456789abcdef0123456789abcdef';
const PATH = '/webhooks/twilio?message=message-1';
const ADDRESS = `https://accounts.shop.example${PATH}`;
const STATUS = {
  AccountSid: ACCOUNT,
  ApiVersion: '2010-04-01',
  From: '+15005550006',
  MessageSid: `SM${'1'.repeat(32)}`,
  MessageStatus: 'delivered',
  SmsSid: `SM${'1'.repeat(32)}`,
  SmsStatus: 'delivered',
  To: '+15005550001',
};
const INBOUND = {
  AccountSid: ACCOUNT,
  Body: 'Où est ma commande? 100% & = + 😀',
  From: '+15005550006',
  MessageSid: `SM${'2'.repeat(32)}`,
  NumMedia: '0',
  To: '+15005550001',
};

const formOf = (fields: Record<string, string>): string => new URLSearchParams(fields).toString();

function headersOf(signature: string | undefined): Record<string, string> {
  const type = { 'Content-Type': 'application/x-www-form-urlencoded; charset=UTF-8' };
  return signature === undefined ? type : { ...type, 'X-Twilio-Signature': signature };
}

describe('a call that the library signed, at our route', () => {
  let program: InProcess;
  before(async () => {
    program = await startInProcess('sqlite', {
      REGAIN_SMS_URL: `twilio://${ACCOUNT}:${TOKEN}@api.twilio.com?from=%2B15005550006&api=http://127.0.0.1:9`,
      REGAIN_SMS_COUNTRIES: 'US',
    });
  });
  after(() => program.close());

  for (const [what, fields] of [
    ['a status', STATUS],
    ['a failure', { ...STATUS, MessageStatus: 'undelivered', SmsStatus: 'undelivered', ErrorCode: '30003' }],
    ['a parameter that Twilio invents tomorrow', { ...STATUS, aNewOne: 'é', Another: '' }],
    ['what somebody wrote', INBOUND],
  ] as [string, Record<string, string>][])
    test(`is taken: ${what}`, async () => {
      for (const address of [ADDRESS, ADDRESS.replace('.example', '.example:443')]) {
        const signature = twilio.getExpectedTwilioSignature(TOKEN, address, fields);
        assert.equal((await callRoute(program, PATH, formOf(fields), headersOf(signature))).status, 200);
      }
    });

  test('is taken where a parameter comes several times', async () => {
    const media = ['https://b.example', 'https://a.example', 'https://a.example'];
    const signature = twilio.getExpectedTwilioSignature(TOKEN, ADDRESS, { ...STATUS, MediaUrl: media });
    const body = formOf(STATUS) + media.map((url) => `&MediaUrl=${encodeURIComponent(url)}`).join('');
    assert.equal((await callRoute(program, PATH, body, headersOf(signature))).status, 200);
  });

  test('is answered with nothing to send back, as the library writes it', async () => {
    const signature = twilio.getExpectedTwilioSignature(TOKEN, ADDRESS, INBOUND);
    const { text } = await callRoute(program, PATH, formOf(INBOUND), headersOf(signature));
    assert.equal(text, new twilio.twiml.MessagingResponse().toString());
  });

  const right = twilio.getExpectedTwilioSignature(TOKEN, ADDRESS, STATUS);
  const FORGED: [what: string, path: string, fields: Record<string, string>, signature: string | undefined][] = [
    ['with another status', PATH, { ...STATUS, MessageStatus: 'failed' }, right],
    ['about another message', PATH, { ...STATUS, MessageSid: `SM${'3'.repeat(32)}` }, right],
    ['with a parameter more', PATH, { ...STATUS, ErrorCode: '30003' }, right],
    ['with a parameter less', PATH, formWithout('SmsSid'), right],
    ['at another address', PATH.replace('message-1', 'message-2'), STATUS, right],
    ['without the query', '/webhooks/twilio', STATUS, right],
    ['signed for another shop', PATH, STATUS, signedFor('https://evil.example')],
    ['signed without TLS', PATH, STATUS, signedFor('http://accounts.shop.example')],
    ['signed with another key', PATH, STATUS, twilio.getExpectedTwilioSignature(`${TOKEN}0`, ADDRESS, STATUS)],
    ['with half a signature', PATH, STATUS, right.slice(0, 14)],
    ['with an empty signature', PATH, STATUS, ''],
    ['without a signature', PATH, STATUS, undefined],
  ];
  for (const [what, path, fields, signature] of FORGED)
    test(`is refused, by the library as well: ${what}`, async () => {
      const address = `https://accounts.shop.example${path}`;
      assert.equal(twilio.validateRequest(TOKEN, signature ?? '', address, fields), false);
      assert.equal((await callRoute(program, path, formOf(fields), headersOf(signature))).status, 403);
    });
});

function formWithout(name: keyof typeof STATUS): Record<string, string> {
  const { [name]: _, ...fields } = STATUS;
  return fields;
}

function signedFor(origin: string): string {
  return twilio.getExpectedTwilioSignature(TOKEN, origin + PATH, STATUS);
}

describe('whatever is signed', () => {
  const { channel } = channelAt('http://127.0.0.1:9');
  const taken = async (address: string, body: string, signature: string): Promise<boolean> => {
    const call = { ...webhookCall(body, headersOf(signature)), url: address };
    return (await channel.receive?.(call))?.kind === 'received';
  };
  const fields = fc
    .dictionary(fc.stringMatching(/^[A-Za-z][A-Za-z0-9]{0,8}$/), fc.string({ unit: 'grapheme', maxLength: 12 }))
    .map((more) => ({ ...more, AccountSid: ACCOUNT, MessageStatus: 'sent', MessageSid: 'SM1' }));
  const addresses = fc
    .tuple(
      fc.constantFrom('https', 'http'),
      fc.constantFrom('accounts.shop.example', '[2001:db8::1]', '203.0.113.7'),
      fc.constantFrom('', ':443', ':80', ':8443'),
      fc.stringMatching(/^\/[a-z0-9'()*!~._-]{0,12}$/),
      fc.stringMatching(/^(?:\?[a-z0-9=&%27'+-]{0,12})?$/),
    )
    .map(([scheme, host, port, path, query]) => `${scheme}://${host}${port}${path}${query}`);

  test('is taken, wherever it was signed for with a port or without one', () =>
    fc.assert(
      fc.asyncProperty(
        addresses,
        fields,
        fc.constantFrom('as it is', 'bare', 'standard'),
        async (url, form, written) => {
          const bare = url.replace(/^(https?:\/\/(?:\[[^\]]*\]|[^:/?]+)):\d+/, '$1');
          const standard = bare.replace(
            /^(https?):\/\/(\[[^\]]*\]|[^:/?]+)/,
            (found, scheme) => `${found}:${scheme === 'https' ? 443 : 80}`,
          );
          const signedUrl = { 'as it is': url, bare, standard }[written];
          const signature = twilio.getExpectedTwilioSignature(TOKEN, signedUrl, form);
          assert.equal(await taken(url, formOf(form), signature), twilio.validateRequest(TOKEN, signature, url, form));
        },
      ),
      { numRuns: 300 },
    ));

  test('and changed is refused', () =>
    fc.assert(
      fc.asyncProperty(addresses, fields, fc.string({ minLength: 1, maxLength: 6 }), async (url, form, value) => {
        const signature = twilio.getExpectedTwilioSignature(TOKEN, url, form);
        assert.equal(await taken(url, formOf({ ...form, Extra0: value }), signature), false);
        assert.equal(await taken(`${url}x`, formOf(form), signature), false);
      }),
      { numRuns: 100 },
    ));
});

function channelAt(api: string, query = 'from=+15005550006') {
  const settings = parseTwilioUrl(new URL(`twilio://${ACCOUNT}:${TOKEN}@api.twilio.com?${query}&api=${api}`));
  const clock = { now: () => 0 };
  return { channel: createTwilioChannel(settings, { fetch, clock, webhookUrl: ADDRESS }) };
}

/** A parameter that was forgotten or invented in our table does not compile: the library is generated from Twilio's own. */
type Named = Capitalize<keyof Parameters<twilio.Twilio['messages']['create']>[0]>;
type Same<A, B> = [A, B] extends [B, A] ? true : never;
const NAMES_ARE_COMPLETE: Same<Named, keyof typeof MESSAGE_PARAMETERS> = true;

describe('the same request by the library', () => {
  test('may have the parameters that the library knows, and no other', () => assert.ok(NAMES_ARE_COMPLETE));

  for (const [sender, query] of [
    [{ from: '+15005550006' }, 'from=+15005550006'],
    [{ messagingServiceSid: `MG${'a'.repeat(32)}` }, `service=MG${'a'.repeat(32)}`],
  ] as const)
    test(`a message from ${Object.keys(sender)} has the same fields, and its answer is read alike`, async (t) => {
      const peer = await startTwilioPeer({ account: ACCOUNT, authToken: TOKEN });
      t.after(() => peer.stop());
      const code = outgoingCode('+15005550009', 0);
      const text = { ...code, to: '+15005550010', usefulUntil: 540_000 };
      const { channel } = channelAt(peer.url, query);
      const outcome = await channel.send(text);
      const message = await clientOf(peer.url).messages.create({
        ...sender,
        to: text.to,
        body: text.text,
        validityPeriod: 540,
        contentRetention: 'discard',
        addressRetention: 'obfuscate',
        smartEncoded: false,
        shortenUrls: false,
        statusCallback: peer.taken[0]?.form.StatusCallback ?? '',
      });
      const [ours, theirs] = peer.taken;
      assert.deepEqual(ours?.form, theirs?.form);
      assert.deepEqual(outcome, { kind: 'accepted', providerId: ours?.sid });
      assert.deepEqual([message.sid, message.accountSid, message.errorCode], [theirs?.sid, ACCOUNT, null]);
    });

  test('a refusal is read alike', async (t) => {
    const peer = await startTwilioPeer({ account: ACCOUNT, authToken: TOKEN });
    t.after(() => peer.stop());
    const text = { ...outgoingCode('+15005550004', 0), to: '+15005550004', usefulUntil: 540_000 };
    assert.deepEqual(await channelAt(peer.url).channel.send(text), {
      kind: 'unreachable',
      reason: '21610',
      stopped: true,
    });
    await assert.rejects(clientOf(peer.url).messages.create({ from: '+15005550006', to: text.to, body: 'x' }), {
      code: 21610,
      status: 400,
    });
  });

  test('the question whether the login is right is the list of messages', async (t) => {
    const peer = await startTwilioPeer({ account: ACCOUNT, authToken: TOKEN });
    t.after(() => peer.stop());
    assert.deepEqual(await channelAt(peer.url).channel.standing?.(), { letIn: true });
    assert.deepEqual(await clientOf(peer.url).messages.list({ pageSize: 1, limit: 1 }), []);
    assert.equal(peer.requests, 2);
  });
});

/** The library's client, told to call the server of our tests. */
function clientOf(url: string): twilio.Twilio {
  const client = twilio(ACCOUNT, TOKEN);
  client.api.baseUrl = url;
  return client;
}
