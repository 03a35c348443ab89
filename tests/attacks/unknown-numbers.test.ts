/**
 * A stranger with a list of phone numbers: whatever he asks, waits for and sees on the live line is, byte for byte, what he
 * would see of a number that nobody has. In each case the same steps are walked in two programs that differ by the accounts
 * alone, at the same moments of the same clock, whatever the provider of texts does.
 */
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { CODE_LIFETIME_MS, FATE_SHOWN_AFTER_MS, RESEND_WAITS_MS, TRIES_PER_CODE } from '../../src/rules/limits.ts';
import { CARRIERS, linkChat, MESSENGER_CARRIERS } from '../carriers.ts';
import { type InProcess, startInProcess } from '../in-process.ts';
import { addPerson } from '../people.ts';
import { startTextingShop } from '../texting-shop.ts';
import { Visitor } from '../visitor.ts';
import type { ReceiverMisbehaviour } from '../webhook-receiver.ts';

const PHONE = '+12125550101';
const EMAIL = 'jane@example.com';
const NOBODY = [{ emails: ['somebody-else@example.com'] }];

const accounts = {
  'has the number and a mailbox': [{ emails: [EMAIL], phones: [PHONE] }],
  'has a number that was not proven for long, and a mailbox': [
    { emails: [EMAIL], phones: [PHONE], numbersProvenAt: Date.parse('2025-03-01T00:00:00Z') },
  ],
  'has the number alone': [{ emails: [], phones: [PHONE] }],
  'shares the number': [
    { emails: [EMAIL], phones: [PHONE] },
    { emails: ['other@example.com'], phones: [PHONE] },
  ],
};
const moods: Record<string, ReceiverMisbehaviour[]> = {
  'takes every text': [],
  'is down': Array.from({ length: 50 }, () => ({ status: 503 })),
  'refuses the number': Array.from({ length: 50 }, () => ({ status: 400 })),
  'closes in the middle': Array.from({ length: 50 }, () => 'close' as const),
};

describe('unknown phone numbers', () => {
  for (const [mood, how] of Object.entries(moods))
    test(`while the provider ${mood}`, async (t) => {
      const unknown = await walk(t, NOBODY, how, PHONE);
      assert.deepEqual(unknown.texts, [], 'nobody is texted who has no account');
      for (const [has, people] of Object.entries(accounts)) {
        const known = await walk(t, people, how, PHONE);
        assert.deepEqual(known.seen, unknown.seen, has);
        assert.ok(known.texts.length > 0);
      }
    });

  test('an address whose account has a number, asked by text message', async (t) => {
    for (const how of [[], moods['is down'] ?? []]) {
      const known = await walk(t, [{ emails: [EMAIL], phones: [PHONE] }], how, EMAIL, 'sms');
      const numberless = await walk(t, [{ emails: [EMAIL] }], how, EMAIL, 'sms');
      const unknown = await walk(t, NOBODY, how, EMAIL, 'sms');
      assert.deepEqual(known.seen, unknown.seen);
      assert.deepEqual(numberless.seen, unknown.seen);
      assert.deepEqual([numberless.texts, unknown.texts], [[], []]);
      assert.ok(known.texts.length > 0);
    }
  });
});

describe('how long codes took to be handed over', () => {
  const DAY_MS = 86_400_000;

  test('is seen in no line of a later day, by which it would tell who was texted', async (t) => {
    const lines = new Set<string>();
    for (const people of [NOBODY, ...Object.values(accounts)]) {
      const { program, close } = await startTextingShop('sqlite');
      t.after(close);
      for (const person of people) await addPerson(program, person);
      await handOver(program, 200);
      await program.api('POST', '/recovery', { body: { identifier: PHONE } });
      await program.advance(DAY_MS);
      for (let minute = 0; minute < 5; minute += 1) {
        const { json } = await program.api('POST', '/recovery', { body: { identifier: `+1212555020${minute}` } });
        const seen = [];
        for (let looked = 0; looked < 8; looked += 1) {
          seen.push((await program.api('GET', '/recovery', { token: json.token })).json.delivery);
          await program.advance(FATE_SHOWN_AFTER_MS / 4);
        }
        lines.add(seen.join(' '));
        await program.advance(60_000);
      }
    }
    assert.deepEqual([...lines], [`${'queued '.repeat(4)}${'sent '.repeat(4)}`.trim()]);
  });
});

