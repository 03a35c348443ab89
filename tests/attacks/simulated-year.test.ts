/**
 * An attacker who uses all that the limits leave him, for a year, against the program with a moved clock.
 *
 * A takeover by guessing has a chance near 1e-4 per account and year; no number of accounts that fits into a test would show
 * it. So what is measured is what the chance is made of: each guess that the program really compares with a living code
 * counts with the chance of hitting a code of that length, and a guess that is compared with two living codes counts
 * twice. The sum is the expected number of hits, and thus an upper bound of the chance of one.
 *
 * That a counted guess is worth its chance is measured by itself: for every place in the climb, another account's attacker
 * is told the right code for exactly that guess (stratified importance sampling: one sample per place, weighted by the
 * chance that a blind guess there is right). All of these must end in a takeover, and the first guess beyond must not.
 *
 * Played in full: a year of three accounts, each by another strategy, with two recoveries of the owner in between; and a
 * week of spraying over accounts that were never touched, at the breaker of six digits. By arithmetic: the other accounts
 * (their counters share nothing but the breakers), the other weeks, and the first 4,950 of the 5,000 guesses of the second
 * breaker, which are charged to it without playing them. Ten letters and digits are left out of the measured sum: a year
 * of them is worth 1e-10.
 */
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { purge } from '../../src/actions/purge.ts';
import { accountLimit } from '../../src/rules/account-guesses.ts';
import { LONGEST_CODE } from '../../src/rules/breakers.ts';
import {
  CODE_LADDER,
  CODE_LIFETIME_MS,
  CODE_RENEWED_BELOW_MS,
  GUESS_BREAKERS,
  WAITED_MS,
} from '../../src/rules/limits.ts';
import { chanceOf, oddsPerAccountYear, sprayedTakeoversPerYear } from '../../src/rules/odds.ts';
import { type InProcess, startInProcess } from '../in-process.ts';
import { addPerson, codeIn, NEW_PASSWORD, wrongCode } from '../people.ts';
import type { SinkMessage } from '../smtp-sink.ts';

const DAY_MS = 86_400_000;
const DAYS = 365;
const ACCOUNTS = 1_000;
/** A guess is forgotten when its day is more than 30 days ago. */
const FORGOTTEN_AFTER_DAYS = 31;
/** How much of the bound must really be there to be won, or the bound would be no more than a big number. */
const REACHED = 0.6;

/** One recovery that the attacker began, with the codes of it that are alive: the newest last. */
interface Flow {
  token: string;
  email: string;
  codes: string[];
  carries: 'code' | 'link';
  /** What he was told: a guess beyond it would be counted, and not compared. */
  triesLeft: number;
}
/** Compared guesses by the length of the code. */
type Tally = Map<number, number>;
type Strategy = (attacker: Attacker, email: string, round: number) => Promise<Flow[]>;

const STRATEGIES: Record<string, Strategy> = {
  'one flow after the other, one more begun before the first guess': async (attacker, email, round) =>
    attacker.askOften(email, round === 0 ? 2 : 1),
  'two living codes in each flow': async (attacker, email) => {
    const flow = await attacker.ask(email);
    await attacker.program.advance(CODE_LIFETIME_MS - CODE_RENEWED_BELOW_MS + 1_000);
    await attacker.askAgain(flow);
    return [flow];
  },
  'ten flows at once': async (attacker, email, round) => attacker.askOften(email, round === 0 ? 10 : 1),
};

