/** Whoever floods an address, or opens accounts that look like it, shuts only himself out. */
import assert from 'node:assert/strict';
import { after, before, describe, type TestContext, test } from 'node:test';
import { messagesADay } from '../../src/rules/lanes.ts';
import { LIMITS, WAITED_MS } from '../../src/rules/limits.ts';
import { PHONE } from '../carriers.ts';
import { addPerson, codeIn, NEW_PASSWORD, OLD_PASSWORD, SENDS_OF_STRANGERS } from '../people.ts';
import { openShop, type RunningShop } from '../running-shop.ts';
import type { SinkMessage } from '../smtp-sink.ts';
import { startTextingShop } from '../texting-shop.ts';
import { callApi } from '../visitor.ts';

const HOUR_MS = 3_600_000;

for (const engine of ['sqlite', 'postgres'] as const)
  describe(`a flooded owner on ${engine}`, () => {
    let shop: RunningShop;
    before(async () => {
      shop = await openShop(engine);
    });
    after(() => shop.close());

    test('row 9, Keycloak CVE-2024-1722: a flood of wrong passwords and look-alike accounts: on his own browser the owner signs in, and recovers', async () => {
      const owner = await shop.someone();
      const own = shop.visitor('198.51.100.7');
      await own.post('/sign-in', { identifier: owner, password: OLD_PASSWORD });
      await own.post('/sign-out');

      const refused: number[] = [];
      for (let times = 0; times < LIMITS['sign-in'].burst + 10; times += 1) {
        const stranger = shop.visitor(`203.0.113.${times}`);
        const { status } = await stranger.post('/sign-in', {
          identifier: owner,
          password: `wrong guess number ${times}`,
        });
        if (status === 429) refused.push(times);
      }
      assert.ok(refused.length >= 10, 'the flood is refused');
      const right = { identifier: owner, password: OLD_PASSWORD };
      assert.equal((await shop.visitor('203.0.113.99').post('/sign-in', right)).status, 429);
      for (const lookAlike of [owner, owner.toUpperCase(), ` ${owner}`]) {
        const { json } = await shop.post('/registration', { identifier: lookAlike });
        assert.match((await shop.mail(owner)).subject, /already have an account/);
        const code = { token: json.token, code: '123456' };
        assert.equal((await shop.post('/registration/verify', code)).status, 422);
      }
      await shop.someone({ unconfirmed: [owner] });
      const named = await shop.someone({ name: owner });

      assert.equal((await own.post('/sign-in', right)).url, '/account', 'his own browser is not shut out');
      await own.post('/sign-out');
      assert.equal((await own.post('/recover', { identifier: owner })).url, '/recover/code');
      const mail = await shop.mail(owner, /^Reset your/);
      assert.equal((await own.post('/recover/code', { code: codeIn(mail) })).url, '/recover/password');
      const form = { password: NEW_PASSWORD, password2: NEW_PASSWORD };
      assert.equal((await own.post('/recover/password', form)).url, '/sign-in');
      assert.equal((await own.post('/sign-in', { identifier: owner, password: NEW_PASSWORD })).url, '/account');
      assert.equal((await shop.post('/sessions', { identifier: named, password: OLD_PASSWORD })).status, 201);
    });

    test('row 9, Keycloak CVE-2024-1722: a flood of codes from strangers: on his own browser the owner recovers within the normal time', async () => {
      const owner = await shop.someone();
      const own = shop.visitor('198.51.100.7');
      await own.post('/sign-in', { identifier: owner, password: OLD_PASSWORD });
      await own.post('/sign-out');

      let refusedInARow = 0;
      for (let times = 0; refusedInARow < 5; times += 1) {
        const { status } = await shop.visitor(`203.0.113.${times % 250}`).post('/recover', { identifier: owner });
        refusedInARow = status === 429 ? refusedInARow + 1 : 0;
        assert.ok(times < 200, 'the flood is refused at some time');
      }
      await shop.post('/registration', { identifier: owner.toUpperCase() });
      const [flooded] = await shop.sql(
        'select count(*) as messages from outbox where proof_id in (select id from proofs where identifier = ?)',
        owner,
      );
      assert.ok(Number(flooded?.messages) <= SENDS_OF_STRANGERS, `${flooded?.messages} messages`);

      const tablet = { 'User-Agent': 'Mozilla/5.0 (iPad; CPU OS 18_0 like Mac OS X) Version/18.0 Safari/605.1' };
      assert.equal((await own.post('/recover', { identifier: owner }, tablet)).url, '/recover/code');
      const isHis = ({ to, text }: SinkMessage): boolean => to === owner && text.includes('Safari on iPad');
      const mail = await shop.sink.waitFor(isHis, 'the code that the owner asked for');
      assert.equal((await own.post('/recover/code', { code: codeIn(mail) })).url, '/recover/password');
      const form = { password: NEW_PASSWORD, password2: NEW_PASSWORD };
      assert.equal((await own.post('/recover/password', form)).url, '/sign-in');
      assert.equal((await own.post('/sign-in', { identifier: owner, password: NEW_PASSWORD })).url, '/account');
    });

    test('a flood from one network: the owner recovers at once in a browser that nobody knows, without script', async () => {
      const owner = await shop.someone();
      const flooder = shop.visitor('203.0.113.1');
      const asked = await flooder.post('/recover', { identifier: owner });
      assert.equal(asked.url, '/recover/code');
      let sent = 1;
      while ((await flooder.post('/recover', { identifier: owner })).status !== 429) sent += 1;
      assert.ok(sent <= LIMITS['send-share'].burst, `${sent} messages by one network`);

      const tablet = { 'User-Agent': 'Mozilla/5.0 (iPad; CPU OS 18_0 like Mac OS X) Version/18.0 Safari/605.1' };
      const elsewhere = shop.visitor('198.51.100.9');
      assert.equal((await elsewhere.post('/recover', { identifier: owner }, tablet)).url, '/recover/code');
      const isHis = ({ to, text }: SinkMessage): boolean => to === owner && text.includes('Safari on iPad');
      const mail = await shop.sink.waitFor(isHis, 'the code that the owner asked for');
      assert.equal((await elsewhere.post('/recover/code', { code: codeIn(mail) })).url, '/recover/password');
    });
  });

