/**
 * "This wasn't me", the link of a change notice: ends all sessions, blocks the password, stops recovery by the address that
 * was used, tells customer support, and starts a fresh recovery by another confirmed address, where there is one.
 */
import type { Account } from '../ports.ts';
import { addressesInDoubt, canRecover } from '../rules/address-trust.ts';
import { isProvable } from '../rules/addresses.ts';
import { Refusal } from '../rules/errors.ts';
import { maskIdentifier } from '../rules/identifiers.ts';
import { NOT_ME_LIFETIME_MS, NOTICE_USEFUL_MS } from '../rules/limits.ts';
import type { Proof, StoreTransaction } from '../store/store.ts';
import type { Context, Origin } from './context.ts';
import { notifyAllAddresses } from './notify-all-addresses.ts';
import { named } from './notify-of-messenger.ts';
import { type Started, startProof } from './start-proof.ts';
import { newId } from './tokens.ts';
import { usedAddresses, waysUsed } from './used-address.ts';

/**
 * code_sent: a fresh recovery began by another address. recover: there is another one, but its mailbox has had its share of
 * messages for now, or it is a number. support: recovery by every address is stopped.
 */
export type Reported = { next: 'code_sent'; recovery: Started } | { next: 'recover' } | { next: 'support' };

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
  const account = await context.store.transaction((tx) => block(context, tx, id));
  const other = account.addresses.find((address) => address.kind === 'email' && canRecover(address));
  if (!other) return { next: hasOtherNumber(context, account) ? 'recover' : 'support' };
  // Whoever pressed the button may have a mailbox that the account gave up, and typed nothing.
  const identifier = { kind: other.kind, typed: '', canonical: other.canonical };
  const recovery = await startProof(context, 'recovery', identifier, origin).catch(withoutWhenLimited);
  return recovery ? { next: 'code_sent', recovery } : { next: 'recover' };
}

/** Nothing is texted there by itself: whoever pressed the button may be somebody whose mailbox was removed. */
function hasOtherNumber({ settings }: Context, { addresses }: Account): boolean {
  return addresses.some(
    (address) => address.kind === 'phone' && canRecover(address) && isProvable(address, settings.texting?.countries),
  );
}

/** Returns the account as it is afterwards. */
async function block(context: Context, tx: StoreTransaction, id: string): Promise<Account> {
  const now = context.clock.now();
  const proof = await tx.proofs.byId(id);
  const account = proof?.accountId ? await context.accounts.get(tx, proof.accountId, { lock: true }) : undefined;
  if (!proof || !account || !isReportable(proof, now) || !(await tx.proofs.report(id, now)))
    throw new Refusal('recovery_not_found');
  await tx.proofs.cancelAllOf(account.id);
  await context.accounts.blockPassword(tx, account.id, now);
  const ended = await tx.sessions.deleteAllOf(account.id);
  await tx.audit.append({
    at: now,
    name: 'report-not-me',
    accountId: account.id,
    proofId: id,
    detail: { sessionsEnded: ended },
  });
  await freeze(context, tx, account, proof, now);
  await unlinkDoubted(tx, account, proof, now);
  await forgetBrowsers(context, tx, account, now);
  await notifyAllAddresses(context, tx, account, 'password-blocked', proof, now);
  await tellSupport(context, tx, account, proof, now);
  return (await context.accounts.get(tx, account.id)) ?? account;
}

/** Those that signed in before are strangers from now on: one of them may be the intruder's. */
async function forgetBrowsers(
  { keys }: Pick<Context, 'keys'>,
  tx: StoreTransaction,
  { addresses }: Account,
  now: number,
): Promise<void> {
  for (const address of addresses) await tx.retiredIdentifiers.mark(keys.identifierMac(address), now);
}

async function freeze(
  context: Context,
  tx: StoreTransaction,
  account: Account,
  proof: Proof,
  now: number,
): Promise<void> {
  const changedAt = proof.completedAt ?? proof.createdAt;
  const used = await usedAddresses(context, tx, account, proof);
  const doubted = addressesInDoubt(account.addresses, used, changedAt);
  await context.accounts.freezeAddresses(tx, account.id, doubted, now);
  for (const address of doubted)
    await tx.audit.append({
      at: now,
      name: 'freeze-address',
      accountId: account.id,
      proofId: proof.id,
      detail: { address: maskIdentifier(address) },
    });
}

/** A chat that a code was sent to, or that came to the account since: it may be the intruder's, and the owner can link his again. */
async function unlinkDoubted(tx: StoreTransaction, account: Account, proof: Proof, now: number): Promise<void> {
  const changedAt = proof.completedAt ?? proof.createdAt;
  const used = await waysUsed(tx, proof);
  for (const { channel, name, linkedAt } of await tx.chats.ofAccount(account.id)) {
    if (!used.includes(channel) && linkedAt <= changedAt) continue;
    await tx.chats.unlink(account.id, channel);
    await tx.audit.append({
      at: now,
      name: 'unlink-messenger',
      accountId: account.id,
      proofId: proof.id,
      detail: { channel, ...named(name) },
    });
  }
}

/** The timeline is read when the mail is written. */
async function tellSupport(
  context: Context,
  tx: StoreTransaction,
  account: Account,
  proof: Proof,
  now: number,
): Promise<void> {
  await tx.outbox.insert({
    id: newId(context.random),
    kind: 'support-not-me',
    channel: 'email',
    proofId: proof.id,
    epoch: null,
    accountId: account.id,
    address: context.settings.supportAddress,
    locale: 'en',
    createdAt: now,
    dueAt: now,
    usefulUntil: now + NOTICE_USEFUL_MS,
    urgency: 'proven',
  });
}

function isReportable(proof: Proof | undefined, now: number): boolean {
  return (
    proof?.state === 'completed' &&
    proof.reportedAt === null &&
    proof.completedAt !== null &&
    now < proof.completedAt + NOT_ME_LIFETIME_MS
  );
}

/** The block stands even where the other mailbox has had its share of messages; the person can ask again later. */
function withoutWhenLimited(error: unknown): undefined {
  if (error instanceof Refusal && error.code === 'rate_limited') return undefined;
  throw error;
}
