/** A message to nobody is as much work as one to somebody, reaches no provider, spends nothing, and gives no secret away. */
import assert from 'node:assert/strict';
import { describe, mock, test } from 'node:test';
import { SPEND_LIMITS } from '../../src/rules/spend.ts';
import { CARRIERS, linkChat, MESSENGER_CARRIERS, PHONE } from '../carriers.ts';
import { type InProcess, startInProcess } from '../in-process.ts';
import { addPerson } from '../people.ts';
import { startTextingShop } from '../texting-shop.ts';

interface Called {
  url: string;
  headers: Record<string, string>;
  body: string;
  status: number;
}

/** `fetch`, with what it was asked and answered. */
function watched(calls: Called[]): typeof fetch {
  const real = globalThis.fetch;
  return async (url, init) => {
    const response = await real(url as string, init);
    const headers = Object.fromEntries(new Headers(init?.headers));
    calls.push({ url: String(url), headers, body: bodyOf(init?.body), status: response.status });
    return response;
  };
}

function bodyOf(body: unknown): string {
  return body instanceof Uint8Array ? new TextDecoder().decode(body) : String(body);
}

/** What a stand-in is asked while `work` runs: all others were handed in their `fetch` at the start. */
async function standingInFor(work: () => Promise<unknown>): Promise<{ texts: Called[]; mails: Called[] }> {
  const calls: Called[] = [];
  const spy = mock.method(globalThis, 'fetch', watched(calls));
  try {
    await work();
  } finally {
    spy.mock.restore();
  }
  for (const { url } of calls) assert.match(url, /^http:\/\/127\.0\.0\.1:\d+\/\d+$/);
  const isMail = ({ body }: Called): boolean => /^Subject: /m.test(body);
  return { texts: calls.filter((call) => !isMail(call)), mails: calls.filter(isMail) };
}

async function ask(program: InProcess, identifier: string, channel: string): Promise<void> {
  assert.equal((await program.api('POST', '/recovery', { body: { identifier, channel } })).status, 202);
  await program.settled();
}

const NOBODYS = { phone: '+12125550110', email: 'nobody@example.com' };
const { smpp: _, ...BY_CALLS } = CARRIERS;

for (const [name, start] of Object.entries({ ...BY_CALLS, ...MESSENGER_CARRIERS }))
  test(`${name}: the call ends at a stand-in, and says as much as that to the provider`, async (t) => {
    const asked: Called[] = [];
    const carrier = await start();
    t.after(() => carrier.stop());
    const program = await startInProcess('sqlite', carrier.env, {}, { fetch: watched(asked) });
    t.after(() => program.close());
    // A bot says at its start where it wants to be told.
    const ofProvider = (): Called[] => asked.filter(({ url }) => !/\/set/.test(url));
    const channel = carrier.chat?.channel ?? 'sms';
    const account = await addPerson(program, { emails: ['jane@example.com'], phones: [PHONE] });
    if (carrier.chat) await linkChat(program, account, carrier.chat);

    const { texts } = await standingInFor(() => ask(program, carrier.chat ? NOBODYS.email : NOBODYS.phone, channel));
    assert.equal(ofProvider().length, 0, 'no provider is asked');
    assert.equal(carrier.codes().length, 0, 'and nobody is texted');

    await ask(program, carrier.chat ? 'jane@example.com' : PHONE, channel);
    assert.equal(carrier.codes().length, 1);
    assert.equal(texts.length, name === 'gateway' ? 2 : 1);
    for (const [at, call] of texts.entries()) {
      const like = ofProvider()[at] as Called;
      assert.notEqual(new URL(call.url).port, new URL(like.url).port);
      assert.equal(call.status, like.status);
      assert.equal(call.headers['content-type'], like.headers['content-type']);
      assert.deepEqual(fieldsOf(call.body), fieldsOf(like.body));
      const lengthOf = ({ url, headers }: Called): number => url.length + JSON.stringify(headers).length;
      assert.ok(Math.abs(lengthOf(call) - lengthOf(like)) < 100, `${lengthOf(call)} and ${lengthOf(like)} characters`);
      // Tokens, keys and signatures are for the provider.
      const given = JSON.stringify([call.url, call.headers]);
      for (const value of [...Object.values(like.headers), like.url].filter((text) => /[^/]{20}/.test(text)))
        assert.ok(!given.includes(value) || value === like.headers['content-type'], value);
    }
  });

test('by mail: the bytes that somebody is sent, to this machine alone', async (t) => {
  const program = await startInProcess('sqlite');
  t.after(() => program.close());
  const { mails } = await standingInFor(async () => {
    await ask(program, NOBODYS.email, 'email');
    // The first one is told that there is no account; the next one within a week is a decoy.
    await ask(program, NOBODYS.email, 'email');
  });
  await addPerson(program, { emails: ['janey@example.com'] });
  await ask(program, 'janey@example.com', 'email');
  const { raw } = program.sink.messages.at(-1) as { raw: string };
  assert.equal(mails.length, 1);
  assert.equal(mails[0]?.status, 204);
  const headersOf = (mail: string): string[] => mail.split('\r\n\r\n')[0]?.match(/^[\w-]+(?=:)/gm) ?? [];
  assert.deepEqual(headersOf(mails[0]?.body ?? ''), headersOf(raw));
  assert.ok(
    Math.abs((mails[0]?.body.length ?? 0) - raw.length) < 300,
    `${mails[0]?.body.length} and ${raw.length} bytes`,
  );
});

