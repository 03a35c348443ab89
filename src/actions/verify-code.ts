/** Compares a code. The try and the guess are counted first, in the same transaction, whatever the comparison says. */
import type { Rung } from '../rules/breakers.ts';
import { type CodeShape, codesMatch, deriveCode, type Purpose, readCode } from '../rules/codes.ts';
import { doorOf } from '../rules/delivery.ts';
import { Refusal } from '../rules/errors.ts';
import { endsUnseen, guessLaneOf } from '../rules/lanes.ts';
import { CODE_LADDER, GUESS_WINDOW_MS, UNTOLD_CODE, VERIFIED_LIFETIME_MS } from '../rules/limits.ts';
import { answer, stateAt } from '../rules/recovery-flow.ts';
import type { Guessed, Proof, StoreTransaction } from '../store/store.ts';
import { chargeAccount, isByStranger } from './account-guesses.ts';
import { refundAll } from './charge-limits.ts';
import { chargeGuessBreaker, refundGuessBreaker } from './charge-send.ts';
import { recovering } from './choose-account.ts';
import type { Context } from './context.ts';
import { findProof, isStillAbout } from './find-proof.ts';
import { auditedAs, isShared, liveCandidates } from './shared-number.ts';
import { noteCodeEntered } from './spend-on-texts.ts';
import { canCarryLink } from './start-proof.ts';
import { newId, newToken } from './tokens.ts';

export interface Verified {
  /** The claimant's handle from now on: a new one where `rotateToken` was asked for. */
  token: string;
  proof: Proof;
}

/**
 * @param options.rotateToken gives a browser a new cookie with its new right, so that a planted one is worth nothing
 * @throws Refusal `recovery_not_found`, `code_expired`, `too_many_tries`, `wrong_code` (with the tries left),
 *   `invalid_request` for what can't be a code; the last one costs no try
 */
export async function verifyCode(
  context: Context,
  purpose: Purpose,
  token: string,
  typed: string,
  options: { rotateToken?: boolean } = {},
): Promise<Verified> {
  const outcome = await context.store.transaction(async (tx): Promise<Verified | Refusal> => {
    const now = context.clock.now();
    // Locked: between this look and the charge a "send again" may not put another code in this one's place.
    const found = await findProof(tx, purpose, token, { lock: true });
    const refusal = refusalOf(found, now);
    if (refusal) return refusal;
    // Its secret was dropped from REGAIN_SECRET: nobody can know this code any more.
    if (!context.keys.codeKeyById(found.keyId)) return new Refusal('code_expired', { field: 'code' });
    const guesses = guessesOf(found, typed, now);
    if (guesses.length === 0) return notACode(found);

    const proof = await tx.proofs.chargeTry(found.id, now);
    if (!proof) return refusalOf({ ...found, triesLeft: 0 }, now) ?? new Refusal('recovery_not_found');
    const charged = await chargeGuess(context, tx, proof, guesses, now);
    if (!charged.honoured) return outgrow(tx, proof, now);
    const { shape, weight } = charged;
    const account = await chargeAccount(tx, proof, shape, weight, now);
    if (matches(context, proof, guesses) && account.mayOpen && (await isStillGood(context, tx, proof))) {
      await refundGuess(tx, charged);
      await refundAll(tx, account.charged);
      return accept(context, tx, proof, token, options, now);
    }
    return wrong(tx, proof, charged.left, now);
  });
  if (outcome instanceof Refusal) throw outcome;
  return outcome;
}

/** Refusals are returned out of the transaction, not thrown in it: a throw would give the try back. */
function refusalOf(proof: Proof, now: number): Refusal | undefined {
  const next = answer(stateAt(proof, now), 'enter_right_code');
  if (typeof next !== 'object') return undefined;
  return next.refused === 'too_many_tries' ? usedUp() : new Refusal(next.refused, { field: 'code' });
}

function usedUp(): Refusal {
  return new Refusal('too_many_tries', { field: 'code', retryAfterSeconds: 1, triesLeft: 0 });
}

