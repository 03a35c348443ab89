/**
 * Random orders of events from several claimants, an attacker and a moving clock, some of them at one moment, played
 * against the program and an oracle that knows the rules in words (tests/recovery-oracle.ts). Whatever the order: a
 * password changes only after a matched, living, unspent code or link of that very recovery; of several redemptions at one
 * moment one wins; and the counters of guesses never fall but by a success in their lane, or by age (ADVISORIES row 1).
 *
 * A failure names its seed and path; `fc.assert(..., { seed, path })` plays it again.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { digestToken } from '../../src/actions/tokens.ts';
import { guessLaneOf } from '../../src/rules/lanes.ts';
import { GUESS_WINDOW_MS, WAITED_MS } from '../../src/rules/limits.ts';
import { type InProcess, startInProcess } from '../in-process.ts';
import { addPerson, codeIn, linkIn, OLD_PASSWORD } from '../people.ts';
import { type Claimed, type KnownFlow, RecoveryOracle, type Verdict } from '../recovery-oracle.ts';
import type { SinkMessage } from '../smtp-sink.ts';
import { type ApiAnswer, Visitor } from '../visitor.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
/** The same play every time; `SEED=7 npm test -- interleavings` plays another. */
const DEFAULT_SEED = 20_260_314;
const DAY = 24 * HOUR;

/** Over these, codes are repeated, renewed while they live, and die. */
const SHORT = [SECOND, 30 * SECOND, 2 * MINUTE, 4 * MINUTE, 6 * MINUTE + SECOND];

/** Two people with accounts, and an address without one. */
const who = fc.nat(2);
/** One of the recoveries that were begun; the latest are met more often. */
const flow = fc.oneof({ weight: 2, arbitrary: fc.constant(0) }, { weight: 3, arbitrary: fc.nat(6) });
// biome-ignore format: a table is read in rows and columns
const event = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('ask' as const), who, device: fc.option(fc.nat(1)), register: fc.nat(5).map((n) => n === 0) }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('guess' as const), flow, times: fc.integer({ min: 1, max: 6 }), older: fc.boolean() }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('type' as const), flow, codeOf: flow, older: fc.boolean() }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('type own' as const), flow }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('send again' as const), flow }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('renew' as const), flow }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('confirm' as const), flow, older: fc.boolean() }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('set' as const), flow }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('cancel' as const), flow }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('not me' as const), flow }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('sign in' as const), who, right: fc.nat(3).map((n) => n === 0) }) },
  { weight: 7, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(
      ...SHORT, ...SHORT, ...SHORT, 10 * MINUTE - 1, 10 * MINUTE, HOUR, DAY, 30 * DAY, 31 * DAY, -SECOND, -2 * MINUTE) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('redeem at once' as const), flow }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('guess at once' as const), flow }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('set at once' as const), flow }) },
);
type Event = typeof event extends fc.Arbitrary<infer E> ? E : never;

for (const [engine, env, numRuns] of [
  ['sqlite', { REGAIN_DATABASE_URL: 'sqlite::memory:' }, 25],
  ['postgres', {}, 12],
] as const)
  describe(`any order of events on ${engine}`, () => {
    let program: InProcess;
    let round = 0;
    const seen = new Map<string, number>();
    before(async () => {
      program = await startInProcess(engine, env);
    });
    after(() => program.close());

    test('only a proven recovery sets a password, one redemption wins, and counters never fall', async (t) => {
      const seed = Number(process.env.SEED ?? DEFAULT_SEED);
      t.diagnostic(`seed ${seed}`);
      await fc.assert(
        fc.asyncProperty(fc.array(event, { minLength: 20, maxLength: 70, size: 'max' }), async (events) => {
          round += 1;
          // What earlier rounds took from the breakers of the whole service comes back.
          await program.advance(2 * DAY);
          const play = new Play(program, round, seen);
          await play.prepare();
          for (const move of events) {
            await play.make(move);
            await play.checkCounters();
          }
          await play.checkPasswords();
        }),
        { numRuns, seed, endOnFailure: true, includeErrorInReport: true },
      );
      t.diagnostic(
        [...seen]
          .map(([what, times]) => `${what}: ${times}`)
          .sort()
          .join(', '),
      );
    });
  });

class Play {
  readonly #program: InProcess;
  readonly #round: number;
  readonly #seen: Map<string, number>;
  readonly #oracle = new RecoveryOracle();
  readonly #people: Claimed[] = [];
  #passwords = 0;

