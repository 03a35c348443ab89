/**
 * Somebody earns with every text that is sent to a block of numbers: through the whole program, with a provider of texts
 * that counts, sends stop where rules/spend.ts says, nobody sees when they do, and everybody else goes on.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { textSize } from '../../src/rules/gsm7.ts';
import { CONVERSION, SPEND_LIMITS } from '../../src/rules/spend.ts';
import { type InProcess, startInProcess } from '../in-process.ts';
import { addPerson, codeIn, OLD_PASSWORD } from '../people.ts';
import { startTwilioPeer, type TwilioPeer } from '../twilio-peer.ts';
import { type ApiAnswer, Visitor } from '../visitor.ts';

const HOUR_MS = 3_600_000;
const NUMBERS = 100;
/** The store is what differs between engines, and it is full after a tenth of them. */
const RECOVERIES = { sqlite: 1_000, postgres: 200 };
const PREFIX = SPEND_LIMITS.prefix.stranger;
/** The most texts to one prefix in that time, whatever strangers do: what the bucket holds, and what comes back meanwhile. */
const capWithin = (ms: number): number => PREFIX.burst + Math.floor(ms / PREFIX.refillMs);
const GERMAN = '+4915112345678';
const LOGIN = { account: 'AC00000000000000000000000000000001', authToken: 'token' };

for (const engine of ['sqlite', 'postgres'] as const)
  describe(`pumping, on ${engine}`, () => {
    const recoveries = RECOVERIES[engine];

    test(`${recoveries} recoveries over ${NUMBERS} numbers of one prefix`, async (t) => {
      const { program, peer } = await withTwilio(t, engine);
      await addOwners(program);
      await addPerson(program, { emails: ['german@example.com'], phones: [GERMAN] });
      const devices = await devicesOf(program, [0, 1, 2].map(french));

      const answers: ApiAnswer[] = [];
      for (let at = 0; at < recoveries; at += 1) {
        answers.push(await ask(program, french(at)));
        // Codes are typed or not by the time that the next ones are asked for: so the share of them is known.
        if (at % 10 === 9) await program.settled();
      }
      await program.settled();

      const texted = textsTo(peer, '+336');
      assert.ok(texted.length >= CONVERSION.leastSent, `${texted.length} texts`);
      assert.ok(texted.length <= Math.min(PREFIX.burst, CONVERSION.leastSent + 10), `${texted.length} texts`);
      assert.equal(new Set(answers.map((answer) => shapeOf(answer))).size, 1, 'nothing shows when it stopped');
      assert.equal(answers[0]?.status, 202);
      const lines = new Set<string>();
      await program.advance(3_000);
      for (const at of [0, 1, recoveries - 2, recoveries - 1]) lines.add(await lineOf(program, answers[at]));
      assert.deepEqual([...lines], ['sent'], 'nor does the live line');

      const heldBack = recoveries - texted.length;
      const mails = codeMails(program);
      assert.equal(mails.length, heldBack, 'what is held back goes to the mailbox');
      const last = answers.at(-1);
      const mailed = mails.findLast(({ to }) => to === ownerOf(recoveries - 1));
      assert.equal((await verify(program, last, codeIn(mailed as never))).status, 200);

      const before = peer.taken.length;
      const german = await ask(program, GERMAN);
      for (const [at, device] of devices.entries()) assert.equal((await ask(program, french(at), device)).status, 202);
      await program.settled();
      const after = peer.taken.slice(before);
      assert.deepEqual(after.map(({ form }) => form.To).sort(), [french(0), french(1), french(2), GERMAN].sort());
      const text = after.find(({ form }) => form.To === GERMAN)?.form.Body ?? '';
      assert.equal((await verify(program, german, codeOf(text))).status, 200, 'another country');

      assert.deepEqual(
        program.logged
          .filter(({ event }) => event === 'spend-held-back')
          .map(({ level, fields }) => [level, fields?.prefix, fields?.spender]),
        [['error', '+3361***', 'stranger']],
        'the operator is told once',
      );
      assert.doesNotMatch(JSON.stringify(program.logged), /\+33\d{5}/);
      const shown = await doctorSpend(program);
      assert.match(shown, new RegExp(`^ *${heldBack} sms FR \\+3361\\*\\*\\*: too few codes`, 'm'));
      assert.match(shown, new RegExp(`^ *sms FR \\+3361\\*\\*\\* +${texted.length + devices.length} sent`, 'm'));
    });

    test('a dozen prefixes of one country take half of the day from strangers, and a stranger of another country is texted', async (t) => {
      // Sixty texts; strangers have 48 of them, and 24 for one country.
      const { program, peer } = await withTwilio(t, engine, { REGAIN_SPEND_PER_DAY: 'sms=6', REGAIN_TRUST_PROXY: '1' });
      const dozens = (at: number): string => `+33${612_000_000 + (at % 12) * 1_010_000 + at}`;
      for (let at = 0; at < 60; at += 1) await addPerson(program, { emails: [ownerOf(at)], phones: [dozens(at)] });
      await addPerson(program, { emails: ['german@example.com'], phones: [GERMAN] });
      const [device = ''] = await devicesOf(program, [dozens(59)]);
      const askFrom = (network: number, body: object) =>
        program.api('POST', '/recovery', { body, headers: { 'X-Forwarded-For': client(network) } });
      for (let at = 0; at < 59; at += 1) {
        assert.equal((await askFrom(at, { identifier: dozens(at) })).status, 202);
        if (at % 10 === 9) await program.settled();
      }
      await program.settled();
      assert.equal(textsTo(peer, '+33').length, 24);
      const mails = codeMails(program);
      assert.equal(mails.length, 59 - 24, 'what is held back goes to the mailbox');

      await askFrom(100, { identifier: GERMAN });
      await askFrom(101, { identifier: dozens(59), device });
      await program.settled();
      assert.equal(textsTo(peer, GERMAN).length, 1, 'another country');
      assert.equal(textsTo(peer, dozens(59)).length, 1, 'an owner of the same');

      const alerts = program.logged.filter(({ event }) => event === 'spend-held-back');
      assert.deepEqual(
        alerts.map(({ level, fields }) => [level, fields?.reason, fields?.spender, fields?.country]),
        [['error', 'country_budget', 'stranger', 'FR']],
        'the operator is told once',
      );
      const env = { REGAIN_SPEND_PER_DAY: 'sms=6' };
      const shown = await doctorSpend(program, [], env);
      assert.match(shown, /^ *\d+ sms FR \+336\d\*+: what one country may take of the day’s money is used up$/m);
      assert.match(shown, /^ *sms FR, until \d{4}-\d\d-\d\dT00:00:00Z: what one country may take of the day’s money/m);
      const { closed } = JSON.parse(await doctorSpend(program, ['--json'], env));
      assert.deepEqual(
        closed.map(({ reason, country, spender }: Record<string, string>) => [reason, country, spender]),
        [['country_budget', 'FR', 'stranger']],
      );
    });
  });

