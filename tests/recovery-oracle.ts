/**
 * What the rules of a recovery say in words, kept by hand beside the program: which code opens what and for how long, whose
 * password it changes, and how guesses are counted. It reads no table and calls no rule of the program; of limits.ts it takes
 * the numbers.
 */
import {
  ACCOUNT_GUESSES,
  ADDRESS_CHANGED_LATELY_MS,
  CODE_LADDER,
  CODE_LIFETIME_MS,
  CODE_RENEWED_BELOW_MS,
  NOT_ME_LIFETIME_MS,
  PROOF_LIFETIME_MS,
  TRIES_PER_CODE,
  UNTOLD_CODE,
  VERIFIED_LIFETIME_MS,
} from '../src/rules/limits.ts';

const DAY_MS = 86_400_000;
/** A guess counts on the day it was made and for the thirty days after it. */
const COUNTED_DAYS = 30;
/** How long a new password waits after a risky recovery, in the plays. */
export const COOL_OFF_MS = DAY_MS;

/** An account. */
export interface Holder {
  id: string;
  /** What a choice after the code calls it. */
  name: string;
  mailboxes: string[];
  number: string | undefined;
  password: string;
  blocked: boolean;
  /** Mailboxes and numbers that somebody said are in wrong hands. */
  frozen: Set<string>;
  /** When that ended. */
  thawedAt: Map<string, number>;
  /** Until then a stranger's recovery is risky: an address came lately. */
  riskyUntil: number;
}

/** What somebody types to say who he is. */
export interface Claimed {
  typed: string;
  kind: 'email' | 'phone';
  /** None, one, or all who share the number. */
  holders: Holder[];
  /** Of a browser that has signed in with it; '' where none has. */
  device: string;
  /** Under which guesses are counted where it has no account. */
  mac: string;
}

export interface KnownCode {
  /** Unknown to everybody but the program where no message told it. */
  text: string | undefined;
  /** The same, longer than the page says, where a message told it so. */
  untold: string | undefined;
  link: string | undefined;
  length: number;
  diesAt: number;
  /** By which ways it was tried. */
  tried: Set<Way>;
}
export type Way = 'email' | 'sms';
export type Told = Pick<KnownCode, 'text' | 'untold' | 'link'>;

/** One recovery or registration, as far as the outside can know it. */
export interface KnownFlow {
  token: string;
  purpose: 'recovery' | 'registration';
  claimed: Claimed;
  channel: Way;
  lane: 'known-device' | 'stranger';
  carries: 'code' | 'link';
  /** Whose password it may change; undefined for nobody, and while several share the number. */
  account: Holder | undefined;
  /** Of a shared number, those that may still be chosen. */
  candidates: Holder[];
  isShared: boolean;
  /** Stopped, or overtaken by its owner, before its stranger proved anything: he is told nothing, and nothing opens. */
  isDecoy: boolean;
  /** The newest last; before it the one that was still good when the newest was made. */
  living: KnownCode[];
  /** Every code and link that a message ever told, the oldest first: what somebody may try again later. */
  told: Told[];
  /** Where its codes went. */
  reached: Set<string>;
  tries: number;
  state: 'asked' | 'choosing' | 'proven' | 'held' | 'done' | 'void';
  endsAt: number;
  provenUntil: number;
  /** The ids by which the page lets choose. */
  choices: Map<Holder, string>;
  /** The password that waits, and until when. */
  held: { password: string; completesAt: number } | undefined;
  doneAt: number;
  /** From its messages; those of a shared number stop what concerns their own account. */
  cancelPaths: Map<Holder, string>;
  notMePath: string | undefined;
}
export type Begun = Pick<KnownFlow, 'token' | 'purpose' | 'claimed' | 'channel' | 'lane' | 'carries'>;
/** What a count of guesses is kept by. */
export type Counted = Pick<KnownFlow, 'claimed' | 'channel' | 'lane'>;

export type Verdict =
  | { status: 200; length: number; weight: number }
  | { status: 400 | 404 | 410 }
  | { status: 429; outgrown: boolean; weight: number }
  | { status: 422; triesLeft: number; length: number; weight: number };

export class RecoveryOracle {
  readonly flows: KnownFlow[] = [];
  readonly #guesses = new Map<string, { day: number; weight: number }[]>();
  /** By account, when its budget of strangers' guesses is full again. */
  readonly #fullAt = new Map<string, number>();