for (const engine of ['sqlite', 'postgres'] as const)
  describe(`a flooded owner of a number, on ${engine}`, () => {
    const FLOODER = '203.0.113.1';
    const start = async (t: TestContext, emails: string[] = []) => {
      const { program, receiver, close } = await startTextingShop(engine, { REGAIN_BUSY_HOUR_SENDS: '100000' });
      t.after(close);
      await addPerson(program, { emails, phones: [PHONE] });
      const ask = async (peer: string, body: object): Promise<number> => {
        const call = (request: Request) => program.regain.fetch(request, { peer });
        const { origin } = program.regain.config;
        const { status } = await callApi(call, origin, 'POST', '/api/v1/recovery', { body });
        await program.settled();
        return status;
      };
      const texts = (): number => receiver.taken.length;
      /** In a browser and a network that nobody knows. */
      const isTextedElsewhere = async (): Promise<boolean> => {
        const before = texts();
        assert.equal(await ask('198.51.100.9', { identifier: PHONE }), 202);
        return texts() === before + 1;
      };
      return { program, ask, texts, isTextedElsewhere };
    };

    test('by one network, until it is refused: the owner of nothing but the number is texted at once', async (t) => {
      const { program, ask, texts, isTextedElsewhere } = await start(t);
      while ((await ask(FLOODER, { identifier: PHONE })) === 202) await program.advance(60_000);
      assert.equal(texts(), LIMITS['send-share'].burst);
      for (let times = 0; times < 3; times += 1) assert.ok(await isTextedElsewhere());
    });

    test('by one network and all the names of the account: the same', async (t) => {
      const emails = ['flooded@example.com', 'flooded@example.org'];
      const { ask, texts, isTextedElsewhere } = await start(t, emails);
      for (const identifier of [...emails, PHONE]) while ((await ask(FLOODER, { identifier, channel: 'sms' })) === 202);
      assert.equal(texts(), LIMITS['send-share'].burst);
      assert.ok(await isTextedElsewhere());
    });

    test('by one network that asks all day, for a month: the owner is texted each week', async (t) => {
      const { program, ask, isTextedElsewhere } = await start(t);
      for (let week = 0; week < 4; week += 1) {
        for (let hour = 0; hour < 7 * 24; hour += 4) {
          await ask(FLOODER, { identifier: PHONE });
          await program.advance(4 * HOUR_MS);
        }
        assert.ok(await isTextedElsewhere(), `week ${week}`);
      }
    });
  });

test('by address and number, mailbox and phone: at most three times the number of one door for each of both', async (t) => {
  const { program, close } = await startTextingShop('sqlite', { REGAIN_BUSY_HOUR_SENDS: '100000' });
  t.after(close);
  const [email, phone] = ['flooded@example.com', '+14155550123'];
  await addPerson(program, { emails: [email], phones: [phone] });
  const asked = new Map<string, number>();
  for (let hour = 0; hour < 24; hour += 1) {
    for (const identifier of [email, phone])
      for (const channel of ['email', 'sms']) {
        const by = `${identifier} by ${channel}`;
        while ((await program.api('POST', '/recovery', { body: { identifier, channel } })).status === 202)
          asked.set(by, (asked.get(by) ?? 0) + 1);
      }
    await program.settled();
    // Those of whoever did no work leave a little later.
    await program.advance(WAITED_MS);
    await program.advance(HOUR_MS - WAITED_MS);
  }
  const oneDoor = messagesADay(LIMITS['send-stranger']) + messagesADay(LIMITS['send-waited']);
  for (const [by, times] of asked) assert.ok(times <= oneDoor, `${by}: ${times} times`);
  const mails = program.sink.messages.filter(({ to }) => to === email).length;
  assert.ok(mails <= 2 * 3 * oneDoor, `${mails} mails`);
});
