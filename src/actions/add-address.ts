/** The last step of adding an address, or of confirming one again: the code was right, so it is the account's. */
import type { Account, Address } from '../ports.ts';
import { Refusal } from '../rules/errors.ts';
import { type Identifier, maskIdentifier, sendableAddress } from '../rules/identifiers.ts';
import { stateAt } from '../rules/recovery-flow.ts';
import type { Proof, StoreTransaction } from '../store/store.ts';
import type { Context } from './context.ts';
import { findProof } from './find-proof.ts';
import { notifyOfAddress } from './notify-of-address.ts';
import { isFull, oneAtATime } from './number-holders.ts';
import { requireSessionIn } from './sessions.ts';

/**
 * @returns `confirmed` where the account had the address before: nothing else of it changes, and what was begun goes on
 * @throws Refusal `invalid_credentials` without a living session; `recovery_not_found` for a proof that is another
 *   account's, that an intermediate change voided, or whose address became somebody else's first
 */
export async function addAddress(
  context: Context,
  session: string | undefined,
  token: string,
): Promise<'added' | 'confirmed'> {
  return context.store.transaction(async (tx) => {
    const now = context.clock.now();
    const { account } = await requireSessionIn(context, tx, session);
    const proof = await findProof(tx, 'address', token);
    const change = { state: 'completed', completedAt: now } as const;
    const isOurs = proof.accountId === account.id && proof.accountGeneration === account.generation;
    if (!isOurs || stateAt(proof, now) !== 'verified' || !(await tx.proofs.transition(proof.id, 'verified', change)))
      throw new Refusal('recovery_not_found');
    const address = addressOf(proof, now);
    if (hasConfirmed(account, address)) return confirmAgain(context, tx, account, address, proof);
    const sharers = await sharersOf(context, tx, account, address, now);
    const outcome = await context.accounts.addAddress(tx, account, address, now);
    if (outcome !== 'added') throw new Refusal('recovery_not_found');
    await tx.proofs.cancelAllOf(account.id, proof.id);
    await notifyOfAddress(context, tx, account, 'address-added', [...account.addresses, address], proof.locale, now);
    await tx.audit.append({
      at: now,
      name: 'add-address',
      accountId: account.id,
      proofId: proof.id,
      detail: { address: maskIdentifier(address), browser: proof.browser },
    });
    for (const sharer of sharers) await tellSharer(context, tx, sharer, proof, now);
    return 'added';
  });
}

function hasConfirmed({ addresses }: Account, { kind, canonical }: Pick<Identifier, 'kind' | 'canonical'>): boolean {
  return addresses.some((held) => held.kind === kind && held.canonical === canonical && held.confirmedAt !== null);
}

async function confirmAgain(
  context: Context,
  tx: StoreTransaction,
  account: Account,
  address: ReturnType<typeof addressOf>,
  proof: Proof,
): Promise<'confirmed'> {
  await context.accounts.proveAddress(tx, account.id, address, address.confirmedAt);
  await tx.audit.append({
    at: address.confirmedAt,
    name: 'confirm-address',
    accountId: account.id,
    proofId: proof.id,
    detail: { address: maskIdentifier(address), browser: proof.browser },
  });
  return 'confirmed';
}

/**
 * The other accounts that have this number.
 * @throws Refusal `recovery_not_found` where they have become as many as may have it
 */
async function sharersOf(
  context: Context,
  tx: StoreTransaction,
  account: Account,
  address: Address,
  now: number,
): Promise<Account[]> {
  if (address.kind === 'email') return [];
  await oneAtATime(context, tx, [address], now);
  const holders = await context.accounts.findAllByIdentifier(tx, address);
  if (isFull(holders, account)) throw new Refusal('recovery_not_found');
  return holders.filter(({ id }) => id !== account.id);
}

/** Whoever reads this number's texts could recover that account too: its mailboxes hear that somebody does. */
async function tellSharer(
  context: Context,
  tx: StoreTransaction,
  sharer: Account,
  { identifierKind: kind, identifier: canonical, locale }: Proof,
  now: number,
): Promise<void> {
  await notifyOfAddress(context, tx, sharer, 'number-shared', sharer.addresses, locale, now);
  await tx.audit.append({
    at: now,
    name: 'share-number',
    accountId: sharer.id,
    proofId: null,
    detail: { address: maskIdentifier({ kind, canonical }) },
  });
}

function addressOf(
  proof: Proof,
  now: number,
): Pick<Identifier, 'kind' | 'canonical'> & { value: string; confirmedAt: number } {
  const { identifierKind: kind, identifier: canonical, identifierTyped: typed } = proof;
  return {
    kind,
    canonical,
    value: kind === 'email' ? sendableAddress({ typed, canonical }) : canonical,
    confirmedAt: now,
  };
}
