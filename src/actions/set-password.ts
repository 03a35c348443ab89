/**
 * The last step of a recovery. The password is judged and hashed before anything is spent; then, in one transaction, the
 * proof is spent, the password stored, every session ended, every other proof void, and every confirmed address told.
 */
import type { Account } from '../ports.ts';
import { Refusal } from '../rules/errors.ts';
import { NOTICE_USEFUL_MS } from '../rules/limits.ts';
import { normalizePassword } from '../rules/passwords.ts';
import type { MessageKind, Proof, StoreTransaction } from '../store/store.ts';
import type { Context } from './context.ts';
import { factsOf, findVerified, requireGoodPassword } from './judge-password.ts';
import { rememberRecovery } from './recovered-here.ts';
import { newId } from './tokens.ts';

/**
 * @param source client network of the request
 * @throws Refusal `recovery_not_found`, `weak_password` (nothing is spent), `unavailable` when too many hashes wait
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
    return { proofId: proof.id, facts: factsOf(context, proof, account) };
  });
  await requireGoodPassword(context, password, facts);
  const passwordHash = await context.hasher.hash(password, { lane: 'proven', source: proofId });

  return context.store.transaction(async (tx) => {
    const now = context.clock.now();
    const { proof, account } = await findVerified(context, tx, token);
    const change = { state: 'completed', completedAt: now } as const;
    if (!(await tx.proofs.transition(proof.id, 'verified', change))) throw new Refusal('recovery_not_found');
    await context.accounts.setPassword(tx, account.id, passwordHash, now);
    const ended = await tx.sessions.deleteAllOf(account.id);
    await tx.proofs.cancelAllOf(account.id, proof.id);
    await rememberRecovery(tx, proof.identifierMac, source, now);
    await notifyAllAddresses(context, tx, account, 'password-changed', proof, now);
    await tx.audit.append({
      at: now,
      name: 'set-password',
      accountId: account.id,
      proofId: proof.id,
      detail: { channel: proof.channel, browser: proof.browser, sessionsEnded: ended },
    });
    return { ...proof, ...change };
  });
}

/** A notice goes to every confirmed email address, the one that received the code included (R68). */
export async function notifyAllAddresses(
  context: Context,
  tx: StoreTransaction,
  account: Account,
  kind: Extract<MessageKind, 'password-changed' | 'password-blocked'>,
  proof: Proof,
  now: number,
): Promise<void> {
  for (const address of account.addresses) {
    if (address.kind !== 'email' || address.confirmedAt === null) continue;
    await tx.outbox.insert({
      id: newId(context.random),
      kind,
      channel: 'email',
      proofId: proof.id,
      epoch: null,
      accountId: account.id,
      address: address.value,
      locale: account.locale ?? proof.locale,
      createdAt: now,
      dueAt: now,
      usefulUntil: now + NOTICE_USEFUL_MS,
    });
  }
}