interface Guess extends CodeShape {
  epoch: number;
  text: string;
}

/**
 * What was typed, as each code that is alive: the current one, and the one before it while it lives out its time, as long as the
 * page says or as the message may have had it. All that it can be are of one shape; empty where it can be none.
 */
function guessesOf(proof: Proof, typed: string, now: number): Guess[] {
  const alive = [{ epoch: proof.epoch, format: proof.codeFormat, length: proof.codeLength }];
  if (proof.previousCodeFormat && proof.previousCodeLength && now < (proof.previousCodeExpiresAt ?? 0))
    alive.push({ epoch: proof.epoch - 1, format: proof.previousCodeFormat, length: proof.previousCodeLength });
  const untold = alive.map(({ epoch }) => ({ epoch, ...UNTOLD_CODE }));
  return [...alive, ...untold].flatMap((shape) => {
    const text = readCode(typed, shape);
    return text === undefined ? [] : [{ ...shape, text }];
  });
}

function notACode(proof: Proof): Refusal {
  return new Refusal('invalid_request', {
    field: 'code',
    detail: `code: has ${proof.codeLength} ${proof.codeFormat === 'digits' ? 'digits' : 'letters and digits'}`,
  });
}

interface ChargedGuess {
  /** False where this identifier, or the whole service, has had too many wrong guesses for codes as short as this. */
  honoured: boolean;
  /** Guesses left for codes of this rung, by this identifier's count. */
  left: number;
  breaker: Rung['breaker'];
  shape: CodeShape;
  weight: number;
}

/** Counts the guess once for each code that it is compared with, so that two living codes are no double chance. */
async function chargeGuess(
  context: Context,
  tx: StoreTransaction,
  proof: Proof,
  guesses: Guess[],
  now: number,
): Promise<ChargedGuess> {
  const weight = guesses.length;
  const [{ format, length }] = guesses as [Guess];
  const guessed = guessedBy(proof);
  await tx.guesses.charge(guessed, weight, now);
  const count = await tx.guesses.wrongSince(guessed, now - GUESS_WINDOW_MS);
  const rung = CODE_LADDER.find((one) => one.format === format && one.length === length);
  const left = (rung?.diesAfter ?? Number.POSITIVE_INFINITY) - count;
  const breaker = isByStranger(proof) ? rung?.breaker : undefined;
  const honoured = left >= 0 && (!breaker || (await chargeGuessBreaker(context, tx, breaker, weight, now)));
  return { honoured, left: Math.max(0, left), breaker, shape: { format, length }, weight };
}

async function refundGuess(tx: StoreTransaction, { breaker, weight }: ChargedGuess): Promise<void> {
  if (breaker) await refundGuessBreaker(tx, breaker, weight);
}

function guessedBy({ identifierMac, channel, lane }: Proof): Guessed {
  return { identifierMac, channel: doorOf(channel), lane: guessLaneOf(lane) };
}

/** The code is too short for what has been guessed since it was sent: it counts as used up, and "send again" helps at once. */
async function outgrow(tx: StoreTransaction, proof: Proof, now: number): Promise<Refusal> {
  await tx.proofs.update(proof.id, { triesLeft: 0 });
  await tx.audit.append({
    at: now,
    name: 'outgrow-code',
    accountId: auditedAs(proof),
    proofId: proof.id,
    detail: { channel: proof.channel, codeLength: proof.codeLength },
  });
  return usedUp();
}

/** @param left guesses that this identifier's count leaves, which may be fewer than this code's tries */
async function wrong(tx: StoreTransaction, proof: Proof, left: number, now: number): Promise<Refusal> {
  const triesLeft = Math.min(proof.triesLeft, left);
  if (triesLeft < proof.triesLeft) await tx.proofs.update(proof.id, { triesLeft });
  await tx.audit.append({
    at: now,
    name: 'wrong-code',
    accountId: auditedAs(proof),
    proofId: proof.id,
    detail: { channel: proof.channel, triesLeft },
  });
  return new Refusal('wrong_code', { field: 'code', triesLeft });
}