for (const engine of ['sqlite', 'postgres'] as const)
  test(`a shop whose name needs the long alphabet, on ${engine}: a text of two segments is paid twice, so half as many leave`, async (t) => {
    // Ten segments for strangers.
    const money = { REGAIN_SMS_COUNTRIES: 'FR', REGAIN_PRICES: 'sms:FR=0.07', REGAIN_SPEND_PER_DAY: 'sms=0.875' };
    const { program, peer } = await withTwilio(t, engine, { ...money, REGAIN_BRAND_NAME: 'Вокзал' });
    for (const at of [0, 1, 2, 3, 4, 5]) {
      await addPerson(program, { emails: [ownerOf(at)], phones: [french(at)] });
      await ask(program, french(at));
      await program.settled();
    }
    const texts = peer.taken.map(({ form }) => form.Body ?? '');
    for (const text of texts) assert.deepEqual([textSize(text).encoding, textSize(text).segments], ['ucs2', 2], text);
    assert.equal(texts.length, 5);
    assert.deepEqual(
      codeMails(program).map(({ to }) => to),
      [ownerOf(5)],
    );
    const shown = await doctorSpend(program, [], money);
    assert.match(shown, /^ *sms +0\.70 of 0\.875 USD, 5 sent/m);
    assert.match(shown, /^ *FR +0\.70, 5 sent/m);
  });