test('a provider that is down: nobody goes on by the next way as anybody does', async (t) => {
  const carrier = await CARRIERS.webhook();
  t.after(() => carrier.stop());
  const program = await startInProcess('sqlite', carrier.env);
  t.after(() => program.close());
  await addPerson(program, { emails: ['jane@example.com'], phones: [PHONE] });
  carrier.fail('slow');
  const somebody = await waysOf(program, PHONE);
  assert.deepEqual(somebody.at(-1), ['sms', 1, 'http_429', 'email']);
  const mails = program.sink.messages.length;
  assert.deepEqual(await waysOf(program, NOBODYS.phone), somebody);
  assert.equal(program.sink.messages.length, mails);
});

/** By which way each message went, what came of it, and where it went on; in one order, because two may leave at one moment. */
async function waysOf(program: InProcess, identifier: string): Promise<unknown[]> {
  const before = program.logged.length;
  await ask(program, identifier, 'sms');
  const ways = program.logged.slice(before).filter(({ event }) => event === 'message');
  const told = ways.map(({ fields }) => [fields?.channel, fields?.attempts, fields?.reason, fields?.next]);
  return told.sort((one, other) => String(one).localeCompare(String(other)));
}

/** The names of what is sent, in order. */
function fieldsOf(body: string): string[] {
  return body.startsWith('{') ? Object.keys(JSON.parse(body)) : [...new URLSearchParams(body).keys()];
}

test('the stand-in listens on this machine alone, answers what it awaits, and is gone when the program is', async (t) => {
  const shop = await startTextingShop('sqlite');
  t.after(() => shop.receiver.stop());
  const { texts } = await standingInFor(() => ask(shop.program, NOBODYS.phone, 'sms'));
  const [call] = texts;
  const { origin, hostname } = new URL(call?.url ?? '');
  assert.equal(hostname, '127.0.0.1');
  assert.equal((await fetch(call?.url ?? '')).status, 404, 'the call is over');
  assert.equal((await fetch(`${origin}/2`, { method: 'POST', body: 'x' })).status, 404);
  await shop.program.close();
  await assert.rejects(fetch(`${origin}/2`));
});

for (const engine of ['sqlite', 'postgres'] as const)
  describe(`the money, on ${engine}`, () => {
    test('recoveries for numbers that nobody has spend none, and take nothing from their neighbours', async (t) => {
      const shop = await startTextingShop(engine);
      t.after(() => shop.close());
      const { program, receiver } = shop;
      await addPerson(program, { emails: ['jane@example.com'], phones: ['+12125550199'] });
      const more = SPEND_LIMITS.prefix.stranger.burst + 5;
      for (let at = 0; at < more; at += 1) await ask(program, `+12125550${100 + at}`, 'sms');
      assert.deepEqual(receiver.taken, []);
      const { context } = program.regain;
      const day = Math.floor(program.now() / 86_400_000);
      const [spent, tallies] = await context.store.transaction(async (tx) => [
        await tx.spend.spentOn(day),
        await tx.spend.tallies(0),
      ]);
      assert.equal(
        spent.reduce((sum, { micros }) => sum + micros, 0),
        0,
      );
      assert.deepEqual(tallies, []);
      assert.deepEqual(
        program.logged.filter(({ event }) => event === 'spend-held-back'),
        [],
        'no alarm',
      );
      await ask(program, '+12125550199', 'sms');
      assert.equal(receiver.taken.length, 1);
    });

    test('where one country has taken its part of the day, nobody’s number of it goes on as anybody’s does', async (t) => {
      const shop = await startTextingShop(engine, { REGAIN_SMS_COUNTRIES: 'US,FR', REGAIN_SPEND_PER_DAY: 'sms=0.5' });
      t.after(() => shop.close());
      const { program, receiver } = shop;
      for (const at of [1, 2, 3]) await addPerson(program, { emails: [], phones: [`+1212555019${at}`] });
      await addPerson(program, { emails: ['jane@example.com'], phones: [PHONE] });
      for (const at of [1, 2, 3]) await ask(program, `+1212555019${at}`, 'sms');
      assert.equal(receiver.taken.length, 2);
      const mails = program.sink.messages.length;
      const somebody = await waysOf(program, PHONE);
      assert.deepEqual(somebody.at(-1), ['sms', 1, 'held_back', 'email']);
      const withHers = program.sink.messages.length;
      assert.ok(withHers > mails);
      assert.deepEqual(await waysOf(program, NOBODYS.phone), somebody);
      assert.equal(program.sink.messages.length, withHers);
      assert.deepEqual((await waysOf(program, '+33612345678')).at(-1), ['sms', 1, null, undefined], 'another country');
      assert.equal(receiver.taken.length, 2);
    });

    test('where it is spent, nobody goes on by the next way as anybody does, and nobody is written to', async (t) => {
      const shop = await startTextingShop(engine, { REGAIN_SPEND_PER_DAY: 'sms=0.001' });
      t.after(() => shop.close());
      const { program, receiver } = shop;
      await addPerson(program, { emails: ['jane@example.com'], phones: [PHONE] });
      const somebody = await waysOf(program, PHONE);
      const mails = program.sink.messages.length;
      assert.deepEqual(await waysOf(program, NOBODYS.phone), somebody);
      assert.deepEqual(
        somebody,
        [
          ['email', 1, null, undefined],
          ['email', 1, null, undefined],
          ['sms', 1, 'held_back', 'email'],
        ],
        'the text, the word that it was asked for, and the mail in its place',
      );
      assert.equal(program.sink.messages.length, mails);
      assert.deepEqual(receiver.taken, []);
      assert.equal(program.logged.filter(({ event }) => event === 'spend-held-back').length, 1, 'told of for somebody');
    });
  });