/** A decoy goes through the same derivations and comparisons; its answer is no. So is that of a recovery by link. */
function matches(context: Context, proof: Proof, guesses: Guess[]): boolean {
  const key = context.keys.codeKeyById(proof.keyId);
  if (!key) return false;
  let matched = false;
  for (const guess of guesses) {
    const code = deriveCode(key, proof.purpose, proof.id, guess.epoch, guess);
    if (codesMatch(code, guess.text)) matched = true;
  }
  const carriesCode = proof.carries === 'code' || !canCarryLink(proof.channel);
  return matched && proof.resolution === 'known' && carriesCode;
}

/** A change of the account since the code was sent (a new password, a blocked one, an address that left it) voids it. */
export async function isStillGood(context: Context, tx: StoreTransaction, proof: Proof): Promise<boolean> {
  if (proof.purpose === 'registration') return true;
  if (isShared(proof)) return (await liveCandidates(context, tx, proof)).length > 0;
  const account = proof.accountId === null ? undefined : await context.accounts.get(tx, proof.accountId);
  return account !== undefined && isStillAbout(proof, account);
}

/**
 * @param options.confirmedBy the browser that confirmed through a mail's link, which goes on in the asker's place; `known`
 *   where it has signed in with this identifier before
 */
export async function accept(
  context: Context,
  tx: StoreTransaction,
  proof: Proof,
  token: string,
  options: { rotateToken?: boolean; confirmedBy?: { browser: string; known: boolean } },
  now: number,
): Promise<Verified> {
  const verifiedExpiresAt = now + VERIFIED_LIFETIME_MS;
  const next = options.rotateToken ? newToken(context.random) : { token, tokenDigest: proof.tokenDigest };
  const live = isShared(proof) ? await liveCandidates(context, tx, proof) : [];
  const only = live.length === 1 ? live[0] : undefined;
  if (only && !(await tx.candidates.choose(proof.id, only.candidate.id, now))) throw new Refusal('recovery_not_found');
  const change = {
    state: live.length > 1 ? 'choosing' : 'verified',
    verifiedBy: options.confirmedBy ? 'link' : 'code',
    verifiedExpiresAt,
    expiresAt: Math.max(proof.expiresAt, verifiedExpiresAt),
    tokenDigest: next.tokenDigest,
    browser: options.confirmedBy?.browser ?? proof.browser,
    // A stranger who confirms what a known browser asked for is a stranger.
    lane: options.confirmedBy?.known === false && proof.lane === 'known-device' ? 'stranger' : proof.lane,
    ...(only ? recovering(proof, only) : {}),
  } as const;
  const verified = { ...proof, ...change };
  if (!(await tx.proofs.transition(proof.id, 'code_sent', change))) throw new Refusal('recovery_not_found');
  if (options.confirmedBy && endsUnseen(proof)) await leaveDecoyBehind(context, tx, proof);
  await tx.guesses.clear(guessedBy(proof));
  // The number is the same, whichever account it is.
  const accountId = live[0]?.account.id ?? proof.accountId;
  if (options.confirmedBy === undefined) await noteCodeEntered(context, tx, { ...proof, accountId });
  await tx.audit.append({
    at: now,
    name: options.confirmedBy === undefined ? 'verify-code' : 'confirm-recovery',
    accountId: auditedAs(verified),
    proofId: proof.id,
    detail: { channel: proof.channel, purpose: proof.purpose },
  });
  return { token: next.token, proof: verified };
}

/** For the browser that asked: that the owner of a mailbox went on elsewhere would tell it that there is one. */
function leaveDecoyBehind(context: Context, tx: StoreTransaction, proof: Proof): Promise<void> {
  const id = newId(context.random);
  return tx.proofs.insert({ ...proof, id, resolution: 'decoy', messagesOf: proof.messagesOf ?? proof.id });
}