describe('a year of guessing', () => {
  test('at one account: what can be won is below the computed odds, and not far below', async (t) => {
    const program = await startInMemory(t);
    const played = Object.entries(STRATEGIES).map(([name, strategy], at) => ({
      name,
      strategy,
      email: `guessed${at}@example.com`,
      attacker: new Attacker(program),
    }));
    for (const { email } of played) await addPerson(program, { emails: [email] });
    const end = program.now() + DAYS * DAY_MS;
    for (let climbs = 0; program.now() < end; climbs += 1) {
      for (const { strategy, email, attacker } of played) await attacker.climb(email, strategy);
      if (climbs === 3 || climbs === 4) {
        // By then a day's budget for sending is there again. The owner's success lets the attacker start from below.
        await program.advance(3 * DAY_MS);
        for (const { strategy, email, attacker } of played) {
          await recoverAsOwner(program, email);
          await attacker.climb(email, strategy);
        }
      }
      await program.advance(FORGOTTEN_AFTER_DAYS * DAY_MS);
      await purge(program.regain.context);
    }
    for (const { name, attacker } of played) {
      const won = worth(attacker.tally);
      t.diagnostic(`${name}: ${won} of at most ${oddsPerAccountYear()}, ${JSON.stringify([...attacker.tally])}`);
      assert.ok(won <= oddsPerAccountYear(), `${name}: ${won} of at most ${oddsPerAccountYear()}`);
      assert.ok(won >= REACHED * oddsPerAccountYear(), `${name}: ${won} of ${oddsPerAccountYear()}`);
    }
  });

  test('at one account by four mailboxes of it: no more than by one', async (t) => {
    const program = await startInMemory(t);
    const emails = [1, 2, 3, 4].map((at) => `mailbox${at}@example.com`);
    await addPerson(program, { emails });
    const attacker = new Attacker(program, undefined, await accountOf(program, emails[0] as string));
    const strategy = STRATEGIES['one flow after the other, one more begun before the first guess']!;
    const end = program.now() + DAYS * DAY_MS;
    while (program.now() < end) {
      for (const email of emails) await attacker.climb(email, strategy);
      await program.advance(FORGOTTEN_AFTER_DAYS * DAY_MS);
      await purge(program.regain.context);
    }
    const won = worth(attacker.tally);
    t.diagnostic(`${won} of at most ${oddsPerAccountYear()}, ${JSON.stringify([...attacker.tally])}`);
    assert.ok(won <= oddsPerAccountYear(), `${won} of at most ${oddsPerAccountYear()}`);
    assert.ok(won >= REACHED * oddsPerAccountYear(), `${won} of ${oddsPerAccountYear()}`);
  });

  test('every guess that was counted would have let him in, and the first beyond them would not', async (t) => {
    const program = await startInMemory(t);
    const [six, eight] = CODE_LADDER;
    const places = eight.diesAfter;
    let won = 0;
    for (let place = 1; place <= places; place += 1) {
      // Every account here costs the breaker six guesses of its two hundred a day.
      if (place % 10 === 0) await program.advance(DAY_MS);
      const email = `place${place}@example.com`;
      await addPerson(program, { emails: [email] });
      const attacker = new Attacker(program, place);
      await attacker.climb(email, STRATEGIES['one flow after the other, one more begun before the first guess']!);
      assert.equal(attacker.takeovers, 1, `the right code as guess number ${place}`);
      won += chanceOf(place <= six.diesAfter ? six : eight);
    }
    await tooLate(program, six.diesAfter, 0);
    await tooLate(program, eight.diesAfter, (eight.diesAfter - six.diesAfter) / 5 - 1);
    const climb = six.diesAfter * chanceOf(six) + (eight.diesAfter - six.diesAfter) * chanceOf(eight);
    assert.ok(Math.abs(won - climb) < 1e-15, `one climb is worth ${won}`);
  });

  test('sprayed over a thousand accounts: what can be won is below the computed number, and not far below', async (t) => {
    const program = await startInMemory(t);
    for (let at = 0; at < ACCOUNTS; at += 1) await addPerson(program, { emails: [`sprayed${at}@example.com`] });
    const sixes = await sprayAtSixDigits(program, 7);
    const eights = await sprayAtEightDigits(program);

    const [six, eight] = CODE_LADDER;
    // Neither can the accounts give more than their own ladders do, nor the breakers more than their refill.
    const climbs = Math.ceil(DAYS / FORGOTTEN_AFTER_DAYS);
    const atSix = Math.min(sixes.atOnce + DAYS * sixes.perDay, ACCOUNTS * climbs * six.diesAfter);
    const atEight = Math.min(
      eights.atOnce + DAYS * eights.perDay,
      ACCOUNTS * climbs * (eight.diesAfter - six.diesAfter),
    );
    const won = atSix * chanceOf(six) + atEight * chanceOf(eight);
    t.diagnostic(`${won} of at most ${sprayedTakeoversPerYear()}: ${JSON.stringify({ sixes, eights })}`);
    assert.ok(won <= sprayedTakeoversPerYear(), `${won} of at most ${sprayedTakeoversPerYear()}`);
    assert.ok(won >= REACHED * sprayedTakeoversPerYear(), `${won} of ${sprayedTakeoversPerYear()}`);
    assert.ok(won <= ACCOUNTS * oddsPerAccountYear(), 'no account is worth more than alone');
  });
});

async function startInMemory(t: TestContext): Promise<InProcess> {
  const program = await startInProcess('sqlite', { REGAIN_DATABASE_URL: 'sqlite::memory:' });
  t.after(() => program.close());
  return program;
}

