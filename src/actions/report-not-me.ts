/**
 * "This wasn't me", the link of a change notice: ends all sessions, blocks the password, and starts a fresh recovery by
 * another confirmed address than the one that was used, where there is one.
 */
import type { Account, Address } from '../ports.ts';
import { Refusal } from '../rules/errors.ts';
import { NOT_ME_LIFETIME_MS } from '../rules/limits.ts';
import type { Proof, StoreTransaction } from '../store/store.ts';
import type { Context, Origin } from './context.ts';
import { notifyAllAddresses } from './set-password.ts';
import { type Started, startProof } from './start-proof.ts';

export interface Reported {
  /** The fresh recovery, or undefined where the account has no other address. */
  recovery: Started | undefined;
}

/** Whether the link still does something, for the page that asks first. */
export async function canReportNotMe(context: Context, signed: string): Promise<boolean> {
  const id = context.keys.open('not-me', signed);
  if (id === undefined) return false;
  const proof = await context.store.transaction((tx) => tx.proofs.byId(id));
  return isReportable(proof, context.clock.now());
}

/** @throws Refusal `recovery_not_found` for a forged, used or outdated link */
export async function reportNotMe(context: Context, signed: string, origin: Origin): Promise<Reported> {
  const id = context.keys.open('not-me', signed);
  if (id === undefined) throw new Refusal('recovery_not_found');
  const { proof, account } = await context.store.transaction((tx) => block(context, tx, id));
  const other = otherAddress(account, proof);
  if (!other) return { recovery: undefined };
  const identifier = { kind: other.kind, typed: other.value, canonical: other.canonical };
  return { recovery: await startProof(context, 'recovery', identifier, origin).catch(withoutWhenLimited) };
}

async function block(context: Context, tx: StoreTransaction, id: string): Promise<{ proof: Proof; account: Account }> {
  const now = context.clock.now();
  const proof = await tx.proofs.byId(id);
  const account = proof?.accountId ? await context.accounts.get(tx, proof.accountId) : undefined;
  if (!proof || !account || !isReportable(proof, now) || !(await tx.proofs.report(id, now)))
    throw new Refusal('recovery_not_found');
  await context.accounts.blockPassword(tx, account.id, now);
  const ended = await tx.sessions.deleteAllOf(account.id);
  await tx.proofs.cancelAllOf(account.id);
  await notifyAllAddresses(context, tx, account, 'password-blocked', proof, now);
  await tx.audit.append({
    at: now,
    name: 'report-not-me',
    accountId: account.id,
    proofId: id,
    detail: { sessionsEnded: ended },
  });
  return { proof, account };
}

function isReportable(proof: Proof | undefined, now: number): boolean {
  return (
    proof?.state === 'completed' &&
    proof.reportedAt === null &&
    proof.completedAt !== null &&
    now < proof.completedAt + NOT_ME_LIFETIME_MS
  );
}

function otherAddress(account: Account, proof: Proof): Address | undefined {
  const used = proof.identifierKind === 'email' ? proof.identifier : undefined;
  return account.addresses.find(
    (address) => address.kind === 'email' && address.confirmedAt !== null && address.canonical !== used,
  );
}

/** The block stands even where the other mailbox has had its share of messages; the person can ask again later. */
function withoutWhenLimited(error: unknown): undefined {
  if (error instanceof Refusal && error.code === 'rate_limited') return undefined;
  throw error;
}
