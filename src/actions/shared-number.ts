/**
 * A recovery by a number that several accounts have: which of them it may recover is written down once, when the worker looks,
 * and read again at every later step. A change of one account voids that one alone (decision 0029).
 */
import type { Account } from '../ports.ts';
import type { Channel } from '../rules/delivery.ts';
import { ACCOUNTS_PER_NUMBER, type Named, type Told, tellApart } from '../rules/shared-numbers.ts';
import type { Candidate, Proof, StoreTransaction } from '../store/store.ts';
import type { Context } from './context.ts';
import { isStillAbout, mayRecover } from './find-proof.ts';
import { recoveryAddress, rungsUnder } from './reachable-channels.ts';
import { newId } from './tokens.ts';

/** An account that this proof may still recover. */
export interface LiveCandidate {
  candidate: Candidate;
  account: Account;
}

/** Whether the worker found several accounts and none of them is chosen yet. */
export function isShared({ purpose, resolution, accountId }: Proof): boolean {
  return purpose === 'recovery' && resolution === 'known' && accountId === null;
}

/**
 * Whose audit events are written under while it is not decided which account they concern: an id of the same form, which is no
 * account's. An event for each account would cost more time than a decoy takes.
 */
export function auditedAs(proof: Proof): string | null {
  return isShared(proof) ? proof.id : proof.accountId;
}

/** Writes down, once, which accounts an unresolved recovery by phone may recover; leaves one that names a single account alone. */
export async function resolveShared(context: Context, tx: StoreTransaction, proof: Proof): Promise<void> {
  if (proof.purpose !== 'recovery' || proof.identifierKind !== 'phone' || proof.resolution !== 'pending') return;
  const identifier = { kind: proof.identifierKind, canonical: proof.identifier };
  const holders = await context.accounts.findAllByIdentifier(tx, identifier);
  if (holders.length < 2) return;
  // By text alone: a mailbox is of one account, and what is said there must not open another one.
  const able = holders.filter(
    (account) => mayRecover(account, proof) && recoveryAddress(context, account, proof, 'sms') !== undefined,
  );
  const candidates = holders.length <= ACCOUNTS_PER_NUMBER ? able : [];
  const resolution = candidates.length > 0 ? 'known' : 'decoy';
  const isFirst = await tx.proofs.resolve(proof.id, resolution, null, null);
  proof.resolution = resolution;
  if (!isFirst) return;
  for (const account of candidates)
    await tx.candidates.insert({
      proofId: proof.id,
      id: newId(context.random),
      accountId: account.id,
      accountGeneration: account.generation,
      toldAt: null,
      chosenAt: null,
    });
  for (const account of holders)
    await tx.audit.append({
      at: context.clock.now(),
      name: 'resolve-recovery',
      accountId: account.id,
      proofId: proof.id,
      detail: { channel: proof.channel, browser: proof.browser, askedAt: proof.createdAt, shared: true },
    });
}

/** Those that have not changed since, and still have the number and may be recovered by it. */
export async function liveCandidates(
  context: Pick<Context, 'accounts'>,
  tx: StoreTransaction,
  proof: Proof,
): Promise<LiveCandidate[]> {
  const live: LiveCandidate[] = [];
  for (const candidate of await tx.candidates.ofProof(proof.id)) {
    const account = await context.accounts.get(tx, candidate.accountId);
    if (account && isStillAbout({ ...proof, accountGeneration: candidate.accountGeneration }, account))
      live.push({ candidate, account });
  }
  return live;
}

/** Whether a code of this proof goes to the number by this channel, and not to a mailbox or chat, which one account has. */
export function goesToNumber({ settings }: Context, proof: Proof, channel: Channel): boolean {
  return (
    channel === 'sms' || (channel === 'telegram' && proof.channel === 'sms' && settings.texting?.telegram === true)
  );
}

/** The rungs below this one that lead to the number, without those that this code was tried by before. */
export async function numberRungs(
  context: Context,
  tx: StoreTransaction,
  proof: Proof,
  channel: Channel,
): Promise<Channel[]> {
  const below = rungsUnder(context, proof, channel).filter((rung) => goesToNumber(context, proof, rung));
  const tried = proof.resends === 0 ? [] : await tx.outbox.channelsTried(proof.id, proof.epoch, context.clock.now());
  return below.filter((rung) => rung === proof.channel || !tried.includes(rung));
}

/** A choice as the claimant sees it: `id` is of this recovery alone. */
export interface Choice extends Told {
  id: string;
}

export async function choicesOf(context: Context, tx: StoreTransaction, proof: Proof): Promise<Choice[]> {
  const live = await liveCandidates(context, tx, proof);
  const told = tellApart(live.map(({ account }) => namedOf(account)));
  return live.flatMap(({ candidate }, at) => {
    const one = told[at];
    return one ? [{ id: candidate.id, ...one }] : [];
  });
}

/** How the page names the account that was chosen of several; undefined where there was nothing to choose. */
export async function chosenName(context: Context, tx: StoreTransaction, proof: Proof): Promise<Told | undefined> {
  if (proof.accountId === null) return undefined;
  const chosen = (await tx.candidates.ofProof(proof.id)).some(({ chosenAt }) => chosenAt !== null);
  const account = chosen ? await context.accounts.get(tx, proof.accountId) : undefined;
  return account && tellApart([namedOf(account)])[0];
}

function namedOf({ name, addresses }: Account): Named {
  const mailbox = addresses.find(({ kind, confirmedAt }) => kind === 'email' && confirmedAt !== null);
  return { name, email: mailbox?.canonical };
}