  /** Who is meant is found out once, when the first message is written: only by what nobody said is in wrong hands. */
  asked(begun: Begun, now: number): KnownFlow {
    const { claimed, purpose } = begun;
    const able = claimed.holders.filter(({ frozen }) => purpose === 'recovery' && !frozen.has(claimed.typed));
    const isShared = claimed.holders.length > 1 && able.length > 0;
    const known: KnownFlow = {
      ...begun,
      account: isShared ? undefined : able[0],
      candidates: isShared ? able : [],
      isShared,
      isDecoy: false,
      living: [],
      told: [],
      reached: new Set(),
      tries: TRIES_PER_CODE,
      state: 'asked',
      endsAt: now + PROOF_LIFETIME_MS,
      provenUntil: 0,
      choices: new Map(),
      held: undefined,
      doneAt: 0,
      cancelPaths: new Map(),
      notMePath: undefined,
    };
    this.flows.push(known);
    return known;
  }

  /** Only an account's own ways get codes that open it, and only a free address codes that register it. */
  opens({ purpose, claimed, account, candidates, isDecoy }: KnownFlow): boolean {
    if (isDecoy) return false;
    return purpose === 'recovery' ? account !== undefined || candidates.length > 0 : claimed.holders.length === 0;
  }

  /** Where a code may go: to what was typed, or from there to the same account's other kind of address, if it is in good hands. */
  mayReach({ purpose, claimed, account, isShared }: KnownFlow): string[] {
    if (purpose === 'registration' || (isShared && !account)) return [claimed.typed];
    if (!account) return [];
    const { mailboxes, number, frozen } = account;
    const others = claimed.kind === 'email' ? [number ?? ''] : mailboxes;
    return [claimed.typed, ...others].filter((address) => address !== '' && !frozen.has(address));
  }

  /**
   * Whether a message leaves when it is asked for by this way. One that leads nowhere is followed by the other, but not by one that
   * this code was tried by before: nobody asked for that again.
   */
  arrives(flow: KnownFlow): boolean {
    if (!this.opens(flow)) return false;
    const open = new Set(this.mayReach(flow).map((address): Way => (address.includes('@') ? 'email' : 'sms')));
    if (open.has(flow.channel)) return true;
    // What mails carry as a link stays with them.
    const other = flow.channel === 'email' ? 'sms' : 'email';
    if (flow.channel === 'email' && flow.carries === 'link') return false;
    return open.has(other) && !flow.living.at(-1)?.tried.has(other);
  }

  /** "Send again" repeats a code with four minutes or more to live, and follows any other by a new one. */
  needsNewCode(flow: KnownFlow, now: number): boolean {
    const newest = flow.living.at(-1);
    return !newest || flow.tries <= 0 || newest.diesAt - now < CODE_RENEWED_BELOW_MS;
  }

  /** @param keepsOld whether the code before lives out its time */
  newCode(flow: KnownFlow, length: number, keepsOld: boolean, askedAt: number): void {
    const newest = flow.living.at(-1);
    const stillGood = keepsOld && newest !== undefined && flow.tries > 0 && askedAt < newest.diesAt;
    const diesAt = askedAt + CODE_LIFETIME_MS;
    const code = { text: undefined, untold: undefined, link: undefined, length, diesAt, tried: new Set<Way>() };
    flow.living = stillGood ? [newest, code] : [code];
    flow.tries = TRIES_PER_CODE;
    flow.endsAt = Math.max(flow.endsAt, diesAt);
  }

  told(flow: KnownFlow, told: Told, to: string): void {
    const newest = flow.living.at(-1) as KnownCode;
    newest.text ??= told.text;
    newest.untold ??= told.untold;
    newest.link ??= told.link;
    flow.told.push(told);
    flow.reached.add(to);
  }

  /** The shortest code that may be sent after so many wrong guesses. */
  shortestCode(flow: Counted, now: number): number {
    const wrong = this.wrongGuesses(flow, now);
    return wrong >= 30 ? 10 : wrong >= 5 ? 8 : 6;
  }

  maySendAgain(flow: KnownFlow, now: number): boolean {
    return flow.state === 'asked' && now < flow.endsAt;
  }