/** Codes to phones of the day before, each of which took a quarter second longer to be handed over than the one before. */
async function handOver(program: InProcess, count: number): Promise<void> {
  await program.regain.context.store.transaction(async (tx) => {
    for (let index = 0; index < count; index += 1) {
      const createdAt = program.now() - 86_400_000 + index * 1_000;
      const id = `handed over ${index}`;
      await tx.outbox.insert({
        ...{ id, kind: 'recovery-code', channel: 'sms', proofId: id, epoch: 0, accountId: null, address: null },
        ...{ locale: 'en', createdAt, dueAt: createdAt, usefulUntil: createdAt + CODE_LIFETIME_MS },
        ...{ askedAt: createdAt, leavesAt: createdAt, ask: 0 },
      });
      const sentAt = createdAt + 200 + index * 250;
      await tx.outbox.settle(id, { status: 'sent', attempts: 1, sentAt, reason: null });
    }
  });
}

describe('what the worker has to do, by which whoever asks next could tell', () => {
  const people = { nobody: NOBODY, ...accounts };
  for (const has of ['nobody', 'has the number and a mailbox', 'has the number alone'] as const)
    test(`one text and one mail: ${has}`, async (t) => {
      const { program, close } = await startTextingShop('sqlite');
      t.after(close);
      for (const person of people[has]) await addPerson(program, person);
      await program.api('POST', '/recovery', { body: { identifier: PHONE } });
      await program.settled();
      const worked = program.logged.filter(({ event }) => event === 'message').map(({ fields }) => fields?.channel);
      assert.deepEqual(worked.sort(), ['email', 'sms']);
    });
});

describe('numbers and chats, while the provider reports', () => {
  for (const told of ['nothing', 'delivered', 'failed'] as const)
    test(`${told}: what is seen of a known number, of a linked chat and of nobody is the same`, async (t) => {
      const unknown = await walkReported(t, NOBODY, told);
      for (const [has, people] of Object.entries(accounts)) {
        const known = await walkReported(t, people, told);
        assert.deepEqual(known.seen, unknown.seen, has);
        assert.ok(known.texts > 0);
        // A chat is of one account: no code of a shared number goes there.
        if (people.length > 1) assert.equal(known.chats, 0);
        else if (told !== 'delivered') assert.ok(known.chats > 0, 'the code went on');
      }
      assert.deepEqual([unknown.texts, unknown.chats], [0, 0]);
    });
});

async function walkReported(
  t: TestContext,
  people: Parameters<typeof addPerson>[1][],
  told: 'nothing' | 'delivered' | 'failed',
): Promise<{ seen: string[]; texts: number; chats: number }> {
  const carrier = await CARRIERS.twilio();
  const viber = await MESSENGER_CARRIERS.viber();
  t.after(() => carrier.stop());
  t.after(() => viber.stop());
  const program = await startInProcess('sqlite', { ...carrier.env, ...viber.env });
  t.after(() => program.close());
  for (const person of people) {
    const account = await addPerson(program, person);
    if (people !== NOBODY && person === people[0] && viber.chat) await linkChat(program, account, viber.chat);
  }
  const report = async (): Promise<void> => {
    if (told !== 'nothing' && carrier.codes().length > 0) await carrier.report?.(program, told);
  };
  const seen = [...(await byApi(program, PHONE, undefined, report)), ...(await byPages(program, PHONE))];
  return { seen, texts: carrier.codes().length, chats: viber.codes().length };
}

