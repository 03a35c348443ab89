/** The spend guard on a real database: pumping stops at the stated caps, owners and other countries go on. */
import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import {
  guardSpend,
  noteEntered,
  noteSent,
  type PaidSend,
  refundSpend,
  type SpendAnswer,
} from '../../src/actions/guard-spend.ts';
import { purge } from '../../src/actions/purge.ts';
import { reportSpend, type SpendReport } from '../../src/actions/report-spend.ts';
import { CONVERSION, SPEND_KEPT_MS, SPEND_LIMITS } from '../../src/rules/spend.ts';
import { type InProcess, startInProcess } from '../in-process.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const PREFIX_CAP = SPEND_LIMITS.prefix.stranger.burst;
const SETTINGS = {
  REGAIN_SMS_COUNTRIES: 'FR,DE,US',
  REGAIN_PRICES: 'sms:FR=0.07,sms:DE=0.10,sms:US=0.0079,whatsapp:FR=0.05,whatsapp:DE=0.05',
  REGAIN_SPEND_PER_DAY: 'sms=500,whatsapp=50',
};

for (const engine of ['sqlite', 'postgres'] as const)
  describe(`spend on ${engine}`, () => {
    const open: InProcess[] = [];
    /** Of one test: a program of its own where the caps are to be met from fresh. */
    const start = async (env: Record<string, string> = {}): Promise<Spending> => {
      const program = await startInProcess(engine, { ...SETTINGS, ...env });
      open.push(program);
      return spendingOf(program);
    };
    afterEach(async () => {
      for (const program of open.splice(0)) await program.close();
    });

    test('1,000 recoveries over 100 numbers of one prefix: sends stop at the cap, the rest of the world goes on', async () => {
      const { send, sendAndNote, report, program } = await start();
      let sent = 0;
      for (let at = 0; at < 1_000; at += 1) if ((await send({ to: french(at % 100) })).allowed) sent += 1;
      assert.equal(sent, PREFIX_CAP);
      assert.deepEqual(await send({ to: french(7) }), { allowed: false, heldBack: 'prefix' });

      assert.equal((await sendAndNote({ to: '+4915112345678' })).allowed, true, 'another country');
      assert.equal((await sendAndNote({ to: '+33698765432' })).allowed, true, 'another prefix of the same');
      assert.equal((await sendAndNote({ channel: 'whatsapp', to: french(7) })).allowed, true, 'the next channel');
      for (let at = 0; at < 10; at += 1)
        assert.equal((await sendAndNote({ to: french(at), lane: 'known-device' })).allowed, true, `owner ${at}`);
      const newNumber = await send({ to: french(50), lane: 'known-device', purpose: 'registration' });
      assert.equal(newNumber.allowed, true, 'what registrations may cost is counted apart');

      const { heldBack, closed, channels } = await report();
      assert.deepEqual(heldBack, [
        { channel: 'sms', country: 'FR', prefix: '+3361***', reason: 'prefix', messages: 1_000 - PREFIX_CAP + 1 },
      ]);
      assert.deepEqual(
        closed.map(({ reason, spender, prefix, until }) => ({
          reason,
          spender,
          prefix,
          waitMs: until - program.now(),
        })),
        [{ reason: 'prefix', spender: 'stranger', prefix: '+3361***', waitMs: SPEND_LIMITS.prefix.stranger.refillMs }],
      );
      assert.equal(channels[0]?.spentMicros, (PREFIX_CAP + 1 + 10 + 1) * 70_000 + 100_000);
    });

    test('the operator is told once for an opening, and never a number', async () => {
      const { send, alerts, program } = await start();
      for (let at = 0; at < PREFIX_CAP + 50; at += 1) await send({ to: french(at % 100) });
      await program.advance(SPEND_LIMITS.prefix.stranger.refillMs);
      assert.equal((await send({ to: french(99) })).allowed, true, 'one came back');
      assert.equal((await send({ to: french(98) })).allowed, false);
      assert.deepEqual(
        alerts().map(({ until: _, ...rest }) => rest),
        [{ channel: 'sms', reason: 'prefix', spender: 'stranger', country: 'FR', prefix: '+3361***' }],
      );
      const events = await auditOf(program);
      assert.deepEqual(events, [
        { channel: 'sms', reason: 'prefix', spender: 'stranger', country: 'FR', prefix: '+3361***' },
      ]);
      await program.advance(DAY_MS);
      for (let at = 0; at < PREFIX_CAP + 1; at += 1) await send({ to: french(at % 100) });
      assert.equal(alerts().length, 2, 'the next opening');
      assert.doesNotMatch(JSON.stringify(program.logged), /\+33\d{5}/);
    });

    test('codes that nobody enters close their prefix before its cap does, for twelve hours, to strangers', async () => {
      const { send, sendAndNote, enter, alerts, report, program } = await start();
      let sent = 0;
      for (let at = 0; at < 100; at += 1) if ((await sendAndNote({ to: french(at) })).allowed) sent += 1;
      assert.equal(sent, CONVERSION.leastSent);
      assert.deepEqual(await send({ to: french(0) }), { allowed: false, heldBack: 'conversion' });
      assert.equal((await send({ to: french(0), lane: 'known-device' })).allowed, true);
      assert.equal(alerts().length, 1);
      const [closed] = (await report()).closed;
      assert.deepEqual([closed?.reason, closed?.until], ['conversion', program.now() + CONVERSION.closedMs]);

      await program.advance(CONVERSION.closedMs - 1);
      for (let at = 0; at < 40; at += 1) await enter(french(at));
      assert.equal((await send({ to: french(60) })).allowed, false, 'still closed, whatever is entered now');
      await program.advance(1);
      assert.equal((await send({ to: french(60) })).allowed, true);
    });

    test('codes that people enter close nothing', async () => {
      const { sendAndNote, enter } = await start();
      for (let at = 0; at < PREFIX_CAP; at += 1) {
        assert.equal((await sendAndNote({ to: french(at) })).allowed, true);
        if (at % 5 === 0) await enter(french(at));
      }
    });

    test('where texts may not go, what reads none, and what has no price', async () => {
      const { send, alerts } = await start();
      assert.deepEqual(await send({ to: '+447400123456' }), { allowed: false, heldBack: 'country' });
      assert.deepEqual(
        await send({ to: '+18765551234' }),
        { allowed: false, heldBack: 'country' },
        'Jamaica is not US',
      );
      assert.deepEqual(await send({ to: '+33899123456' }), { allowed: false, heldBack: 'number_type' });
      assert.deepEqual(await send({ to: '+33142345678' }), { allowed: false, heldBack: 'number_type' });
      assert.deepEqual(alerts(), []);
      assert.deepEqual(await send({ channel: 'whatsapp', to: '+12125550123' }), { allowed: false, heldBack: 'price' });
      await send({ channel: 'whatsapp', to: '+12125550124' });
      assert.deepEqual(
        alerts().map(({ reason, country }) => [reason, country]),
        [['price', 'US']],
      );
      assert.equal((await send({ channel: 'whatsapp', to: '+33142345678' })).allowed, true, 'a landline has WhatsApp');
    });

    test('with no country named, no text leaves', async () => {
      const { send } = await start({ REGAIN_SMS_COUNTRIES: '' });
      assert.deepEqual(await send({ to: french(1) }), { allowed: false, heldBack: 'country' });
      assert.equal((await send({ to: french(1), lane: 'known-device' })).allowed, false);
    });

    test('a chat has the limits of a number and of the day', async () => {
      const { send } = await start();
      const answers: boolean[] = [];
      for (let at = 0; at < 11; at += 1) answers.push((await send({ channel: 'viber', to: 'xTgI3kq9+pQ==' })).allowed);
      assert.deepEqual(answers, [...Array(10).fill(true), false]);
    });

    test('one number: ten at once, then one every four hours; an owner has his own, and so has who worked', async () => {
      const { send, program } = await start();
      for (let at = 0; at < 10; at += 1) assert.equal((await send({ to: french(1) })).allowed, true);
      assert.deepEqual(await send({ to: french(1) }), { allowed: false, heldBack: 'number' });
      assert.equal((await send({ to: french(1), lane: 'known-device' })).allowed, true);
      assert.equal((await send({ to: french(1), lane: 'worked' })).allowed, true);
      await program.advance(4 * HOUR_MS);
      assert.equal((await send({ to: french(1) })).allowed, true);
      assert.equal((await send({ to: french(1) })).allowed, false);
    });

    test('one network has half of what a number may have, with work and without; what it is refused is charged to none', async () => {
      const { send, program } = await start();
      const sent = async (network: string, lane: 'stranger' | 'worked'): Promise<number> => {
        for (let times = 0; ; times += 1) if (!(await send({ to: french(1), network, lane })).allowed) return times;
      };
      assert.deepEqual([await sent('203.0.113.1', 'stranger'), await sent('203.0.113.1', 'worked')], [5, 3]);
      assert.deepEqual([await sent('203.0.113.2', 'stranger'), await sent('203.0.113.2', 'worked')], [5, 2]);
      await program.advance(4 * HOUR_MS);
      assert.equal(await sent('203.0.113.1', 'stranger'), 0, 'what came back is for others');
      assert.equal(await sent('203.0.113.3', 'stranger'), 1);
    });

    test('whoever works is a stranger to the prefix, and to the day', async () => {
      const { send } = await start();
      let allowed = 0;
      for (let at = 0; at < 100; at += 1)
        if ((await send({ to: french(at), lane: at % 2 === 0 ? 'worked' : 'stranger' })).allowed) allowed += 1;
      assert.equal(allowed, PREFIX_CAP);
      assert.deepEqual(await send({ to: french(0), lane: 'worked' }), { allowed: false, heldBack: 'prefix' });
    });

    test('what is held back by a later budget is charged to none', async () => {
      const { send, program } = await start({ REGAIN_SPEND_PER_DAY: 'sms=0.35', REGAIN_SMS_COUNTRIES: 'FR' });
      for (let at = 0; at < 4; at += 1) assert.equal((await send({ to: french(at) })).allowed, true);
      for (let at = 0; at < 100; at += 1)
        assert.deepEqual(await send({ to: french(9) }), { allowed: false, heldBack: 'budget' });
      await program.advance(DAY_MS - (program.now() % DAY_MS));
      assert.equal((await send({ to: french(9) })).allowed, true, 'its own limits were not touched');
      for (let at = 0; at < 3; at += 1) assert.equal((await send({ to: french(9) })).allowed, true);
    });

    test('the budget is of one day of UTC; strangers leave a fifth to owners; the clock going back gives nothing', async () => {
      const { send, alerts, report, program } = await start({
        REGAIN_SPEND_PER_DAY: 'sms=0.70',
        REGAIN_SMS_COUNTRIES: 'FR',
      });
      const midnight = program.now() - (program.now() % DAY_MS) + DAY_MS;
      const spendAll = async (): Promise<[strangers: number, owners: number]> => {
        const counts: [number, number] = [0, 0];
        for (let at = 0; at < 15; at += 1) if ((await send({ to: french(at * 5 + counts[0]) })).allowed) counts[0] += 1;
        for (let at = 0; at < 15; at += 1)
          if ((await send({ to: french(at), lane: 'known-device' })).allowed) counts[1] += 1;
        return counts;
      };
      await program.advance(midnight - 1 - program.now());
      assert.deepEqual(await spendAll(), [8, 2]);
      assert.deepEqual(
        (await report()).closed.map(({ reason, spender, until }) => [reason, spender, until]),
        [
          ['budget', 'stranger', midnight],
          ['budget', 'owner', midnight],
        ],
      );
      assert.equal(alerts().length, 2);
      await program.advance(1);
      assert.deepEqual((await report()).closed, []);
      assert.deepEqual(await spendAll(), [8, 2], 'a new day');
      await program.advance(-DAY_MS / 2);
      assert.deepEqual(await spendAll(), [0, 0], 'the day before is spent as it was');
    });

    test('one country takes half of what strangers have of a day, three quarters with work, and its owners all the same', async () => {
      // Forty texts to France; strangers have 32 of them, newcomers 24.
      const { send, sendAndNote, alerts, report, program } = await start({ REGAIN_SPEND_PER_DAY: 'sms=2.80' });
      const midnight = program.now() - (program.now() % DAY_MS) + DAY_MS;
      let asked = 0;
      // Another prefix each time.
      const most = async (by: Partial<PaidSend>): Promise<number> => {
        for (let sent = 0; ; sent += 1) {
          asked += 1;
          const answer = await sendAndNote({ to: `+3361${2_000_000 + asked * 10_000}`, ...by });
          if (answer.allowed) continue;
          assert.equal(answer.heldBack, 'country_budget');
          return sent;
        }
      };
      assert.equal(await most({ purpose: 'registration' }), 12);
      assert.equal(await most({}), 4);
      assert.equal(await most({ lane: 'waited' }), 0);
      assert.equal(await most({ lane: 'worked' }), 8);
      assert.equal((await send({ to: french(1), lane: 'known-device' })).allowed, true, 'an owner');
      assert.equal((await send({ to: '+4915112345678' })).allowed, true, 'another country');
      const told = (of: { reason?: unknown; spender?: unknown; country?: unknown }) => [
        of.reason,
        of.spender,
        of.country,
      ];
      const used = ['newcomer', 'stranger'].map((spender) => ['country_budget', spender, 'FR']);
      assert.deepEqual(alerts().map(told), used, 'told once each');
      const { closed, heldBack } = await report();
      assert.deepEqual(closed.map(told).sort(), used);
      assert.deepEqual(
        closed.map(({ until }) => until),
        [midnight, midnight],
      );
      assert.deepEqual(
        heldBack.map(({ reason, country, messages }) => [reason, country, messages]),
        Array(4).fill(['country_budget', 'FR', 1]),
      );
      await program.advance(midnight - program.now());
      assert.equal(await most({}), 16, 'a new day');
    });

    test('parallel sends to one country stay in its share, and what the provider does not take is given back', async () => {
      const { send, refund, spent } = await start({ REGAIN_SPEND_PER_DAY: 'sms=1.75' });
      const answers = await Promise.all(Array.from({ length: 50 }, (_, at) => send({ to: french(at) })));
      const allowed = answers.filter((answer) => answer.allowed);
      assert.equal(allowed.length, 10);
      for (const answer of allowed.slice(0, 3)) await refund(answer);
      const again = await Promise.all(Array.from({ length: 50 }, (_, at) => send({ to: french(at) })));
      assert.equal(again.filter((answer) => answer.allowed).length, 3);
      assert.equal(await spent(), 700_000);
    });

    test('where there is one country, or none as with a chat, it may take all that strangers have', async () => {
      const one = await start({ REGAIN_SPEND_PER_DAY: 'sms=0.70,viber=0.60', REGAIN_SMS_COUNTRIES: 'FR' });
      for (let at = 0; at < 8; at += 1) assert.equal((await one.send({ to: french(at) })).allowed, true, `${at}`);
      assert.deepEqual(await one.send({ to: french(9) }), { allowed: false, heldBack: 'budget' });
      for (let at = 0; at < 8; at += 1)
        assert.equal((await one.send({ channel: 'viber', to: `xTgI3kq9+pQ${at}` })).allowed, true, `${at}`);
    });

    test('50 parallel sends at a cap of 10 let exactly 10 through', async () => {
      const { send, spent } = await start({ REGAIN_SPEND_PER_DAY: 'sms=0.875', REGAIN_SMS_COUNTRIES: 'FR' });
      const answers = await Promise.all(Array.from({ length: 50 }, (_, at) => send({ to: french(at) })));
      assert.equal(answers.filter(({ allowed }) => allowed).length, 10);
      assert.equal(await spent(), 700_000);
    });

    test('the caps of a prefix and of a country are exact under parallel sends', async () => {
      const { send } = await start({ REGAIN_BUSY_HOUR_SENDS: '200' });
      const toPrefix = await Promise.all(Array.from({ length: 100 }, (_, at) => send({ to: french(at) })));
      assert.equal(toPrefix.filter(({ allowed }) => allowed).length, PREFIX_CAP);
      // As many numbers as the country has room for: a row that is full must pass its sends on to the other.
      const german = Array.from({ length: 240 }, (_, at) => `+49151${10_000_000 + at * 10_007}`);
      const fit = await Promise.all(german.slice(0, 200).map((to) => send({ to })));
      assert.equal(fit.filter(({ allowed }) => allowed).length, 200);
      const beyond = await Promise.all(german.slice(200).map((to) => send({ to })));
      assert.ok(beyond.every((answer) => !answer.allowed && answer.heldBack === 'country_rate'));
      assert.equal((await send({ to: german[239]!, lane: 'known-device' })).allowed, true);
    });

    test('a budget over several rows is never passed, and met within a hundredth', async () => {
      const { send, spent } = await start({
        REGAIN_SPEND_PER_DAY: 'sms=25',
        REGAIN_BUSY_HOUR_SENDS: '2000',
        REGAIN_SMS_COUNTRIES: 'DE',
      });
      const numbers = Array.from({ length: 400 }, (_, at) => `+49151${10_000_000 + at * 10_007}`);
      const answers = await Promise.all(numbers.map((to) => send({ to })));
      const allowed = answers.filter((answer) => answer.allowed).length;
      assert.ok(allowed <= 200 && allowed >= 198, `${allowed} of 200`);
      assert.equal(await spent(), allowed * 100_000);
    });

    test('what the provider did not take costs nothing, and a text of two segments costs two', async () => {
      const { send, refund, spent } = await start();
      for (let at = 0; at < 20; at += 1) {
        const answer = await send({ to: french(1), parts: 2 });
        assert.equal(answer.allowed && answer.costMicros, 140_000, `${at}`);
        if (answer.allowed) await refund(answer);
      }
      assert.equal(await spent(), 0);
      assert.equal((await send({ to: french(1), parts: 2 })).allowed, true);
      assert.equal(await spent(), 140_000);
    });

    test('counters go after a week', async () => {
      const { sendAndNote, enter, report, program } = await start();
      await sendAndNote({ to: french(1) });
      await enter(french(1));
      assert.deepEqual((await report()).prefixes, [
        { channel: 'sms', country: 'FR', prefix: '+3361***', sent: 1, entered: 1 },
      ]);
      assert.equal((await purge(program.regain.context)).spend, 0);
      await program.advance(SPEND_KEPT_MS + DAY_MS);
      assert.equal((await purge(program.regain.context)).spend, 4);
    });
  });

