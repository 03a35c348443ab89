/** Compares a code. The try and the guess are counted first, in the same transaction, whatever the comparison says. */
import { type CodeShape, codesMatch, deriveCode, type Purpose, readCode } from '../rules/codes.ts';
import { Refusal } from '../rules/errors.ts';
import { VERIFIED_LIFETIME_MS } from '../rules/limits.ts';
import { answer, stateAt } from '../rules/recovery-flow.ts';
import type { Proof, StoreTransaction } from '../store/store.ts';
import type { Context } from './context.ts';
import { findProof } from './find-proof.ts';
import { newToken } from './tokens.ts';

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
    const found = await findProof(tx, purpose, token);
    const refusal = refusalOf(found, now);
    if (refusal) return refusal;
    const shapes = livingShapes(found, now);
    const guesses = shapes.map((shape) => readCode(typed, shape));
    if (guesses.every((guess) => guess === undefined)) return notACode(found);

    const proof = await tx.proofs.chargeTry(found.id, now);
    if (!proof) return refusalOf({ ...found, triesLeft: 0 }, now) ?? new Refusal('recovery_not_found');
    await tx.guesses.charge(proof.identifierMac, proof.channel, now);
    const matched = matches(context, proof, shapes, guesses);
    if (matched && (await isStillGood(context, tx, proof))) return accept(context, tx, proof, token, options, now);
    await tx.audit.append({
      at: now,
      name: 'wrong-code',
      accountId: proof.accountId,
      proofId: proof.id,
      detail: { channel: proof.channel, triesLeft: proof.triesLeft },
    });
    return new Refusal('wrong_code', { field: 'code', triesLeft: proof.triesLeft });
  });
  if (outcome instanceof Refusal) throw outcome;
  return outcome;
}

/** Refusals are returned out of the transaction, not thrown in it: a throw would give the try back. */
function refusalOf(proof: Proof, now: number): Refusal | undefined {
  const next = answer(stateAt(proof, now), 'enter_right_code');
  if (typeof next !== 'object') return undefined;
  return new Refusal(
    next.refused,
    next.refused === 'too_many_tries' ? { field: 'code', retryAfterSeconds: 1, triesLeft: 0 } : { field: 'code' },
  );
}

interface LivingShape extends CodeShape {
  epoch: number;
}

/** The current code, and the one before it while it lives out its time. */
function livingShapes(proof: Proof, now: number): LivingShape[] {
  const shapes: LivingShape[] = [{ epoch: proof.epoch, format: proof.codeFormat, length: proof.codeLength }];
  if (proof.previousCodeFormat && proof.previousCodeLength && now < (proof.previousCodeExpiresAt ?? 0))
    shapes.push({ epoch: proof.epoch - 1, format: proof.previousCodeFormat, length: proof.previousCodeLength });
  return shapes;
}

function notACode(proof: Proof): Refusal {
  return new Refusal('invalid_request', {
    field: 'code',
    detail: `code: has ${proof.codeLength} ${proof.codeFormat === 'digits' ? 'digits' : 'letters and digits'}`,
  });
}

/** A decoy goes through the same derivations and comparisons; its answer is no. */
function matches(context: Context, proof: Proof, shapes: LivingShape[], guesses: (string | undefined)[]): boolean {
  const key = context.keys.codeKeyById(proof.keyId);
  if (!key) return false;
  let matched = false;
  shapes.forEach((shape, index) => {
    const code = deriveCode(key, proof.purpose, proof.id, shape.epoch, shape);
    if (codesMatch(code, guesses[index] ?? '')) matched = true;
  });
  return matched && proof.resolution === 'known';
}

/** A change of the account since the code was sent (a new password, a blocked one) voids it. */
async function isStillGood(context: Context, tx: StoreTransaction, proof: Proof): Promise<boolean> {
  if (proof.purpose === 'registration') return true;
  const account = proof.accountId === null ? undefined : await context.accounts.get(tx, proof.accountId);
  return account !== undefined && account.generation === proof.accountGeneration;
}

async function accept(
  context: Context,
  tx: StoreTransaction,
  proof: Proof,
  token: string,
  options: { rotateToken?: boolean },
  now: number,
): Promise<Verified> {
  const verifiedExpiresAt = now + VERIFIED_LIFETIME_MS;
  const next = options.rotateToken ? newToken(context.random) : { token, tokenDigest: proof.tokenDigest };
  const change = {
    state: 'verified',
    verifiedExpiresAt,
    expiresAt: Math.max(proof.expiresAt, verifiedExpiresAt),
    tokenDigest: next.tokenDigest,
  } as const;
  if (!(await tx.proofs.transition(proof.id, 'code_sent', change))) throw new Refusal('recovery_not_found');
  await tx.guesses.clear(proof.identifierMac, proof.channel);
  await tx.audit.append({
    at: now,
    name: 'verify-code',
    accountId: proof.accountId,
    proofId: proof.id,
    detail: { channel: proof.channel, purpose: proof.purpose },
  });
  return { token: next.token, proof: { ...proof, ...change } };
}