interface Walked {
  seen: string[];
  /** Numbers that the provider was asked to text. */
  texts: string[];
}

async function walk(
  t: TestContext,
  people: Parameters<typeof addPerson>[1][],
  how: ReceiverMisbehaviour[],
  identifier: string,
  channel?: string,
): Promise<Walked> {
  const shop = await startTextingShop('sqlite');
  t.after(() => shop.close());
  const { program, receiver } = shop;
  for (const person of people) await addPerson(program, person);
  receiver.misbehave(...how);
  const seen = [...(await byApi(program, identifier, channel)), ...(await byPages(program, identifier, channel))];
  return { seen, texts: receiver.requests.map(({ body }) => (JSON.parse(body) as { to: string }).to) };
}

async function byApi(
  program: InProcess,
  identifier: string,
  channel?: string,
  report: () => Promise<void> = async () => undefined,
): Promise<string[]> {
  const seen: string[] = [];
  let token = '';
  const call = async (method: 'GET' | 'POST', path: string, body?: object): Promise<void> => {
    const answer = await program.api(method, path, method === 'GET' ? { token } : { body });
    token = answer.json?.token ?? token;
    const headers = [...answer.headers].filter(([name]) => name !== 'date');
    seen.push(
      `${method} ${path} ${answer.status} ${JSON.stringify([headers, answer.json])}`.replaceAll(token, 'TOKEN'),
    );
  };
  const wait = async (ms: number): Promise<void> => {
    for (const step of [1_000, 1_000, 1_000, ms - 3_000]) {
      await report();
      await program.advance(step);
      await call('GET', '/recovery');
    }
  };
  await call('POST', '/recovery', { identifier, ...(channel ? { channel } : {}) });
  await call('GET', '/recovery');
  await program.settled();
  await call('GET', '/recovery');
  await wait(FATE_SHOWN_AFTER_MS + RESEND_WAITS_MS[0]);
  await call('POST', '/recovery/resend', { token });
  await wait(5_000);
  await call('POST', '/recovery/resend', { token, channel: 'email' });
  await program.settled();
  await call('POST', '/recovery/resend', { token, channel: 'sms' });
  await wait(5_000);
  for (let wrong = 0; wrong <= TRIES_PER_CODE; wrong += 1)
    await call('POST', '/recovery/verify', { token, code: String(100_000 + wrong) });
  await call('POST', '/recovery/resend', { token });
  await wait(3_000);
  await call('POST', '/recovery/password', { token, password: 'quiet meadow lantern 58' });
  await program.advance(CODE_LIFETIME_MS);
  await call('GET', '/recovery');
  await call('POST', '/recovery/verify', { token, code: '100000' });
  return seen;
}

async function byPages(program: InProcess, identifier: string, channel?: string): Promise<string[]> {
  const seen: string[] = [];
  const visitor = new Visitor(
    (request) => program.regain.fetch(request, { peer: '127.0.0.1' }),
    program.regain.config.origin,
  );
  const see = ({ status, url, text }: Awaited<ReturnType<Visitor['get']>>): void =>
    void seen.push(`${url} ${status}\n${text}`);
  see(await visitor.post('/recover', { identifier }));
  if (channel) see(await visitor.post('/recover/resend', { channel }));
  for (const ms of [0, 1_000, 1_000, 1_000, 5_000]) {
    await program.advance(ms);
    see(await visitor.get('/recover/status'));
    see(await visitor.get('/recover/code'));
  }
  see(await visitor.get('/recover/another-way'));
  see(await visitor.post('/recover/resend', { channel: 'email' }));
  see(await visitor.post('/recover/resend', { channel: 'sms' }));
  await program.advance(3_000);
  see(await visitor.get('/recover/code'));
  see(await visitor.post('/recover/code', { code: '123456' }));
  return seen;
}
