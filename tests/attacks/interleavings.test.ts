/**
 * Random orders of events from several claimants, an attacker and a moving clock, some of them at one moment, played
 * against the program and an oracle that knows the rules in words (tests/recovery-oracle.ts): by mailboxes and by numbers, one of
 * them shared by two accounts, from one way to the other, with new passwords that wait and owners who say that it wasn't them.
 * Whatever the order: a password changes only after a matched, living, unspent code or link of that very recovery, and of those
 * who share a number only that of the chosen one; of several redemptions at one moment one wins; the counters of guesses, by
 * identifier and way and by account, never fall but by a success, or by age (ADVISORIES row 1); and what somebody said is in
 * wrong hands gets no code and opens nothing.
 *
 * A failure names its seed and path; `fc.assert(..., { seed, path })` plays it again.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { completeHeldPasswords } from '../../src/actions/complete-held-passwords.ts';
import { digestToken } from '../../src/actions/tokens.ts';
import { guessLaneOf } from '../../src/rules/lanes.ts';
import { ADDRESS_CHANGED_LATELY_MS, GUESS_WINDOW_MS, UNTOLD_CODE, WAITED_MS } from '../../src/rules/limits.ts';
import { codeOf } from '../carriers.ts';
import type { InProcess } from '../in-process.ts';
import { addPerson, codeIn, linkIn, OLD_PASSWORD } from '../people.ts';
import {
  type Claimed,
  COOL_OFF_MS,
  type Counted,
  type Holder,
  type KnownFlow,
  RecoveryOracle,
  type Verdict,
} from '../recovery-oracle.ts';
import type { SinkMessage } from '../smtp-sink.ts';
import { startTextingShop, type TextingShop } from '../texting-shop.ts';
import { type ApiAnswer, Visitor } from '../visitor.ts';
import { withoutSpendLimits } from '../without-limits.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
/** The same play every time; `SEED=7 npm test -- interleavings` plays another. */
const DEFAULT_SEED = 20_260_314;
const DAY = 24 * HOUR;

/** Over these, codes are repeated, renewed while they live, and die. */
const SHORT = [SECOND, 30 * SECOND, 2 * MINUTE, 4 * MINUTE, 6 * MINUTE + SECOND];

/** What may be typed (see `prepare`), often the number that is shared. */
const who = fc.oneof({ weight: 1, arbitrary: fc.constant(1) }, { weight: 3, arbitrary: fc.nat(8) });
/** Of a browser that has signed in with what is typed, or with something else. */
const device = fc.constantFrom(undefined, undefined, undefined, 'own' as const, 'own' as const, 'of another' as const);
const way = fc.constantFrom(undefined, undefined, 'email' as const, 'sms' as const);
/** One of the recoveries that were begun, mostly of those that the event can do something to; the latest are met more often. */
const flow = fc.record({
  back: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 2, arbitrary: fc.nat(6) }),
  aimed: fc.nat(3).map((n) => n > 0),
});
// biome-ignore format: a table is read in rows and columns
const event = fc.oneof(
  { weight: 7, arbitrary: fc.record({ do: fc.constant('ask' as const), who, way, device, register: fc.nat(7).map((n) => n === 0) }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('hurry' as const), who, way, device, steps: fc.integer({ min: 1, max: 3 }), byLink: fc.boolean(), at: fc.nat(1) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('guess' as const), flow, times: fc.integer({ min: 1, max: 6 }), older: fc.boolean() }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('type' as const), flow, codeOf: flow, older: fc.boolean() }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('type own' as const), flow }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('send again' as const), flow }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('try another way' as const), flow }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('renew' as const), flow }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('confirm' as const), flow, older: fc.boolean() }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('choose' as const), flow, at: fc.nat(1), forged: fc.nat(4).map((n) => n === 0) }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('set' as const), flow }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('cancel' as const), flow, at: fc.nat(1) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('not me' as const), flow }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('sign in' as const), who, right: fc.boolean() }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(
      ...SHORT, ...SHORT, ...SHORT, 10 * MINUTE - 1, 10 * MINUTE, HOUR, DAY, DAY, 30 * DAY, 31 * DAY, -SECOND, -2 * MINUTE) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('redeem at once' as const), flow }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('choose at once' as const), flow }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('guess at once' as const), flow }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('set at once' as const), flow }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('guess at every door' as const), flow }) },
);
type Event = typeof event extends fc.Arbitrary<infer E> ? E : never;