describe('pumping with more patience', () => {
  test('the same numbers by "another way", from as many networks, is what nobody’s number would answer', async (t) => {
    const pumped = await byAnotherWay(t, addOwners);
    const nobody = await byAnotherWay(t, async () => {});
    assert.deepEqual(pumped.seen, nobody.seen);
    assert.deepEqual(nobody.texts, []);
    assert.ok(pumped.texts.length > 0 && pumped.texts.length <= PREFIX.burst, `${pumped.texts.length} texts`);
  });

  test('whoever enters his codes meets the cap of the prefix, hour after hour', async (t) => {
    const { program, peer } = await withTwilio(t, 'sqlite');
    await addOwners(program);
    for (let hour = 0; hour < 4; hour += 1) {
      // More than there is left, and of every number: its own limit is not what ends it.
      for (let at = 0; at < capWithin(hour === 0 ? 0 : HOUR_MS) - (hour === 0 ? 0 : PREFIX.burst) + 6; at += 1) {
        const before = peer.taken.length;
        const asked = await ask(program, french(at));
        if (asked.status !== 202) continue;
        await program.settled();
        const text = peer.taken[before]?.form.Body;
        if (text !== undefined && at % 3 === 0) await verify(program, asked, codeOf(text));
      }
      const cap = capWithin(hour * HOUR_MS);
      const texted = textsTo(peer, '+336').length;
      assert.ok(texted <= cap, `${texted} texts after ${hour} hours, at most ${cap}`);
      assert.ok(texted > CONVERSION.leastSent, 'codes that are entered close nothing');
      await program.advance(HOUR_MS);
    }
  });

  test('an account that was planted for its device cookie buys the small budget of owners, not more', async (t) => {
    const { program, peer } = await withTwilio(t, 'sqlite');
    await addOwners(program);
    const planted = Array.from({ length: SPEND_LIMITS.prefix.owner.burst + 5 }, (_, at) => french(at));
    const devices = await devicesOf(program, planted);
    for (const [at, device] of devices.entries()) await ask(program, french(at), device);
    await program.settled();
    assert.equal(textsTo(peer, '+336').length, SPEND_LIMITS.prefix.owner.burst);
  });

  test('a hundred registrations with numbers of one prefix stay below its cap, with "send again" and another way', async (t) => {
    const { program, peer } = await withTwilio(t, 'sqlite');
    for (let at = 0; at < NUMBERS; at += 1) {
      const headers = { 'X-Forwarded-For': client(at) };
      const body = { identifier: french(at), channel: at % 2 === 0 ? 'sms' : undefined };
      const begun = await program.api('POST', '/registration', { body, headers });
      assert.ok(begun.status < 500, `${begun.status}`);
      if (begun.status !== 202) continue;
      await program.advance(61_000);
      for (const channel of [undefined, 'sms', 'email'])
        await program.api('POST', '/registration/resend', { body: { token: begun.json.token, channel }, headers });
    }
    await program.settled();
    const texted = textsTo(peer, '+336').length;
    assert.ok(texted <= capWithin(NUMBERS * 61_000), `${texted} texts`);
  });

  test('numbers that pay their holder are never texted, however they are named and wherever they stand', async (t) => {
    const { program, peer } = await withTwilio(t, 'sqlite', { REGAIN_SMS_COUNTRIES: 'FR,GB,US,CH,DE' });
    const dear = [
      '+33899123456', // premium rate
      '+33810123456', // shared cost
      '+33800123456', // toll-free
      '+447012345678', // personal number
      '+449098790123', // premium rate
      '+19002345678', // premium rate
      '+41901123456', // premium rate
      '+491371234567', // televoting
      '+882161234567', // satellite
      '+979123456789', // international premium rate
      '+8835100123456', // international network
      '+18765551234', // Jamaica, by a code that looks like the United States
    ];
    for (const [at, phone] of dear.entries()) {
      const email = `planted${at}@example.com`;
      await addPerson(program, { emails: [email], phones: [phone] });
      for (const body of [
        { identifier: phone },
        { identifier: phone, channel: 'sms' },
        { identifier: email, channel: 'sms' },
      ]) {
        const { status, json } = await program.api('POST', '/recovery', { body });
        assert.ok(status < 500, `${phone}: ${status}`);
        if (status === 202)
          await program.api('POST', '/recovery/resend', { body: { token: json.token, channel: 'sms' } });
      }
    }
    await program.settled();
    assert.deepEqual(peer.taken, []);
    assert.equal(peer.requests, 0);
  });
});

/** Mobile numbers of one prefix. */
function french(at: number): string {
  return `+336123400${String(at % NUMBERS).padStart(2, '0')}`;
}
function ownerOf(at: number): string {
  return `owner${String(at % NUMBERS).padStart(3, '0')}@example.com`;
}
/** Another network for each. */
function client(at: number): string {
  return `203.${at >> 8}.${at & 255}.7`;
}

async function addOwners(program: InProcess): Promise<void> {
  for (let at = 0; at < NUMBERS; at += 1) await addPerson(program, { emails: [ownerOf(at)], phones: [french(at)] });
}

/** What signing in by that number gives to a browser. */
async function devicesOf(program: InProcess, phones: string[]): Promise<string[]> {
  const devices: string[] = [];
  for (const identifier of phones) {
    const signedIn = await program.api('POST', '/sessions', { body: { identifier, password: OLD_PASSWORD } });
    devices.push(signedIn.json.device);
  }
  return devices;
}