interface Spending {
  program: InProcess;
  send(send: Partial<PaidSend> & { to: string }): Promise<SpendAnswer>;
  /** As the worker does where the provider takes the message. */
  sendAndNote(send: Partial<PaidSend> & { to: string }): Promise<SpendAnswer>;
  enter(to: string): Promise<void>;
  refund(answer: SpendAnswer & { allowed: true }): Promise<void>;
  report(): Promise<SpendReport>;
  /** Of texts, today. */
  spent(): Promise<number>;
  alerts(): Record<string, unknown>[];
}

function spendingOf(program: InProcess): Spending {
  const { context } = program.regain;
  const whole = (send: Partial<PaidSend> & { to: string }): PaidSend => ({
    channel: 'sms',
    lane: 'stranger',
    purpose: 'recovery',
    now: program.now(),
    ...send,
  });
  const send = (given: Partial<PaidSend> & { to: string }): Promise<SpendAnswer> =>
    context.store.transaction((tx) => guardSpend(context, tx, whole(given)));
  const report = (): Promise<SpendReport> => context.store.transaction((tx) => reportSpend(context, tx, program.now()));
  return {
    program,
    send,
    async sendAndNote(given) {
      const answer = await send(given);
      if (answer.allowed)
        await context.store.transaction((tx) => noteSent(tx, { ...whole(given), costMicros: answer.costMicros }));
      return answer;
    },
    enter: (to) => context.store.transaction((tx) => noteEntered(context, tx, { channel: 'sms', to })),
    refund: ({ charge }) => context.store.transaction((tx) => refundSpend(tx, charge)),
    report,
    spent: async () => (await report()).channels.find(({ channel }) => channel === 'sms')?.spentMicros ?? 0,
    alerts: () =>
      program.logged
        .filter(({ level, event }) => level === 'error' && event === 'spend-held-back')
        .map(({ fields }) => fields ?? {}),
  };
}

/** A hundred mobile numbers of one prefix. */
function french(at: number): string {
  return `+336123400${String(at % 100).padStart(2, '0')}`;
}

async function auditOf({ regain }: InProcess): Promise<Record<string, unknown>[]> {
  const events = await regain.context.store.transaction((tx) => tx.auditChain.unsealed(0, 100));
  return events.filter(({ name }) => name === 'hold-back-spend').map(({ detail }) => JSON.parse(detail));
}