/** The right code of a flow that was begun in time, after so many guesses in others: it is refused. */
async function tooLate(program: InProcess, guesses: number, fullFlows: number): Promise<void> {
  const email = `late${guesses}@example.com`;
  await addPerson(program, { emails: [email] });
  const attacker = new Attacker(program);
  let [last, late] = await attacker.askOften(email, 2);
  const [first] = fullFlows > 0 ? [last] : await attacker.askOften(email, 1);
  assert.ok(first && last && late);
  for (let guess = 0; guess < 5; guess += 1) await attacker.miss(first);
  if (fullFlows > 0) {
    await attacker.miss(late);
    for (let flow = 0; flow < fullFlows; flow += 1) await attacker.useUp(await attacker.ask(email));
    [last, late] = await attacker.askOften(email, 2);
    assert.ok(last && late);
  }
  while (attacker.compared < guesses) assert.equal(await attacker.miss(last), 'compared');
  assert.equal(await attacker.type(late, late.codes.at(-1) as string), 'refused', `the right code after ${guesses}`);
}

interface Rate {
  atOnce: number;
  perDay: number;
}

/**
 * Twice a day, when the breaker has just closed, he gets himself as many codes as it has guesses left, and uses them all:
 * nothing that comes back is lost, so nobody can do more.
 */
async function sprayAtSixDigits(program: InProcess, days: number): Promise<Rate> {
  const { burst, refillMs } = GUESS_BREAKERS['guesses-6'];
  const attacker = new Attacker(program);
  let account = 0;
  const wave = async (guesses: number): Promise<number> => {
    const flows: Flow[] = [];
    for (let codes = 0; codes <= guesses / 5; codes += 1) {
      flows.push(await attacker.ask(`sprayed${account % ACCOUNTS}@example.com`));
      account += 1;
    }
    assert.ok(flows.every(({ codes, carries }) => carries === 'code' && codes[0]?.length === 6));
    const before = attacker.tally.get(6) ?? 0;
    for (const flow of flows) await attacker.useUp(flow);
    return (attacker.tally.get(6) ?? 0) - before;
  };
  const atOnce = await wave(burst);
  assert.equal(atOnce, burst, 'all at once, and not one more');
  let later = 0;
  for (let half = 0; half < 2 * days; half += 1) {
    await program.advance((burst / 2) * refillMs + 1);
    later += await wave(burst / 2);
  }
  return { atOnce, perDay: later / days };
}

/** The same at the second breaker, of which only the last fifty guesses are played: the others are charged to it. */
async function sprayAtEightDigits(program: InProcess): Promise<Rate> {
  const limit = GUESS_BREAKERS['guesses-8'];
  const played = 50;
  const attacker = new Attacker(program);
  await program.advance(3 * DAY_MS);
  const codes: Flow[] = [];
  for (let at = ACCOUNTS - 16; at < ACCOUNTS; at += 1) {
    const email = `sprayed${at}@example.com`;
    await attacker.useUp(await attacker.ask(email));
    codes.push(await attacker.ask(email));
  }
  assert.ok(codes.every(({ codes: [code], carries }) => carries === 'code' && code?.length === 8));
  const chargeRest = (count: number): Promise<void> =>
    program.regain.context.store.transaction(async (tx) => {
      for (let charged = 0; charged < count; charged += 1)
        assert.equal(await tx.limits.charge('breaker:guesses-8', limit, program.now()), undefined);
    });
  const wave = async (flows: Flow[]): Promise<number> => {
    const before = attacker.tally.get(8) ?? 0;
    for (const flow of flows) await attacker.useUp(flow);
    return (attacker.tally.get(8) ?? 0) - before;
  };
  await chargeRest(limit.burst - played);
  const atOnce = await wave(codes.slice(0, 11));
  assert.equal(atOnce, played, 'what was left, and not one more');
  // Four minutes bring back fourteen guesses; the other codes are still alive.
  const back = 240_000;
  await program.advance(back);
  const later = await wave(codes.slice(11));
  assert.ok(later <= 1 + back / limit.refillMs, `${later} more in four minutes`);
  return { atOnce: limit.burst - played + atOnce, perDay: (later * DAY_MS) / back };
}

function accountOf({ regain: { context } }: InProcess, email: string): Promise<string> {
  return context.store.transaction(async (tx) => {
    const account = await context.accounts.findByIdentifier(tx, { kind: 'email', canonical: email });
    return (account as { id: string }).id;
  });
}

async function recoverAsOwner(program: InProcess, email: string): Promise<void> {
  const attacker = new Attacker(program);
  const flow = await attacker.ask(email);
  assert.equal(await attacker.type(flow, flow.codes.at(-1) as string), 'right');
}

function worth(tally: Tally): number {
  return CODE_LADDER.reduce((sum, rung) => sum + (tally.get(rung.length) ?? 0) * chanceOf(rung), 0);
}

class Attacker {
  readonly program: InProcess;
  readonly tally: Tally = new Map();
  takeovers = 0;
  /** The guess for which he is told the right code. */
  readonly #toldAt: number | undefined;