for (const [engine, env, numRuns] of [
  ['sqlite', { REGAIN_DATABASE_URL: 'sqlite::memory:' }, 36],
  ['postgres', {}, 12],
] as const)
  describe(`any order of events on ${engine}`, () => {
    let shop: TextingShop;
    let round = 0;
    const seen = new Map<string, number>();
    before(async () => {
      shop = await startTextingShop(engine, { ...env, REGAIN_COOL_OFF_HOURS: String(COOL_OFF_MS / HOUR) });
      // What texts may cost has tests of its own (spend, pumping).
      withoutSpendLimits(shop.program.regain);
    });
    after(() => shop.close());

    test('only a proven recovery sets a password, its own; one redemption wins, and counters never fall', async (t) => {
      const seed = Number(process.env.SEED ?? DEFAULT_SEED);
      t.diagnostic(`seed ${seed}`);
      await fc.assert(
        fc.asyncProperty(fc.array(event, { minLength: 30, maxLength: 70, size: 'max' }), async (events) => {
          round += 1;
          // What earlier rounds took from the breakers of the whole service comes back.
          await shop.program.advance(2 * DAY);
          const play = new Play(shop, round, seen);
          await play.prepare();
          for (const move of events) {
            await play.make(move);
            await shop.program.settled();
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

/** What left since a moment: codes and links, and links that stop something. */
interface Arrivals {
  carried: { to: string; text: string | undefined; link: string | undefined }[];
  mails: SinkMessage[];
}

class Play {
  readonly #shop: TextingShop;
  readonly #program: InProcess;
  readonly #round: number;
  readonly #seen: Map<string, number>;
  readonly #oracle = new RecoveryOracle();
  readonly #holders: Holder[] = [];
  readonly #claimed: Claimed[] = [];
  #passwords = 0;

  constructor(shop: TextingShop, round: number, seen: Map<string, number>) {
    this.#shop = shop;
    this.#program = shop.program;
    this.#round = round;
    this.#seen = seen;
  }

  #saw(what: string): void {
    this.#seen.set(what, (this.#seen.get(what) ?? 0) + 1);
  }

  /** Ann and Bob share a number, Bob has many mailboxes, one since lately, Cat has a number of her own; and two that nobody has. */
  async prepare(): Promise<void> {
    const mailbox = (name: string): string => `${name}${this.#round}@example.com`;
    const number = (area: string): string => `+1${area}555${String(1000 + this.#round)}`;
    const [shared, own] = [number('212'), number('646')];
    const ann = await this.#add('Ann', [mailbox('ann')], shared, OLD_PASSWORD);
    const bob = await this.#add(
      'Bob',
      [mailbox('bob'), mailbox('bob.home')],
      shared,
      `only Bob has this ${this.#round}`,
    );
    const cat = await this.#add('Cat', [mailbox('cat')], own, OLD_PASSWORD);
    await this.#program.advance(SECOND);
    await this.#addMailbox(bob, mailbox('bob.newer'));
    // Clocks that go back don't lead past this.
    await this.#program.advance(DAY);
    for (const [typed, kind, holders] of [
      [mailbox('ann'), 'email', [ann]],
      [shared, 'phone', [ann, bob]],
      [mailbox('bob'), 'email', [bob]],
      [mailbox('cat'), 'email', [cat]],
      [own, 'phone', [cat]],
      [mailbox('bob.newer'), 'email', [bob]],
      [mailbox('bob.home'), 'email', [bob]],
      [mailbox('nobody'), 'email', []],
      [number('917'), 'phone', []],
    ] as const) {
      const mac = this.#program.regain.context.keys.identifierMac({ kind, canonical: typed });
      this.#claimed.push({ typed, kind, holders: [...holders], device: '', mac });
    }
    for (const claimed of this.#claimed.slice(0, 3))
      claimed.device = (await this.#signIn(claimed, (claimed.holders[0] as Holder).password)).json.device;
  }

  async #add(name: string, mailboxes: string[], number: string, password: string): Promise<Holder> {
    const more = password === OLD_PASSWORD ? {} : { password };
    const id = await addPerson(this.#program, { name: `${name} Doe`, emails: mailboxes, phones: [number], ...more });
    const trust = { frozen: new Set<string>(), thawedAt: new Map<string, number>(), riskyUntil: 0 };
    const holder = { id, name, mailboxes, number, password, blocked: false, ...trust };
    this.#holders.push(holder);
    return holder;
  }

  async #addMailbox(holder: Holder, value: string): Promise<void> {
    const { store, accounts } = this.#program.regain.context;
    const now = this.#program.now();
    await store.transaction(async (tx) => {
      const account = await accounts.get(tx, holder.id);
      assert.ok(account);
      const address = { kind: 'email', value, canonical: value, confirmedAt: now } as const;
      assert.equal(await accounts.addAddress(tx, account, address, now), 'added');
    });
    holder.mailboxes.push(value);
    holder.riskyUntil = now + ADDRESS_CHANGED_LATELY_MS;
  }

  async make(move: Event): Promise<void> {
    if (move.do === 'wait') return this.#advance(move.ms);
    if (move.do === 'ask') return this.#ask(move);
    if (move.do === 'hurry') return this.#hurry(move);
    if (move.do === 'sign in') return this.#trySignIn(this.#claimed[move.who] as Claimed, move.right);
    const { flows } = this.#oracle;
    const chosen = this.#aim(move);
    if (!chosen) return;
    switch (move.do) {
      case 'guess':
        for (let times = 0; times < move.times; times += 1) await this.#type(chosen, wrongFor(chosen, move.older));
        return;
      case 'type': {
        const source = flows.at(-1 - (move.codeOf.back % flows.length)) as KnownFlow;
        return this.#type(chosen, codeTold(source.told.at(move.older ? 0 : -1)) ?? wrongFor(source, move.older));
      }
      case 'type own':
        return this.#type(chosen, codeTold(chosen.living.at(-1)) ?? wrongFor(chosen, false));
      case 'send again':
        return this.#sendAgain(chosen, chosen.channel);
      case 'try another way':
        if (chosen.purpose === 'recovery') await this.#sendAgain(chosen, chosen.channel === 'email' ? 'sms' : 'email');
        return;
      case 'renew':
        // Less than four minutes are left: the next code comes beside the living one.
        await this.#advance(6 * MINUTE + SECOND);
        return this.#sendAgain(chosen, chosen.channel);
      case 'confirm':
        return this.#confirm(
          chosen,
          chosen.told.findLast(({ link }) => link !== undefined && !move.older)?.link ?? chosen.told[0]?.link,
        );
      case 'choose':
        return this.#choose(chosen, move);
      case 'set':
        return this.#set(chosen);
      case 'cancel':
        return this.#cancel(chosen, move.at);
      case 'not me':
        return this.#reportNotMe(chosen);
      case 'redeem at once':
        return this.#redeemAtOnce(chosen);
      case 'choose at once':
        return this.#chooseAtOnce(chosen);
      case 'guess at once':
        return this.#guessAtOnce(chosen);
      case 'set at once':
        return this.#setAtOnce(chosen.account ?? (chosen.claimed.holders[0] as Holder | undefined));
      case 'guess at every door':
        return this.#guessAtEveryDoor(chosen);
    }
  }

  #aim({ do: what, flow: { back, aimed } }: Extract<Event, { flow: unknown }>): KnownFlow | undefined {
    const { flows } = this.#oracle;
    const fitting = aimed ? flows.filter((one) => canBe(what, one)) : flows;
    return fitting.at(-1 - (back % Math.max(1, fitting.length)));
  }

  /** Counted are exactly the guesses that were made since the last success in that lane, while they are young enough. */
  async checkCounters(): Promise<void> {
    const now = this.#program.now();
    const counted = this.#claimed.flatMap((claimed) =>
      (['email', 'sms'] as const).flatMap((channel) =>
        (['known-device', 'stranger'] as const).map((lane) => ({ claimed, channel, lane })),
      ),
    );
    const counts = await this.#counts(counted);
    for (const [at, of] of counted.entries())
      assert.equal(
        counts[at],
        this.#oracle.wrongGuesses(of, now),
        `guesses of ${of.lane} at ${of.claimed.typed} by ${of.channel}`,
      );
    for (const [key, fullAt] of await this.#accountCounts())
      assert.equal(Math.max(fullAt, now), Math.max(this.#oracle.fullAt(key), now), `guesses at account ${key}`);
  }

  async checkPasswords(): Promise<void> {
    // A budget that is used up says nothing of the password.
    await this.#advance(DAY);
    for (const holder of this.#holders) {
      const claimed = this.#claimed.find(({ typed }) => typed === holder.mailboxes[0]) as Claimed;
      const { status } = await this.#signIn(claimed, holder.password);
      assert.equal(status, holder.blocked ? 401 : 201, `the password of ${holder.name}`);
      if (status === 201) this.#oracle.voidOthers(holder);
    }
  }

  /** The clock moves on, and what has waited for long enough happens: once, however many workers look. */
  async #advance(ms: number): Promise<void> {
    await this.#program.advance(ms);
    const due = this.#oracle.matured(this.#program.now());
    if (due.length === 0) return;
    const mails = this.#mark();
    await Promise.all([1, 2].map(() => completeHeldPasswords(this.#program.regain.context)));
    for (const account of new Set(due.map((one) => one.account as Holder))) {
      const own = due.filter((one) => one.account === account);
      const done: KnownFlow[] = [];
      for (const one of own) if ((await this.#stateOf(one)) === 'completed') done.push(one);
      this.#saw(`matured ${done.length} of ${own.length}`);
      assert.equal(done.length, 1, `${done.length} of ${own.length} passwords that waited were set`);
      await this.#finished(done[0] as KnownFlow, done[0]?.held?.password ?? '', mails);
    }
  }

  async #ask({ who: at, way, device: of, register }: Extract<Event, { do: 'ask' }>): Promise<void> {
    const claimed = this.#claimed[at] as Claimed;
    const purpose = register && claimed.kind === 'email' ? 'registration' : 'recovery';
    const another = this.#claimed.find((other) => other !== claimed && other.device !== '');
    const device = of === undefined ? '' : ((of === 'own' ? claimed : another)?.device ?? '');
    const channel = purpose === 'registration' ? undefined : way;
    const body = { identifier: claimed.typed, ...(device === '' ? {} : { device }), ...(channel ? { channel } : {}) };
    const mark = this.#mark();
    const askedAt = this.#program.now();
    const { status, json } = await this.#post(`/${purpose}`, body);
    if (status === 429) return;
    assert.equal(status, 202);
    await this.#begun(claimed, purpose, json, device, mark, askedAt);
  }

  /** A claimant who goes through the first steps without a pause. */
  async #hurry({ steps, byLink, at, ...asking }: Extract<Event, { do: 'hurry' }>): Promise<void> {
    const { length } = this.#oracle.flows;
    await this.#ask({ ...asking, do: 'ask', register: false });
    const asked = this.#oracle.flows[length];
    if (!asked) return;
    const { link } = asked.living.at(-1) ?? {};
    if (byLink && link !== undefined) await this.#confirm(asked, link);
    else await this.#type(asked, codeTold(asked.living.at(-1)) ?? wrongFor(asked, false));
    if (steps > 1 && asked.state === 'choosing') await this.#choose(asked, { at, forged: false });
    if (steps > 2) await this.#set(asked);
  }

  /** @param answer of the API, or what it tells of a recovery that the pages began */
  async #begun(
    claimed: Claimed,
    purpose: KnownFlow['purpose'],
    answer: ApiAnswer['json'],
    device: string,
    mark: Mark,
    askedAt: number,
  ): Promise<void> {
    const { token, channel, codeLength, carries = 'code' } = answer;
    await this.#program.settled();
    const lane = await this.#laneOf(purpose, token);
    if (lane === 'known-device') assert.equal(device, claimed.device, 'only a device of this identifier has its lane');
    const asked = this.#oracle.asked({ token, purpose, claimed, channel, lane: guessLaneOf(lane), carries }, askedAt);
    if (lane === 'waited') await this.#program.advance(WAITED_MS);
    assert.ok(codeLength >= this.#oracle.shortestCode(asked, askedAt), `${codeLength} is too short`);
    this.#oracle.newCode(asked, codeLength, false, askedAt);
    await this.#learn(asked, mark);
  }

  async #sendAgain(chosen: KnownFlow, channel: KnownFlow['channel']): Promise<void> {
    const { purpose, token } = chosen;
    const mark = this.#mark();
    const askedAt = this.#program.now();
    const body = { token, ...(channel === chosen.channel ? {} : { channel }) };
    const { status, json } = await this.#post(`/${purpose}/resend`, body);
    if (!this.#oracle.maySendAgain(chosen, askedAt)) return assert.equal(status, 404);
    if (status === 429) return;
    assert.equal(status, 202);
    // A mail that carries a link has no code that a text could repeat.
    const leavesLink = chosen.carries === 'link' && chosen.channel === 'email' && channel === 'sms';
    const isNew = leavesLink || this.#oracle.needsNewCode(chosen, askedAt);
    this.#saw(`sent again by ${channel}${isNew ? ', anew' : ''}`);
    assert.equal(json.channel, channel);
    chosen.channel = channel;
    if (isNew) {
      chosen.carries = json.carries ?? 'code';
      assert.ok(json.codeLength >= this.#oracle.shortestCode(chosen, askedAt), `${json.codeLength} is too short`);
      this.#oracle.newCode(chosen, json.codeLength, !leavesLink, askedAt);
    }
    await this.#learn(chosen, mark);
  }

  /** Reads what a message brought, where there is one to be had; nothing of it came anywhere else. */
  async #learn(chosen: KnownFlow, mark: Mark): Promise<void> {
    await this.#program.settled();
    let { carried, mails } = this.#since(mark);
    const expected = this.#oracle.arrives(chosen);
    // The budget for asking at once is spent: the message leaves a little later.
    if (expected && carried.length === 0) {
      await this.#program.advance(WAITED_MS);
      ({ carried, mails } = this.#since(mark));
    }
    assert.equal(
      carried.length,
      expected ? 1 : 0,
      `messages with a ${chosen.carries} for ${chosen.claimed.typed} by ${chosen.channel}, ${chosen.lane}`,
    );
    const tried = chosen.living.at(-1)?.tried;
    tried?.add(chosen.channel);
    for (const { to, text, link } of carried) {
      this.#told(chosen, to, text, link);
      tried?.add(to.includes('@') ? 'email' : 'sms');
    }
    this.#adoptCancelLinks(chosen, mails);
  }

  #told(chosen: KnownFlow, to: string, text: string | undefined, link: string | undefined): void {
    const { length } = chosen.living.at(-1) ?? { length: 0 };
    const reachable = this.#oracle.mayReach(chosen);
    assert.ok(reachable.includes(to), `a code for ${chosen.claimed.typed} came to ${to}`);
    this.#saw(
      `a ${chosen.purpose === 'recovery' ? chosen.carries : 'registration'} to a ${to.includes('@') ? 'mailbox' : 'number'}`,
    );
    if (text !== undefined) {
      const isSpent = this.#oracle.isSpent(chosen, length, this.#program.now());
      if (isSpent) this.#saw('longer than the page says');
      assert.equal(text.length, isSpent ? UNTOLD_CODE.length : length, 'as long as guesses at the account ask for');
    }
    const isUntold = text?.length === UNTOLD_CODE.length;
    const told = { text: isUntold ? undefined : text, untold: isUntold ? text : undefined, link };
    const living = chosen.living.at(-1);
    for (const part of ['text', 'untold', 'link'] as const)
      if (living?.[part] !== undefined && told[part] !== undefined)
        assert.equal(told[part], living[part], 'the living code is repeated');
    this.#oracle.told(chosen, told, to);
  }

  #adoptCancelLinks(chosen: KnownFlow, mails: SinkMessage[]): void {
    for (const mail of mails) {
      if (!mail.text.includes('/recover/cancel/')) continue;
      const holder = chosen.claimed.holders.find(({ mailboxes }) => mailboxes.includes(mail.to));
      if (holder) chosen.cancelPaths.set(holder, linkIn(mail, '/recover/cancel/'));
    }
  }

  async #type(chosen: KnownFlow, code: string): Promise<void> {
    const now = this.#program.now();
    const verdict = this.#oracle.verdictOn(chosen, code, now);
    const { status, json } = await this.#post(`/${chosen.purpose}/verify`, { token: chosen.token, code });
    assert.equal(status, verdict.status, `typing a code in state ${chosen.state}: ${JSON.stringify(json)}`);
    if (chosen.isDecoy) this.#saw(`a decoy since it was stopped: ${status}`);
    this.#saw(`verify ${status}${'weight' in verdict && verdict.weight > 1 ? ' with two living codes' : ''}`);
    if (verdict.status === 422) assert.equal(json.triesLeft, verdict.triesLeft);
    if (status === 422 && chosen.living.at(-1)?.text === code) this.#saw('a right code that opens nothing');
    this.#oracle.compared(chosen, verdict, now);
    if (status === 200) await this.#adoptProven(chosen, json);
  }

  /** After the right code of a shared number: who may be chosen, and nobody else. */
  async #adoptProven(chosen: KnownFlow, json: ApiAnswer['json']): Promise<void> {
    if (chosen.purpose === 'registration') return assert.equal(json.state, 'verified');
    this.#saw(`proven: ${json.state}${chosen.isShared ? ' of a shared number' : ''}`);
    assert.equal(json.state, chosen.state === 'choosing' ? 'choosing' : 'verified');
    const accounts = (json.accounts ?? []) as { id: string; name: string }[];
    const names = chosen.state === 'choosing' ? chosen.candidates.map(({ name }) => name).sort() : [];
    assert.deepEqual(accounts.map(({ name }) => name.split(',')[0]).sort(), names);
    for (const holder of chosen.candidates)
      chosen.choices.set(holder, accounts.find(({ name }) => name.startsWith(holder.name))?.id ?? '');
  }

  async #confirm(chosen: KnownFlow, link: string | undefined): Promise<void> {
    if (link === undefined) return;
    const may = this.#oracle.mayConfirm(chosen, link, this.#program.now());
    const { token, status } = await this.#openLink(link);
    this.#saw(`confirm ${may}`);
    assert.equal(token !== undefined, may, `confirming in state ${chosen.state}: ${status}`);
    if (token === undefined) return;
    const asker = chosen.token;
    this.#confirmed(chosen, token);
    const { status: setByAsker } = await this.#post('/recovery/password', {
      token: asker,
      password: this.#newPassword(),
    });
    assert.equal(setByAsker, 404, 'the browser that asked has no part in it any more');
  }

  /** The browser that said yes has never signed in. Returns what a stranger who asked is left with. */
  #confirmed(chosen: KnownFlow, token: string): KnownFlow | undefined {
    const decoy = chosen.lane === 'stranger' ? this.#oracle.decoyOf(chosen, chosen.token) : undefined;
    this.#oracle.proven(chosen, token, this.#program.now());
    chosen.lane = 'stranger';
    return decoy;
  }

  async #choose(
    chosen: KnownFlow,
    { at, forged }: Pick<Extract<Event, { do: 'choose' }>, 'at' | 'forged'>,
  ): Promise<void> {
    const [holder, id] = [...chosen.choices][at] ?? [];
    // Ids of another recovery, and of accounts, are no choices of this one.
    const others = this.#oracle.flows.flatMap((other) => (other === chosen ? [] : [...other.choices.values()]));
    const account = forged ? (others.at(-1) ?? this.#holders[at]?.id) : id;
    if (!account) return;
    const may = this.#oracle.mayChoose(chosen, this.#program.now());
    const isChoice = !forged && holder !== undefined && chosen.candidates.includes(holder);
    const { status } = await this.#post('/recovery/account', { token: chosen.token, account });
    this.#saw(`choose ${status}`);
    assert.equal(status, !may ? 404 : isChoice ? 200 : 400, `choosing in state ${chosen.state}`);
    if (status === 200) this.#oracle.chosen(chosen, holder);
  }

  async #set(chosen: KnownFlow): Promise<void> {
    const password = this.#newPassword();
    const now = this.#program.now();
    const may = this.#oracle.mayFinish(chosen, now);
    const mark = this.#mark();
    const { status, json } = await this.#post('/recovery/password', { token: chosen.token, password });
    this.#saw(`set ${status} ${json.state ?? ''}`);
    assert.equal(status, may ? 200 : 404, `setting a password in state ${chosen.state}`);
    if (!may) return;
    const waits = this.#oracle.mustWait(chosen, now);
    assert.equal(json.state, waits ? 'held' : 'completed');
    if (waits) this.#oracle.heldBack(chosen, password, now);
    else await this.#finished(chosen, password, mark);
  }

  /** By the link in the mailbox of one of the accounts. Of a shared number it stops what concerns that account alone. */
  async #cancel(chosen: KnownFlow, at: number): Promise<void> {
    const [holder, path] = [...chosen.cancelPaths][at % Math.max(1, chosen.cancelPaths.size)] ?? [];
    if (!holder || !path) return;
    const isOfAnother = chosen.isShared && chosen.account !== holder;
    const { status } = await this.#visitor().post(path);
    this.#saw(`cancel ${isOfAnother ? 'one of several' : 'all'} ${status}`);
    assert.equal(status, chosen.state === 'done' && !isOfAnother ? 404 : 200);
    if (isOfAnother && !chosen.candidates.includes(holder)) return;
    if (isOfAnother) this.#oracle.leaves(chosen, holder);
    const isOver = !isOfAnother || (chosen.account === undefined && chosen.candidates.length === 0);
    if (isOver) this.#oracle.stopped(chosen);
  }

  /** What was used is stopped, and a recovery by another mailbox begins, where there is one. */
  async #reportNotMe(chosen: KnownFlow): Promise<void> {
    const { notMePath, account } = chosen;
    if (!notMePath || !account) return;
    const now = this.#program.now();
    const may = this.#oracle.mayReport(chosen, now);
    const mark = this.#mark();
    const visitor = this.#visitor();
    const { status } = await visitor.post(notMePath);
    assert.equal(status, may ? 200 : 404);
    chosen.notMePath = undefined;
    if (!may) return;
    this.#oracle.reported(chosen);
    const token = visitor.cookies.get('__Host-regain-recovery');
    const other = account.mailboxes.find((mailbox) => !account.frozen.has(mailbox));
    this.#saw(
      `not me, ${token ? 'and a recovery by another mailbox' : other ? 'its mailbox has had its share' : 'none left'}`,
    );
    if (token === undefined) return;
    const claimed = this.#claimed.find(({ typed }) => typed === other);
    assert.ok(claimed, 'a recovery began by a mailbox in good hands');
    const { json } = await this.#program.api('GET', '/recovery', { token });
    await this.#begun(claimed, 'recovery', json, '', mark, now);
  }

  async #trySignIn(claimed: Claimed, right: boolean): Promise<void> {
    const holder = claimed.holders.at(-1);
    const { status } = await this.#signIn(claimed, right && holder ? holder.password : 'not this one, surely');
    if (status === 429) return;
    assert.equal(status, right && holder && !holder.blocked ? 201 : 401);
    if (status === 201 && holder) this.#oracle.voidOthers(holder);
  }

  /** The right code three times, the link of the mail twice and a wrong code, all at one moment. */
  async #redeemAtOnce(chosen: KnownFlow): Promise<void> {
    const now = this.#program.now();
    const living = chosen.living.at(-1);
    const { link } = living ?? {};
    const text = codeTold(living);
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
    const entered = codes.filter(({ status }) => status === 200);
    const confirmed = links.flatMap(({ token }) => token ?? []);
    const wins = entered.length + confirmed.length;
    this.#saw(`redeem at once ${wins}`);
    assert.ok(wins <= 1, `${wins} redemptions of one recovery`);
    if (!byLink && !byCode) assert.equal(wins, 0);
    // Where the wrong code comes first, it may be the last that this code bears.
    if (byLink || (byCode && missed.status === 422 && missed.triesLeft > 0)) assert.equal(wins, 1);
    await this.#adoptAccountCounts();
    if (wins === 0) return this.#adoptGuesses(chosen, before, [chosen]);
    if (confirmed[0] !== undefined) {
      const decoy = this.#confirmed(chosen, confirmed[0]);
      // Codes that came after the link were guesses at what it left behind.
      return decoy && this.#adoptGuesses(decoy, 0, [decoy]);
    }
    this.#oracle.proven(chosen, chosen.token, now);
    await this.#adoptProven(chosen, entered[0]?.json);
  }

  /** Each choice twice: one of the accounts is chosen, once. */
  async #chooseAtOnce(chosen: KnownFlow): Promise<void> {
    if (chosen.choices.size === 0) return;
    const may = this.#oracle.mayChoose(chosen, this.#program.now());
    const tries = [...chosen.choices, ...chosen.choices];
    const answers = await Promise.all(
      tries.map(([, account]) => this.#post('/recovery/account', { token: chosen.token, account })),
    );
    const won = tries.filter((_, at) => answers[at]?.status === 200);
    this.#saw(`choose at once ${won.length}`);
    assert.equal(won.length, may ? 1 : 0, `${won.length} choices of one recovery`);
    const [holder] = won[0] ?? [];
    if (!holder) return;
    assert.ok(chosen.candidates.includes(holder));
    this.#oracle.chosen(chosen, holder);
  }

  /** Two wrong codes for every recovery of this identifier, way and lane at one moment: no more are compared than are left. */
  async #guessAtOnce(chosen: KnownFlow): Promise<void> {
    const { claimed, channel, lane } = chosen;
    const now = this.#program.now();
    const flows = this.#oracle.flows
      .filter((other) => other.claimed === claimed && other.channel === channel && other.lane === lane)
      .slice(-5);
    const guesses = flows.flatMap((guessed) => [guessed, guessed].map((of) => ({ of, code: wrongFor(of, false) })));
    const verdicts = guesses.map(({ of, code }) => this.#oracle.verdictOn(of, code, now));
    const before = await this.#counted(chosen);
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
    await this.#adoptAccountCounts();
    await this.#adoptGuesses(chosen, before, flows);
  }

  /** All proven recoveries of an account finish at the moment at which somebody signs in with the old password. */
  async #setAtOnce(account: Holder | undefined): Promise<void> {
    if (!account) return;
    const now = this.#program.now();
    const flows = this.#oracle.flows.filter((other) => other.account === account);
    const proven = flows.filter((other) => this.#oracle.mayFinish(other, now));
    const atOnce = proven.filter((other) => !this.#oracle.mustWait(other, now));
    const tries = [...proven, ...proven, ...flows.slice(-2)].map((of) => ({ of, password: this.#newPassword() }));
    const claimed = this.#claimed.find(({ typed }) => typed === account.mailboxes[0]) as Claimed;
    const mark = this.#mark();
    const [sets, signedIn] = await Promise.all([
      Promise.all(tries.map(({ of, password }) => this.#post('/recovery/password', { token: of.token, password }))),
      this.#signIn(claimed, account.password),
    ]);
    const taken = tries.filter((_, at) => sets[at]?.status === 200);
    const wins = tries.filter((_, at) => sets[at]?.json.state === 'completed');
    const entered = signedIn.status === 201;
    this.#saw(`set at once: ${wins.length} set, ${taken.length - wins.length} wait, sign-in ${signedIn.status}`);
    assert.ok(
      taken.every(({ of }) => proven.includes(of)),
      'only proven recoveries set passwords',
    );
    assert.equal(new Set(taken.map(({ of }) => of)).size, taken.length, 'each of them once');
    assert.ok(
      wins.every(({ of }) => atOnce.includes(of)),
      'what has to wait waits',
    );
    if (atOnce.length > 0)
      assert.equal(wins.length + Number(entered), 1, `${wins.length} new passwords, and ${signedIn.status}`);
    else if (signedIn.status !== 429) assert.equal(entered, !account.blocked);
    for (const { of, password } of taken) if (!atOnce.includes(of)) this.#oracle.heldBack(of, password, now);
    if (entered || wins.length > 0) await this.#adoptWaiting(account);
    for (const { of, password } of wins) await this.#finished(of, password, mark);
  }

  /** Whether what waits came before the change that voids it, or after it, nobody knows. It must not outlive a new password. */
  async #adoptWaiting(account: Holder): Promise<void> {
    const held = this.#oracle.flows.filter(({ state, account: of }) => state === 'held' && of === account);
    const still: KnownFlow[] = [];
    for (const one of held) if ((await this.#stateOf(one)) === 'held') still.push(one);
    assert.equal(still.length, 0, 'a change of the account voids what waits');
    this.#oracle.voidOthers(account);
  }

  /** While a code waits for its owner, somebody guesses at his account by every other address and way that it has. */
  async #guessAtEveryDoor(chosen: KnownFlow): Promise<void> {
    const account = chosen.account ?? chosen.candidates.at(-1);
    if (!account) return;
    for (const claimed of this.#claimed.filter(({ holders }) => holders.includes(account)))
      for (const way of ['email', 'sms'] as const) {
        if (claimed === chosen.claimed && way === chosen.channel) continue;
        const { length } = this.#oracle.flows;
        await this.#ask({ do: 'ask', who: this.#claimed.indexOf(claimed), way, device: undefined, register: false });
        const asked = this.#oracle.flows[length];
        for (let guess = 0; asked && guess < 5; guess += 1) await this.#type(asked, wrongFor(asked, false));
      }
    const { text } = chosen.living.at(-1) ?? {};
    if (text !== undefined) await this.#type(chosen, text);
  }

  /** Every mailbox is told, with a link that stops it where it is in good hands. */
  async #finished(chosen: KnownFlow, password: string, mark: Mark): Promise<void> {
    const account = chosen.account as Holder;
    const now = this.#program.now();
    this.#oracle.finished(chosen, password, now);
    await this.#program.settled();
    for (const to of account.mailboxes) {
      const notice = this.#since(mark).mails.find((mail) => mail.to === to && /changed/.test(mail.subject));
      assert.ok(notice, `a notice to ${to}`);
      const acts = this.#oracle.mayAct(account, to, now);
      assert.equal(notice.text.includes('/recover/not-me/'), acts, `a link in the notice to ${to}`);
      if (acts) chosen.notMePath = linkIn(notice, '/recover/not-me/');
    }
  }

  /** After guesses at one moment, whose order nobody knows: what was counted and what is left, read from the program. */
  async #adoptGuesses(of: Counted, before: number, flows: readonly KnownFlow[]): Promise<void> {
    const counted = await this.#counted(of);
    assert.ok(counted >= before, 'a counter fell');
    const [first] = flows;
    if (first) this.#oracle.guessed(first, counted - before, this.#program.now());
    for (const guessed of flows) {
      const { status, json } = await this.#program.api('GET', `/${guessed.purpose}`, { token: guessed.token });
      if (status === 200 && guessed.state === 'asked') guessed.tries = json.triesLeft;
    }
  }

  async #adoptAccountCounts(): Promise<void> {
    const now = this.#program.now();
    for (const [key, fullAt] of await this.#accountCounts()) {
      assert.ok(Math.max(fullAt, now) >= Math.max(this.#oracle.fullAt(key), now), `the counter of account ${key} fell`);
      this.#oracle.adopt(key, fullAt);
    }
  }

  /** When the budget of guesses at each account is full again, and at each identifier without one. */
  async #accountCounts(): Promise<[key: string, fullAt: number][]> {
    const keys = [...this.#holders.map(({ id }) => id), ...this.#claimed.map(({ mac }) => mac)];
    const { store } = this.#program.regain.context;
    const found = await store.transaction((tx) => tx.limits.fullAt(keys.map((key) => `account:${key}`)));
    return keys.map((key) => [key, found.get(`account:${key}`) ?? 0]);
  }

  async #counted(of: Counted): Promise<number> {
    return (await this.#counts([of]))[0] as number;
  }

  #counts(of: readonly Counted[]): Promise<number[]> {
    const { store } = this.#program.regain.context;
    const since = this.#program.now() - GUESS_WINDOW_MS;
    return store.transaction(async (tx) => {
      const counts: number[] = [];
      for (const { claimed, channel, lane } of of)
        counts.push(await tx.guesses.wrongSince({ identifierMac: claimed.mac, channel, lane }, since));
      return counts;
    });
  }

  async #laneOf(purpose: KnownFlow['purpose'], token: string) {
    const proof = await this.#program.regain.context.store.transaction((tx) =>
      tx.proofs.byToken(purpose, digestToken(token)),
    );
    assert.ok(proof);
    return proof.lane;
  }

  async #stateOf({ token }: KnownFlow): Promise<string | undefined> {
    const { json } = await this.#program.api('GET', '/recovery', { token });
    return json.state;
  }

  #mark(): Mark {
    return { mails: this.#program.sink.messages.length, texts: this.#shop.receiver.taken.length };
  }

  #since(mark: Mark): Arrivals {
    const mails = this.#program.sink.messages.slice(mark.mails);
    const texts = this.#shop.receiver.taken.slice(mark.texts).filter(({ kind }) => /-code$/.test(kind));
    const byMail = mails.flatMap((mail) => {
      const link = confirmationIn(mail);
      const text = /^\s*([0-9]{6,12}|[0-9A-HJKMNP-TV-Z]{10})\s*$/m.test(mail.text) ? codeIn(mail) : undefined;
      return link === undefined && text === undefined ? [] : [{ to: mail.to, text, link }];
    });
    return {
      mails,
      carried: [...byMail, ...texts.map(({ to, text }) => ({ to, text: codeOf(text), link: undefined }))],
    };
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

  #signIn({ typed }: Claimed, password: string): Promise<ApiAnswer> {
    return this.#post('/sessions', { identifier: typed, password });
  }

  #newPassword(): string {
    this.#passwords += 1;
    return `quiet meadow lantern ${this.#round} ${this.#passwords}`;
  }

  #post(path: string, body: unknown): Promise<ApiAnswer> {
    return this.#program.api('POST', path, { body });
  }
}

/** Whether the event may change something of it. */
function canBe(what: Event['do'], { state, living, choices, cancelPaths, notMePath }: KnownFlow): boolean {
  switch (what) {
    case 'choose':
    case 'choose at once':
      return state === 'choosing' && choices.size > 0;
    case 'set':
    case 'set at once':
      return state === 'proven';
    case 'not me':
      return notMePath !== undefined;
    case 'cancel':
      return cancelPaths.size > 0 && state !== 'done' && state !== 'void';
    case 'confirm':
      return state === 'asked' && living.some(({ link }) => link !== undefined);
    case 'type own':
    case 'guess at every door':
    case 'redeem at once':
      return state === 'asked' && codeTold(living.at(-1)) !== undefined;
    default:
      return state === 'asked';
  }
}

/** How many mails and texts there were. */
interface Mark {
  mails: number;
  texts: number;
}

function confirmationIn(mail: SinkMessage): string | undefined {
  return /\S+\/recover\/confirm#(\S+)/.exec(mail.text)?.[1];
}

/** As the newest message has it: longer than the page says, where guesses at the account ask for it. */
function codeTold(told: { text: string | undefined; untold: string | undefined } | undefined): string | undefined {
  return told?.untold ?? told?.text;
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