  constructor(program: InProcess, round: number, seen: Map<string, number>) {
    this.#program = program;
    this.#round = round;
    this.#seen = seen;
  }

  #saw(what: string): void {
    this.#seen.set(what, (this.#seen.get(what) ?? 0) + 1);
  }

  async prepare(): Promise<void> {
    for (const name of ['ann', 'bob', 'nobody']) {
      const email = `${name}${this.#round}@example.com`;
      const known = name !== 'nobody';
      if (known) await addPerson(this.#program, { emails: [email] });
      const person = { email, known, password: OLD_PASSWORD, blocked: false, device: '' };
      if (known) person.device = (await this.#signIn(person, OLD_PASSWORD)).json.device;
      this.#people.push(person);
    }
  }

  async make(move: Event): Promise<void> {
    if (move.do === 'wait') return this.#program.advance(move.ms);
    if (move.do === 'ask') return this.#ask(move);
    if (move.do === 'sign in') return this.#trySignIn(this.#people[move.who] as Claimed, move.right);
    const { flows } = this.#oracle;
    const chosen = flows.at(-1 - (move.flow % Math.max(1, flows.length)));
    if (!chosen) return;
    switch (move.do) {
      case 'guess':
        for (let times = 0; times < move.times; times += 1) await this.#type(chosen, wrongFor(chosen, move.older));
        return;
      case 'type': {
        const source = flows.at(-1 - (move.codeOf % flows.length)) as KnownFlow;
        return this.#type(chosen, source.told.at(move.older ? 0 : -1)?.text ?? wrongFor(source, move.older));
      }
      case 'type own':
        return this.#type(chosen, chosen.living.at(-1)?.text ?? wrongFor(chosen, false));
      case 'send again':
        return this.#sendAgain(chosen);
      case 'renew':
        // Less than four minutes are left: the next code comes beside the living one.
        await this.#program.advance(6 * MINUTE + SECOND);
        return this.#sendAgain(chosen);
      case 'confirm':
        return this.#confirm(chosen, chosen.told.at(move.older ? 0 : -1)?.link);
      case 'set':
        return this.#set(chosen);
      case 'cancel':
        return this.#cancel(chosen);
      case 'not me':
        return this.#reportNotMe(chosen);
      case 'redeem at once':
        return this.#redeemAtOnce(chosen);
      case 'guess at once':
        return this.#guessAtOnce(chosen);
      case 'set at once':
        return this.#setAtOnce(chosen.person);
    }
  }

  /** Counted are exactly the guesses that were made since the last success in that lane, while they are young enough. */
  async checkCounters(): Promise<void> {
    for (const person of this.#people)
      for (const lane of ['known-device', 'stranger'] as const)
        assert.equal(
          await this.#counted({ person, lane }),
          this.#oracle.wrongGuesses({ person, lane }, this.#program.now()),
          `guesses of ${lane} at ${person.email}`,
        );
  }

  async checkPasswords(): Promise<void> {
    // A budget that is used up says nothing of the password.
    await this.#program.advance(DAY);
    for (const person of this.#people) {
      const { status } = await this.#signIn(person, person.password);
      assert.equal(status, person.known && !person.blocked ? 201 : 401, `the password of ${person.email}`);
    }
  }

  /** Half of the devices are somebody else's. */
  async #ask({ who: at, device: of, register }: Extract<Event, { do: 'ask' }>): Promise<void> {
    const person = this.#people[at] as Claimed;
    const purpose = register ? 'registration' : 'recovery';
    const device = of === null ? '' : (this.#people[of]?.device ?? '');
    const mailsBefore = this.#mailsFor(person, purpose).length;
    const askedAt = this.#program.now();
    const body = { identifier: person.email, ...(device === '' ? {} : { device }) };
    const { status, json } = await this.#post(`/${purpose}`, body);
    if (status === 429) return;
    assert.equal(status, 202);
    const lane = await this.#laneOf(purpose, json.token);
    if (lane === 'known-device') assert.equal(device, person.device, 'only a device of this account has its lane');
    const carries = json.carries ?? 'code';
    const links = { cancelPath: undefined, notMePath: undefined };
    const asked = this.#oracle.asked({ token: json.token, purpose, person, lane, carries, ...links }, askedAt);
    await this.#learn(asked, json.codeLength, mailsBefore, askedAt);
  }

  async #sendAgain(chosen: KnownFlow): Promise<void> {
    const { person, purpose, token } = chosen;
    const mailsBefore = this.#mailsFor(person, purpose).length;
    const askedAt = this.#program.now();
    const { status, json } = await this.#post(`/${purpose}/resend`, { token });
    if (!this.#oracle.maySendAgain(chosen, askedAt)) return assert.equal(status, 404);
    if (status === 429) return;
    assert.equal(status, 202);
    if (this.#oracle.needsNewCode(chosen, askedAt)) chosen.carries = json.carries ?? 'code';
    await this.#learn(chosen, json.codeLength, mailsBefore, askedAt);
  }

  /** Reads what a mail brought, where there is one to be had. */
  async #learn(chosen: KnownFlow, length: number, mailsBefore: number, askedAt: number): Promise<void> {
    const isNew = this.#oracle.needsNewCode(chosen, askedAt);
    if (isNew) assert.ok(length >= this.#oracle.shortestCode(chosen, askedAt), `${length} is too short`);
    await this.#program.settled();
    let mail: SinkMessage | undefined;
    if (this.#oracle.opens(chosen)) {
      const mails = () => this.#mailsFor(chosen.person, chosen.purpose);
      // The budget for asking at once is spent: the message leaves a little later.
      if (mails().length === mailsBefore) await this.#program.advance(WAITED_MS);
      assert.equal(mails().length, mailsBefore + 1);
      mail = mails().at(-1) as SinkMessage;
      if (chosen.purpose === 'recovery') chosen.cancelPath = linkIn(mail, '/recover/cancel/');
    }
    const text = mail && chosen.carries === 'code' ? codeIn(mail) : undefined;
    const link = mail && confirmationIn(mail);
    if (isNew) this.#oracle.newCode(chosen, { text, link, length }, askedAt);
    else assert.equal(text, chosen.living.at(-1)?.text, 'the living code is repeated');
  }

  async #type(chosen: KnownFlow, code: string): Promise<void> {
    const now = this.#program.now();
    const verdict = this.#oracle.verdictOn(chosen, code, now);
    const { status, json } = await this.#post(`/${chosen.purpose}/verify`, { token: chosen.token, code });
    assert.equal(status, verdict.status, `typing a code in state ${chosen.state}: ${JSON.stringify(json)}`);
    this.#saw(`verify ${status}${'weight' in verdict && verdict.weight > 1 ? ' with two living codes' : ''}`);
    if (verdict.status === 422) assert.equal(json.triesLeft, verdict.triesLeft);
    this.#oracle.compared(chosen, verdict, now);
  }

  async #confirm(chosen: KnownFlow, link: string | undefined): Promise<void> {
    if (link === undefined) return;
    const may = this.#oracle.mayConfirm(chosen, link, this.#program.now());
    const { token, status } = await this.#openLink(link);
    this.#saw(`confirm ${may}`);
    assert.equal(token !== undefined, may, `confirming in state ${chosen.state}: ${status}`);
    if (token === undefined) return;
    const old = chosen.token;
    this.#oracle.proven(chosen, token, this.#program.now());
    const { status: setByAsker } = await this.#post('/recovery/password', {
      token: old,
      password: this.#newPassword(),
    });
    assert.equal(setByAsker, 404, 'the browser that asked has no part in it any more');
  }

  async #set(chosen: KnownFlow): Promise<void> {
    const password = this.#newPassword();
    const may = this.#oracle.mayFinish(chosen, this.#program.now());
    const { status } = await this.#post('/recovery/password', { token: chosen.token, password });
    this.#saw(`set ${status}`);
    assert.equal(status, may ? 200 : 404, `setting a password in state ${chosen.state}`);
    if (may) await this.#finished(chosen, password);
  }

  async #cancel(chosen: KnownFlow): Promise<void> {
    if (!chosen.cancelPath) return;
    const { status } = await this.#visitor().post(chosen.cancelPath);
    assert.equal(status, chosen.state === 'done' ? 404 : 200);
    if (chosen.state !== 'done') chosen.state = 'void';
  }

  async #reportNotMe(chosen: KnownFlow): Promise<void> {
    const { notMePath, person } = chosen;
    if (!notMePath) return;
    const may = this.#oracle.mayReport(chosen, this.#program.now());
    const { status } = await this.#visitor().post(notMePath);
    this.#saw(`not me ${status}`);
    assert.equal(status, may ? 200 : 404);
    chosen.notMePath = undefined;
    if (!may) return;
    person.blocked = true;
    this.#oracle.voidOthers(person);
  }

  async #trySignIn(person: Claimed, right: boolean): Promise<void> {
    const { status } = await this.#signIn(person, right ? person.password : 'not this one, surely');
    if (status === 429) return;
    assert.equal(status, right && person.known && !person.blocked ? 201 : 401);
    if (status === 201) this.#oracle.voidOthers(person);
  }

  /** The right code three times, the link of the mail twice and a wrong code, all at one moment. */
  async #redeemAtOnce(chosen: KnownFlow): Promise<void> {
    const now = this.#program.now();
    const { text, link } = chosen.living.at(-1) ?? {};
    if (text === undefined) return;
    const byLink = link !== undefined && this.#oracle.mayConfirm(chosen, link, now);
    const byCode = this.#oracle.verdictOn(chosen, text, now).status === 200;
    const wrong = wrongFor(chosen, false);
    const missed = this.#oracle.verdictOn(chosen, wrong, now);
    const before = await this.#counted(chosen);
    const verify = (code: string): Promise<ApiAnswer> =>
      this.#post(`/${chosen.purpose}/verify`, { token: chosen.token, code });
    const [codes, links] = await Promise.all([
      Promise.all([text, wrong, text, text].map(verify)),
      Promise.all(link === undefined ? [] : [this.#openLink(link), this.#openLink(link)]),
    ]);
    const tokens = [
      ...codes.filter(({ status }) => status === 200).map(({ json }) => json.token as string),
      ...links.flatMap(({ token }) => token ?? []),
    ];
    this.#saw(`redeem at once ${tokens.length}`);
    assert.ok(tokens.length <= 1, `${tokens.length} redemptions of one recovery`);
    if (!byLink && !byCode) assert.equal(tokens.length, 0);
    // Where the wrong code comes first, it may be the last that this code bears.
    if (byLink || (byCode && missed.status === 422 && missed.triesLeft > 0)) assert.equal(tokens.length, 1);
    if (tokens[0] !== undefined) this.#oracle.proven(chosen, tokens[0], now);
    else await this.#adoptGuesses(chosen, before, [chosen]);
  }

  /** Two wrong codes for every recovery of this person and lane at one moment: no more are compared than are left. */
  async #guessAtOnce({ person, lane }: KnownFlow): Promise<void> {
    const now = this.#program.now();
    const flows = this.#oracle.flows.filter((other) => other.person === person && other.lane === lane).slice(-5);
    const guesses = flows.flatMap((guessed) => [guessed, guessed].map((of) => ({ of, code: wrongFor(of, false) })));
    const verdicts = guesses.map(({ of, code }) => this.#oracle.verdictOn(of, code, now));
    const before = await this.#counted({ person, lane });
    const answers = await Promise.all(
      guesses.map(({ of, code }) => this.#post(`/${of.purpose}/verify`, { token: of.token, code })),
    );
    for (const [length, allowed] of [
      [6, 6],
      [8, 31],
    ] as const) {
      const compared = answers.map(({ status }, at) =>
        status === 422 && guesses[at]?.code.length === length ? weightOf(verdicts[at] as Verdict) : 0,
      );
      const sum = compared.reduce((total, weight) => total + weight, 0);
      this.#saw(`guess at once compared ${sum > 0}`);
      assert.ok(sum <= Math.max(0, allowed - before), `${sum} compared at ${length} digits after ${before}`);
    }
    await this.#adoptGuesses({ person, lane }, before, flows);
  }

  /** All proven recoveries of a person finish at the moment at which somebody signs in with the old password. */
  async #setAtOnce(person: Claimed): Promise<void> {
    const now = this.#program.now();
    const flows = this.#oracle.flows.filter((other) => other.person === person);
    const proven = flows.filter((other) => this.#oracle.mayFinish(other, now));
    const tries = [...proven, ...proven, ...flows.slice(-2)].map((of) => ({ of, password: this.#newPassword() }));
    const [sets, signedIn] = await Promise.all([
      Promise.all(tries.map(({ of, password }) => this.#post('/recovery/password', { token: of.token, password }))),
      this.#signIn(person, person.password),
    ]);
    const wins = tries.filter((_, at) => sets[at]?.status === 200);
    const entered = signedIn.status === 201;
    this.#saw(`set at once: ${proven.length} proven, ${wins.length} set, sign-in ${signedIn.status}`);
    assert.ok(
      wins.every(({ of }) => proven.includes(of)),
      'only proven recoveries set passwords',
    );
    if (proven.length > 0)
      assert.equal(wins.length + Number(entered), 1, `${wins.length} new passwords, and ${signedIn.status}`);
    else if (signedIn.status !== 429) assert.equal(entered, person.known && !person.blocked);
    if (entered) this.#oracle.voidOthers(person);
    for (const { of, password } of wins) await this.#finished(of, password);
  }

  async #finished(chosen: KnownFlow, password: string): Promise<void> {
    this.#oracle.finished(chosen, password, this.#program.now());
    await this.#program.settled();
    const notice = this.#program.sink.messages.findLast(
      ({ to, text }) => to === chosen.person.email && text.includes('/recover/not-me/'),
    );
    chosen.notMePath = linkIn(notice as SinkMessage, '/recover/not-me/');
  }

  /** After guesses at one moment, whose order nobody knows: what was counted and what is left, read from the program. */
  async #adoptGuesses(
    of: Pick<KnownFlow, 'person' | 'lane'>,
    before: number,
    flows: readonly KnownFlow[],
  ): Promise<void> {
    const counted = await this.#counted(of);
    assert.ok(counted >= before, 'a counter fell');
    const [first] = flows;
    if (first) this.#oracle.guessed(first, counted - before, this.#program.now());
    for (const guessed of flows) {
      const { status, json } = await this.#program.api('GET', `/${guessed.purpose}`, { token: guessed.token });
      if (status === 200 && guessed.state === 'asked') guessed.tries = json.triesLeft;
    }
  }

  #counted({ person, lane }: Pick<KnownFlow, 'person' | 'lane'>): Promise<number> {
    const { store, keys } = this.#program.regain.context;
    const identifierMac = keys.identifierMac({ kind: 'email', canonical: person.email });
    const since = this.#program.now() - GUESS_WINDOW_MS;
    return store.transaction((tx) => tx.guesses.wrongSince({ identifierMac, channel: 'email', lane }, since));
  }

  async #laneOf(purpose: KnownFlow['purpose'], token: string): Promise<KnownFlow['lane']> {
    const proof = await this.#program.regain.context.store.transaction((tx) =>
      tx.proofs.byToken(purpose, digestToken(token)),
    );
    assert.ok(proof);
    return guessLaneOf(proof.lane);
  }

  #mailsFor({ email }: Claimed, purpose: KnownFlow['purpose']): SinkMessage[] {
    return this.#program.sink.messages.filter(
      ({ to, text }) =>
        to === email &&
        (purpose === 'recovery' ? text.includes('/recover/confirm#') : /^\s*[0-9A-Z]{6,10}\s*$/m.test(text)) &&
        (purpose === 'recovery' || !text.includes('/recover/')),
    );
  }

  /** A fresh browser opens the link of a mail and says yes. */
  async #openLink(link: string): Promise<{ token: string | undefined; status: number }> {
    const visitor = this.#visitor();
    const { status } = await visitor.post('/recover/confirm', { link, answer: 'yes' });
    return { token: visitor.cookies.get('__Host-regain-recovery'), status };
  }

  #visitor(): Visitor {
    return new Visitor(
      (request) => this.#program.regain.fetch(request, { peer: '127.0.0.1' }),
      'https://accounts.shop.example',
    );
  }

  #signIn({ email }: Claimed, password: string): Promise<ApiAnswer> {
    return this.#post('/sessions', { identifier: email, password });
  }

  #newPassword(): string {
    this.#passwords += 1;
    return `quiet meadow lantern ${this.#round} ${this.#passwords}`;
  }

  #post(path: string, body: unknown): Promise<ApiAnswer> {
    return this.#program.api('POST', path, { body });
  }
}

function confirmationIn(mail: SinkMessage): string | undefined {
  return /\S+\/recover\/confirm#(\S+)/.exec(mail.text)?.[1];
}

/** A code of the right shape that is none of the living ones. */
function wrongFor({ living }: KnownFlow, older: boolean): string {
  const length = living.at(older ? 0 : -1)?.length ?? 6;
  for (let number = 0; ; number += 1) {
    const code = String(number).padStart(length, '0');
    if (living.every(({ text }) => text !== code)) return code;
  }
}

function weightOf(verdict: Verdict): number {
  return 'weight' in verdict ? verdict.weight : 0;
}