  /** Whose count says which guesses can open anything; many-doors.test.ts shows that the others can't. */
  readonly #accountId: string | undefined;

  constructor(program: InProcess, toldAt?: number, accountId?: string) {
    this.program = program;
    this.#toldAt = toldAt;
    this.#accountId = accountId;
  }

  get compared(): number {
    return [...this.tally.values()].reduce((sum, compared) => sum + compared, 0);
  }

  /** Guesses at ever longer codes of one account until they have letters. */
  async climb(email: string, strategy: Strategy): Promise<void> {
    for (let round = 0; ; round += 1) {
      for (const flow of await strategy(this, email, round)) {
        if (flow.codes.at(-1)?.length === 10) return;
        await this.useUp(flow);
        if (this.takeovers > 0) return;
      }
    }
  }

  async askOften(email: string, times: number): Promise<Flow[]> {
    const flows: Flow[] = [];
    while (flows.length < times) flows.push(await this.ask(email));
    return flows;
  }

  /** Begins a recovery; where the budget is spent, he waits for it. */
  async ask(email: string): Promise<Flow> {
    for (;;) {
      const seen = this.#mailsTo(email).length;
      const { status, json, headers } = await this.program.api('POST', '/recovery', { body: { identifier: email } });
      if (status === 202) {
        const { token, triesLeft, carries = 'code' } = json;
        return { token, email, codes: [await this.#read(email, seen)], carries, triesLeft };
      }
      assert.equal(status, 429);
      await this.program.advance(1_000 * Number(headers.get('retry-after')));
    }
  }

  async askAgain(flow: Flow): Promise<void> {
    const seen = this.#mailsTo(flow.email).length;
    const { status, json } = await this.program.api('POST', '/recovery/resend', { body: { token: flow.token } });
    assert.equal(status, 202);
    const code = await this.#read(flow.email, seen);
    flow.triesLeft = json.triesLeft;
    if (!flow.codes.includes(code)) flow.codes.push(code);
  }

  /** Guesses until he is told that there is nothing left, or is refused. */
  async useUp(flow: Flow): Promise<void> {
    while (flow.triesLeft > 0 && (await this.#guess(flow)) === 'compared');
  }

  #guess(flow: Flow): Promise<'compared' | 'refused' | 'right'> {
    return this.compared + 1 === this.#toldAt ? this.type(flow, flow.codes.at(-1) as string) : this.miss(flow);
  }

  /** A guess that is none of the living codes. */
  miss(flow: Flow): Promise<'compared' | 'refused' | 'right'> {
    let guess = wrongCode(flow.codes.at(-1) as string);
    while (flow.codes.includes(guess)) guess = wrongCode(guess);
    return this.type(flow, guess);
  }

  async type(flow: Flow, code: string): Promise<'compared' | 'refused' | 'right'> {
    const { token } = flow;
    const mayOpen = await this.#mayOpen(code);
    const { status, json } = await this.program.api('POST', '/recovery/verify', { body: { token, code } });
    const compared = mayOpen ? flow.codes.filter(({ length }) => length === code.length).length : 0;
    if (status === 429) {
      flow.triesLeft = 0;
      return 'refused';
    }
    this.tally.set(code.length, (this.tally.get(code.length) ?? 0) + compared);
    if (status !== 200) {
      assert.equal(json.code, 'wrong_code');
      flow.triesLeft = json.triesLeft;
      return 'compared';
    }
    const set = await this.program.api('POST', '/recovery/password', { body: { token, password: NEW_PASSWORD } });
    assert.equal(set.status, 200);
    this.takeovers += 1;
    return 'right';
  }

  #mayOpen({ length }: string): Promise<boolean> {
    const limit = accountLimit({ format: 'digits', length });
    if (this.#accountId === undefined || limit === undefined || length === LONGEST_CODE.length)
      return Promise.resolve(true);
    return this.program.regain.context.store.transaction(
      async (tx) => (await tx.limits.wait(`account:${this.#accountId}`, limit, this.program.now())) === 0,
    );
  }

  /** The code of the mail that came after those that were seen. */
  async #read(email: string, seen: number): Promise<string> {
    await this.program.settled();
    // The lane of those who wait: its message leaves later.
    if (this.#mailsTo(email).length === seen) await this.program.advance(WAITED_MS);
    const mails = this.#mailsTo(email);
    assert.equal(mails.length, seen + 1, `a code for ${email}`);
    return codeIn(mails[seen] as SinkMessage);
  }

  #mailsTo(email: string): SinkMessage[] {
    return this.program.sink.messages.filter(({ to, subject }) => to === email && /reset/i.test(subject));
  }
}