  verdictOn(flow: KnownFlow, typed: string, now: number): Verdict {
    if (flow.state !== 'asked' || now >= flow.endsAt) return { status: 404 };
    const newest = flow.living.at(-1) as KnownCode;
    if (flow.tries <= 0) return { status: 429, outgrown: false, weight: 0 };
    if (now >= newest.diesAt) return { status: 410 };
    const { length } = typed;
    const isUntold = length === UNTOLD_CODE.length;
    const compared = flow.living.filter((code) => (isUntold || code.length === length) && now < code.diesAt);
    const weight = compared.length;
    if (weight === 0) return { status: 400 };
    const allowed = CODE_LADDER.find((rung) => rung.length === length)?.diesAfter ?? Number.POSITIVE_INFINITY;
    const left = allowed - this.wrongGuesses(flow, now) - weight;
    if (left < 0) return { status: 429, outgrown: true, weight };
    const right = compared.some(({ text, untold }) => (isUntold ? untold : text) === typed);
    const isCode = flow.carries === 'code' || flow.channel === 'sms';
    if (right && isCode && this.opens(flow) && this.#fits(flow, length, weight, now))
      return { status: 200, length, weight };
    return { status: 422, triesLeft: Math.min(flow.tries - 1, left), length, weight };
  }

  /** A link lives as long as the code of its mail, however often that code was guessed at. */
  mayConfirm(flow: KnownFlow, link: string, now: number): boolean {
    if (flow.purpose !== 'recovery' || flow.state !== 'asked' || flow.isDecoy || now >= flow.endsAt) return false;
    const newest = flow.living.at(-1) as KnownCode;
    if (flow.tries > 0 && now >= newest.diesAt) return false;
    return flow.living.some((code) => code.link === link && now < code.diesAt);
  }

  mayChoose(flow: KnownFlow, now: number): boolean {
    return flow.state === 'choosing' && now < flow.provenUntil && flow.candidates.length > 0;
  }

  mayFinish(flow: KnownFlow, now: number): boolean {
    return flow.purpose === 'recovery' && flow.state === 'proven' && now < flow.provenUntil;
  }

  /** A browser that is known for a shared number may be known to another account. */
  mustWait({ account, lane, isShared }: KnownFlow, now: number): boolean {
    return (lane === 'stranger' || isShared) && account !== undefined && now < account.riskyUntil;
  }

  mayReport(flow: KnownFlow, now: number): boolean {
    return flow.notMePath !== undefined && now < flow.doneAt + NOT_ME_LIFETIME_MS;
  }

  /** Whether a notice to this address of the account may carry a link that does something. */
  mayAct({ frozen, thawedAt }: Holder, address: string, now: number): boolean {
    const thawed = thawedAt.get(address);
    return !frozen.has(address) && (thawed === undefined || now >= thawed + ADDRESS_CHANGED_LATELY_MS);
  }

  compared(flow: KnownFlow, verdict: Verdict, now: number): void {
    if ('weight' in verdict) this.guessed(flow, verdict.weight, now);
    if (verdict.status === 422 || verdict.status === 200) {
      const charged = this.#charge(flow, verdict.length, verdict.weight, now);
      if (charged && verdict.status === 200) this.#refund(flow, verdict.length, verdict.weight);
    }
    if (verdict.status === 200) this.proven(flow, flow.token, now);
    else if (verdict.status === 422) flow.tries = verdict.triesLeft;
    else if (verdict.status === 429 && verdict.outgrown) flow.tries = 0;
  }

  proven(flow: KnownFlow, token: string, now: number): void {
    Object.assign(flow, { token, provenUntil: now + VERIFIED_LIFETIME_MS });
    this.#guesses.delete(keyOf(flow));
    if (flow.candidates.length > 1) flow.state = 'choosing';
    else this.chosen(flow, flow.account ?? flow.candidates[0]);
  }

  chosen(flow: KnownFlow, account: Holder | undefined): void {
    Object.assign(flow, { state: 'proven', account });
  }

  heldBack(flow: KnownFlow, password: string, now: number): void {
    Object.assign(flow, { state: 'held', held: { password, completesAt: now + COOL_OFF_MS } });
  }

  /** Passwords whose wait is over. */
  matured(now: number): KnownFlow[] {
    return this.flows.filter(({ state, held }) => state === 'held' && held !== undefined && held.completesAt <= now);
  }

  finished(flow: KnownFlow, password: string, now: number): void {
    const account = flow.account as Holder;
    Object.assign(flow, { state: 'done', doneAt: now });
    Object.assign(account, { password, blocked: false });
    for (const address of account.frozen) account.thawedAt.set(address, now);
    account.frozen.clear();
    this.voidOthers(account, flow);
  }

  /** "This wasn't me": the password is blocked, and what the codes went to recovers the account no more. */
  reported(flow: KnownFlow): void {
    const account = flow.account as Holder;
    account.blocked = true;
    for (const address of flow.reached) account.frozen.add(address);
    this.voidOthers(account);
  }

  /** What changes an account voids its recoveries, and makes it no choice any more; those of the others go on. */
  voidOthers(account: Holder, but?: KnownFlow): void {
    for (const flow of this.flows) {
      if (flow === but) continue;
      this.leaves(flow, account);
      if (flow.account === account) this.stopped(flow);
    }
  }

  stopped(flow: KnownFlow): void {
    if (flow.state === 'done') return;
    if (flow.state === 'asked' && flow.purpose === 'recovery' && flow.lane === 'stranger') flow.isDecoy = true;
    else flow.state = 'void';
  }

  /** For the browser that asked, where a stranger's recovery goes on in another one. */
  decoyOf(flow: KnownFlow, token: string): KnownFlow {
    const living = flow.living.map((code) => ({ ...code, tried: new Set(code.tried) }));
    const decoy = { ...flow, token, living, isDecoy: true, reached: new Set<string>(), cancelPaths: new Map() };
    this.flows.push(decoy);
    return decoy;
  }

  leaves(flow: KnownFlow, account: Holder): void {
    flow.candidates = flow.candidates.filter((other) => other !== account);
  }

  guessed(flow: Counted, weight: number, now: number): void {
    const key = keyOf(flow);
    this.#guesses.set(key, [...(this.#guesses.get(key) ?? []), { day: dayOf(now), weight }]);
  }

  wrongGuesses(flow: Counted, now: number): number {
    const counted = (this.#guesses.get(keyOf(flow)) ?? []).filter(({ day }) => day >= dayOf(now) - COUNTED_DAYS);
    return counted.reduce((sum, { weight }) => sum + weight, 0);
  }

  /** When the budget of guesses at this account, or at an identifier without one, is full again. */
  fullAt(key: string): number {
    return this.#fullAt.get(key) ?? 0;
  }

  /** Read from the program, after guesses at one moment. */
  adopt(key: string, fullAt: number): void {
    this.#fullAt.set(key, fullAt);
  }

  /** Whether strangers have guessed at the account so often that codes as short as the page says open nothing. */
  isSpent(flow: KnownFlow, length: number, now: number): boolean {
    return !this.#fits(flow, length, 1, now);
  }

  #fits(flow: KnownFlow, length: number, weight: number, now: number): boolean {
    return accountKeysOf(flow, length).every((key) => {
      const { burst, refillMs } = budgetOf(length);
      const before = this.fullAt(key);
      const last = weight === 1 ? before : Math.max(before, now) + (weight - 1) * refillMs;
      return last <= now + (burst - 1) * refillMs;
    });
  }

  #charge(flow: KnownFlow, length: number, weight: number, now: number): boolean {
    if (!this.#fits(flow, length, weight, now)) return false;
    for (const key of accountKeysOf(flow, length))
      this.#fullAt.set(key, Math.max(this.fullAt(key), now) + weight * budgetOf(length).refillMs);
    return true;
  }

  #refund(flow: KnownFlow, length: number, weight: number): void {
    for (const key of accountKeysOf(flow, length))
      this.#fullAt.set(key, this.fullAt(key) - weight * budgetOf(length).refillMs);
  }
}

/** Whose guesses are counted: each of those who share a number, the account, or nobody by what was typed. */
function accountKeysOf(
  { purpose, lane, claimed, account, isShared, candidates, isDecoy }: KnownFlow,
  length: number,
): string[] {
  if (purpose !== 'recovery' || length > 8) return [];
  const isUndecided = isShared && !account && !isDecoy;
  // A browser that knows a shared number may know another of its accounts.
  if (lane !== 'stranger' && !isUndecided) return [];
  if (isUndecided) return candidates.map(({ id }) => id);
  return [account?.id ?? claimed.mac];
}

/** A guess at eight digits is worth a hundredth of one at six. */
function budgetOf(length: number): typeof ACCOUNT_GUESSES {
  const each = length === 8 ? 100 : 1;
  return { burst: ACCOUNT_GUESSES.burst * each, refillMs: ACCOUNT_GUESSES.refillMs / each };
}

function keyOf({ claimed, channel, lane }: Counted): string {
  return `${lane} ${channel} ${claimed.typed}`;
}

function dayOf(moment: number): number {
  return Math.floor(moment / DAY_MS);
}
