/**
 * The last step of a recovery. The password is judged and hashed before anything is spent; then it is stored, or held back for
 * some days in which every mailbox can stop it: after a code that may have gone to a number which was not proven for long, and
 * after a risky recovery where the operator wants it so.
 */
import type { Account } from '../ports.ts';
import { type HeldFor, isRisky, waitFor } from '../rules/address-trust.ts';
import { Refusal } from '../rules/errors.ts';
import { normalizePassword } from '../rules/passwords.ts';
import type { Proof, StoreTransaction } from '../store/store.ts';
import { applyPassword } from './apply-password.ts';
import { chargeLimits } from './charge-limits.ts';
import type { Context } from './context.ts';
import { factsForClaimant, findVerified, requireGoodPassword } from './judge-password.ts';
import { notifyAllAddresses } from './notify-all-addresses.ts';
import { rememberRecovery } from './recovered-here.ts';
import { isByStaleNumber } from './stale-number.ts';

/**
 * @param source client network of the request, or undefined where one stands for everybody
 * @returns the proof, `completed` or `held`
 * @throws Refusal `recovery_not_found`, `weak_password` (nothing is spent), `rate_limited`, `unavailable` when too many hashes wait
 */
export async function setPassword(
  context: Context,
  token: string,
  typed: string,
  source: string | undefined,
): Promise<Proof> {
  const password = normalizePassword(typed);
  const { proofId, facts } = await context.store.transaction(async (tx) => {
    const { proof, account } = await findVerified(context, tx, token);
    await chargeLimits(tx, { 'judge-password': proof.id }, context.clock.now());
    return { proofId: proof.id, facts: await factsForClaimant(context, tx, proof, account) };
  });
  await requireGoodPassword(context, password, facts);
  const passwordHash = await context.hasher.hash(password, { lane: 'proven', source: proofId });

  return context.store.transaction(async (tx) => {
    const now = context.clock.now();
    const { proof, account } = await findVerified(context, tx, token, { lock: true });
    const changed = await wasChangedLately(context, tx, proof, account, now);
    const doubts = { changed, stale_number: await isByStaleNumber(context, tx, account, proof) };
    const wait = waitFor(doubts, context.settings.coolOffHours * 3_600_000);
    if (wait) return holdPassword(context, tx, proof, account, { ...wait, passwordHash, now });
    const completed = await applyPassword(context, tx, proof, account, passwordHash, now);
    await rememberRecovery(tx, proof.identifierMac, source, now);
    return completed;
  });
}

async function wasChangedLately(
  context: Context,
  tx: StoreTransaction,
  proof: Proof,
  account: Account,
  now: number,
): Promise<boolean> {
  if (context.settings.coolOffHours === 0) return false;
  const addressesChangedAt = await context.accounts.addressesChangedAt(tx, account.id);
  const linkedAt = (await tx.chats.ofAccount(account.id)).map((chat) => chat.linkedAt);
  const changes = addressesChangedAt === undefined ? linkedAt : [addressesChangedAt, ...linkedAt];
  return isRisky(proof.lane, changes.length === 0 ? undefined : Math.max(...changes), now);
}

/** Nothing changes yet: the old password and every session go on, and everybody is told how to stop it. */
async function holdPassword(
  context: Context,
  tx: StoreTransaction,
  proof: Proof,
  account: Account,
  { heldFor, waitMs, passwordHash, now }: { heldFor: HeldFor; waitMs: number; passwordHash: string; now: number },
): Promise<Proof> {
  const completesAt = now + waitMs;
  const change = { state: 'held', heldFor, expiresAt: completesAt } as const;
  if (!(await tx.proofs.transition(proof.id, 'verified', change))) throw new Refusal('recovery_not_found');
  await tx.heldPasswords.insert({ proofId: proof.id, passwordHash, completesAt });
  const held = { ...proof, ...change };
  await notifyAllAddresses(context, tx, account, 'password-held', held, now);
  await tx.audit.append({
    at: now,
    name: 'hold-password',
    accountId: account.id,
    proofId: proof.id,
    detail: { channel: proof.channel, browser: proof.browser, completesAt, heldFor },
  });
  return held;
}