async function byAnotherWay(
  t: TestContext,
  people: (program: InProcess) => Promise<void>,
): Promise<{ seen: string[]; texts: string[] }> {
  const { program, peer } = await withTwilio(t, 'sqlite', { REGAIN_TRUST_PROXY: '1', REGAIN_BUSY_HOUR_SENDS: '60' });
  await people(program);
  const seen: string[] = [];
  for (let at = 0; at < 45; at += 1) {
    const headers = { 'X-Forwarded-For': client(at) };
    const byPage = new Visitor((request) => program.regain.fetch(request, { peer: '127.0.0.1' }), ORIGIN, headers);
    const begun = await program.api('POST', '/recovery', { body: { identifier: ownerOf(at) }, headers });
    seen.push(shapeOf(begun));
    if (begun.status === 202) {
      const body = { token: begun.json.token, channel: 'sms' };
      seen.push(shapeOf(await program.api('POST', '/recovery/resend', { body, headers })));
    }
    const { status, text } = await byPage.post('/recover', { identifier: french(at) });
    seen.push(`${status} ${text}`);
    await program.advance(1_000);
    seen.push((await byPage.get('/recover/status')).text);
  }
  await program.advance(60_000);
  return { seen, texts: textsTo(peer, '+336') };
}

const ORIGIN = 'https://accounts.shop.example';

async function withTwilio(
  t: TestContext,
  engine: 'sqlite' | 'postgres',
  env: Record<string, string> = {},
): Promise<{ program: InProcess; peer: TwilioPeer }> {
  const peer = await startTwilioPeer(LOGIN);
  t.after(async () => {
    await peer.stop();
    assert.deepEqual(peer.problems, []);
  });
  const sms = `twilio://${LOGIN.account}:${LOGIN.authToken}@api.twilio.com?from=%2B33698765432&api=${peer.url}`;
  const program = await startInProcess(engine, {
    REGAIN_SMS_URL: sms,
    REGAIN_SMS_COUNTRIES: 'FR,DE',
    // What is tested is the money: the breaker on sends, which would ask these strangers for work, stays shut.
    REGAIN_BUSY_HOUR_SENDS: '10000',
    ...env,
  });
  t.after(() => program.close());
  return { program, peer };
}

const DOCTOR = resolve(import.meta.dirname, '../../src/cli/doctor/spend.ts');

/** What the operator would read at this moment of the program's clock. */
async function doctorSpend(
  { regain: { config }, now }: InProcess,
  args: string[] = [],
  settings: Record<string, string> = {},
): Promise<string> {
  const { database } = config;
  const url = database.engine === 'sqlite' ? `sqlite:${database.file}` : database.url;
  const script = `const { runSpend } = await import(${JSON.stringify(DOCTOR)});
    process.exitCode = await runSpend(${JSON.stringify(args)}, process.env, { now: () => ${now()} });`;
  const env = { PATH: process.env.PATH, REGAIN_DATABASE_URL: url, REGAIN_SMS_COUNTRIES: 'FR,DE', ...settings };
  return new Promise((shown) =>
    execFile(process.execPath, ['--input-type=module', '--eval', script], { env }, (_, stdout, stderr) =>
      shown(`${stdout}${stderr}`),
    ),
  );
}

function ask(program: InProcess, identifier: string, device?: string): Promise<ApiAnswer> {
  return program.api('POST', '/recovery', { body: { identifier, ...(device ? { device } : {}) } });
}
function verify(program: InProcess, asked: ApiAnswer | undefined, code: string): Promise<ApiAnswer> {
  return program.api('POST', '/recovery/verify', { body: { token: asked?.json.token, code } });
}
async function lineOf(program: InProcess, asked: ApiAnswer | undefined): Promise<string> {
  return (await program.api('GET', '/recovery', { token: asked?.json.token })).json.delivery;
}

/** All that an answer says, but for the token and the moments in it. */
function shapeOf({ status, headers, json }: ApiAnswer): string {
  const told = JSON.stringify({ ...json, ...(json?.token ? { token: 'x'.repeat(json.token.length) } : {}) });
  const lines = [...headers].filter(([name]) => name !== 'date' && name !== 'retry-after');
  return `${status} ${JSON.stringify(lines)} ${told.replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'MOMENT')}`;
}

function textsTo(peer: TwilioPeer, start: string): string[] {
  return peer.taken.flatMap(({ form }) => (form.To?.startsWith(start) ? [form.To] : []));
}
const codeMails = ({ sink }: InProcess) => sink.messages.filter(({ text }) => /^\s*\d{6}\s*$/m.test(text));
const codeOf = (text: string): string => /#([0-9A-Z]+)$/.exec(text)?.[1] ?? 'none';
