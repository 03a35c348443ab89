/**
 * What the rules of a recovery say in words, kept by hand beside the program: which code opens what, for how long, and how
 * guesses are counted. It reads no table and calls no rule of the program; of limits.ts it takes the numbers.
 */
import {
  CODE_LADDER,
  CODE_LIFETIME_MS,
  CODE_RENEWED_BELOW_MS,
  NOT_ME_LIFETIME_MS,
  PROOF_LIFETIME_MS,
  TRIES_PER_CODE,
  VERIFIED_LIFETIME_MS,
} from '../src/rules/limits.ts';

const DAY_MS = 86_400_000;
/** A guess counts on the day it was made and for the thirty days after it. */
const COUNTED_DAYS = 30;

export interface Claimed {
  email: string;
  /** Whether there is an account. */
  known: boolean;
  password: string;
  blocked: boolean;
  device: string;
}

export interface KnownCode {
  /** Unknown to everybody but the program where no mail told it. */
  text: string | undefined;
  link: string | undefined;
  length: number;
  diesAt: number;
}

/** One recovery or registration, as far as the outside can know it. */
export interface KnownFlow {
  token: string;
  purpose: 'recovery' | 'registration';
  person: Claimed;
  lane: 'known-device' | 'stranger';
  carries: 'code' | 'link';
  /** The newest last; before it the one that was still good when the newest was made. */
  living: KnownCode[];
  /** Every code and link that a mail ever told, the oldest first: what somebody may try again later. */
  told: { text: string | undefined; link: string | undefined }[];
  tries: number;
  state: 'asked' | 'proven' | 'done' | 'void';
  endsAt: number;
  provenUntil: number;
  doneAt: number;
  cancelPath: string | undefined;
  notMePath: string | undefined;
}

export type Verdict =
  | { status: 200 }
  | { status: 400 | 404 | 410 }
  | { status: 429; outgrown: boolean; weight: number }
  | { status: 422; triesLeft: number; weight: number };

export class RecoveryOracle {
  readonly flows: KnownFlow[] = [];
  readonly #guesses = new Map<string, { day: number; weight: number }[]>();

  asked(
    flow: Omit<KnownFlow, 'living' | 'told' | 'tries' | 'state' | 'endsAt' | 'provenUntil' | 'doneAt'>,
    now: number,
  ): KnownFlow {
    const known: KnownFlow = {
      ...flow,
      living: [],
      told: [],
      tries: TRIES_PER_CODE,
      state: 'asked',
      endsAt: now + PROOF_LIFETIME_MS,
      provenUntil: 0,
      doneAt: 0,
    };
    this.flows.push(known);
    return known;
  }

  /** Only the mailbox of an account gets codes that open it, and only a free address codes that register it. */
  opens({ purpose, person }: KnownFlow): boolean {
    // Each account has one address, which "this wasn't me" stops.
    return purpose === 'recovery' ? person.known && !person.blocked : !person.known;
  }

  /** "Send again" repeats a code with four minutes or more to live, and follows any other by a new one. */
  needsNewCode(flow: KnownFlow, now: number): boolean {
    const newest = flow.living.at(-1);
    return !newest || flow.tries <= 0 || newest.diesAt - now < CODE_RENEWED_BELOW_MS;
  }

  newCode(flow: KnownFlow, code: Omit<KnownCode, 'diesAt'>, askedAt: number): void {
    const newest = flow.living.at(-1);
    const stillGood = newest !== undefined && flow.tries > 0 && askedAt < newest.diesAt;
    const diesAt = askedAt + CODE_LIFETIME_MS;
    if (code.link ?? code.text) flow.told.push(code);
    flow.living = stillGood ? [newest, { ...code, diesAt }] : [{ ...code, diesAt }];
    flow.tries = TRIES_PER_CODE;
    flow.endsAt = Math.max(flow.endsAt, diesAt);
  }

  /** The shortest code that may be sent after so many wrong guesses. */
  shortestCode(flow: Pick<KnownFlow, 'person' | 'lane'>, now: number): number {
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
    const compared = flow.living.filter(({ length, diesAt }) => length === typed.length && now < diesAt);
    const weight = compared.length;
    if (weight === 0) return { status: 400 };
    const allowed = CODE_LADDER.find(({ length }) => length === typed.length)?.diesAfter as number;
    const left = allowed - this.wrongGuesses(flow, now) - weight;
    if (left < 0) return { status: 429, outgrown: true, weight };
    const right = compared.some(({ text }) => text === typed);
    if (right && flow.carries === 'code' && this.opens(flow)) return { status: 200 };
    return { status: 422, triesLeft: Math.min(flow.tries - 1, left), weight };
  }

  /** A link lives as long as the code of its mail, however often that code was guessed at. */
  mayConfirm(flow: KnownFlow, link: string, now: number): boolean {
    if (flow.purpose !== 'recovery' || flow.state !== 'asked' || now >= flow.endsAt) return false;
    const newest = flow.living.at(-1) as KnownCode;
    if (flow.tries > 0 && now >= newest.diesAt) return false;
    return flow.living.some((code) => code.link === link && now < code.diesAt);
  }

  mayFinish(flow: KnownFlow, now: number): boolean {
    return flow.purpose === 'recovery' && flow.state === 'proven' && now < flow.provenUntil;
  }

  mayReport(flow: KnownFlow, now: number): boolean {
    return flow.notMePath !== undefined && now < flow.doneAt + NOT_ME_LIFETIME_MS;
  }

  compared(flow: KnownFlow, verdict: Verdict, now: number): void {
    if (verdict.status === 200) this.proven(flow, flow.token, now);
    else if (verdict.status === 422) flow.tries = verdict.triesLeft;
    else if (verdict.status === 429 && verdict.outgrown) flow.tries = 0;
    if ('weight' in verdict) this.guessed(flow, verdict.weight, now);
  }

  proven(flow: KnownFlow, token: string, now: number): void {
    Object.assign(flow, { state: 'proven', token, provenUntil: now + VERIFIED_LIFETIME_MS });
    this.#guesses.delete(keyOf(flow));
  }

  finished(flow: KnownFlow, password: string, now: number): void {
    Object.assign(flow, { state: 'done', doneAt: now });
    Object.assign(flow.person, { password, blocked: false });
    this.voidOthers(flow.person, flow);
  }

  voidOthers(person: Claimed, but?: KnownFlow): void {
    for (const flow of this.flows)
      if (flow !== but && flow.person === person && flow.purpose === 'recovery' && flow.state !== 'done')
        flow.state = 'void';
  }

  guessed(flow: KnownFlow, weight: number, now: number): void {
    const key = keyOf(flow);
    this.#guesses.set(key, [...(this.#guesses.get(key) ?? []), { day: dayOf(now), weight }]);
  }

  wrongGuesses(flow: Pick<KnownFlow, 'person' | 'lane'>, now: number): number {
    const counted = (this.#guesses.get(keyOf(flow)) ?? []).filter(({ day }) => day >= dayOf(now) - COUNTED_DAYS);
    return counted.reduce((sum, { weight }) => sum + weight, 0);
  }
}

function keyOf({ person, lane }: Pick<KnownFlow, 'person' | 'lane'>): string {
  return `${lane} ${person.email}`;
}

function dayOf(moment: number): number {
  return Math.floor(moment / DAY_MS);
}
