/** Looks up who a message with a code goes to, and writes down once what was found. */
import type { Account, Address } from '../ports.ts';
import { canRecover } from '../rules/address-trust.ts';
import { cameToNothing, isHeldUp, type MessageFate, type Over } from '../rules/delivery.ts';
import { sendableAddress } from '../rules/identifiers.ts';
import { NO_ACCOUNT_MAIL_EVERY_MS } from '../rules/limits.ts';
import type { Chat, Message, Proof, StoreTransaction } from '../store/store.ts';
import { announceByPhone } from './announce-recovery.ts';
import type { Context } from './context.ts';
import { findNumberRecipient } from './find-number-recipient.ts';
import { isOf, mayRecover } from './find-proof.ts';
import { isKnownNoMore } from './known-device.ts';
import { addressesBy, chatsOf, reachableBy, wayTo } from './reachable-channels.ts';

export type CodeKind =
  | 'recovery-code'
  | 'recovery-frozen'
  | 'address-code'
  | 'address-taken'
  | 'no-account'
  | 'registration-code'
  | 'registration-taken';
export interface Recipient {
  kind: CodeKind | 'decoy';
  to: string | undefined;
  /** For what goes to a phone. */
  over?: Over | undefined;
  chats?: readonly Chat[];
  account: Account | undefined;
  /** Of a number: the account that asks has it already, and confirms it again. */
  again?: boolean;
  earlier?: MessageFate | undefined;
}

/** Who the message goes to: always a stored address, never the typed one, except where nobody has it yet. */
export async function findRecipient(
  context: Context,
  tx: StoreTransaction,
  message: Message,
  proof: Proof,
): Promise<Recipient> {
  if (proof.identifierKind === 'phone' && proof.purpose !== 'recovery') return findNumberRecipient(context, tx, proof);
  const account = await context.accounts.findByIdentifier(tx, {
    kind: proof.identifierKind,
    canonical: proof.identifier,
  });
  const named = account ? addressesBy(context, account, proof, message.channel) : [];
  const typed =
    proof.identifierKind === 'email'
      ? sendableAddress({ typed: proof.identifierTyped, canonical: proof.identifier })
      : undefined;
  if (proof.purpose === 'address') return addressRecipient(context, tx, proof, account, { stored: named[0], typed });
  if (proof.purpose === 'registration') {
    if (proof.resolution === 'pending') await tx.proofs.resolve(proof.id, account ? 'decoy' : 'known', null, null);
    return account
      ? { kind: 'registration-taken', to: named[0]?.value, account }
      : { kind: 'registration-code', to: typed, account };
  }
  const chats = await chatsOf(context, tx, account);
  if (proof.resolution === 'pending') await resolveRecovery(context, tx, proof, account, chats);
  const stored = named.find(canRecover);
  if (proof.resolution === 'known' && account && !isOf(proof, account)) {
    // The address may be somebody else's by now: a code of the former owner's proof is none of his business.
    await tx.proofs.makeDecoy(proof.id);
    proof.resolution = 'decoy';
  }
  if (proof.resolution === 'known') {
    const way = account && wayTo(context, { account, chats }, proof, message.channel);
    const over = way?.over === 'mailbox' ? undefined : way?.over;
    if (message.channel === 'email') await doAsForNobody(context, tx, message, proof, typed);
    return { kind: 'recovery-code', to: way?.to, over, account, chats };
  }
  // Nobody is written to on a phone but the owner of a number or of a chat, and he can't tell a text without a code from one with a lure.
  if (message.channel !== 'email') return { kind: 'decoy', to: undefined, account: undefined };
  // Its owner is told why no code comes; from outside it is a mail as any other.
  const stopped = account !== undefined && !(stored && mayRecover(account, proof));
  if (stopped && named[0]) return { kind: 'recovery-frozen', to: named[0].value, account };
  if (message.kind === 'no-account') return { kind: 'no-account', to: typed, account: undefined };
  const now = context.clock.now();
  const earlier = await earlierMail(tx, message, proof.identifierMac);
  const heldUp = earlier !== undefined && isHeldUp(earlier);
  // The message of a later asking took its place, and so its mail.
  const superseded = earlier?.status === 'unneeded';
  // Only a mail that was handed over counts: where it was not, the next request fares like that of a known address.
  const everyMs = heldUp || superseded || cameToNothing(earlier?.status) ? 0 : NO_ACCOUNT_MAIL_EVERY_MS;
  const mayWrite =
    context.settings.mailUnknownAddresses &&
    account === undefined &&
    typed !== undefined &&
    (heldUp || superseded || message.kind !== 'decoy') &&
    // A flood over many addresses must not make us write to all of them.
    proof.lane !== 'waited' &&
    (await tx.noAccountMails.claim(proof.identifierMac, message.id, now, everyMs));
  // Each message to an account asks its mailbox anew. So whichever of an address without one is tried takes the place of
  // the one that is held up, which becomes a decoy: waiting for that one's own turn told them apart when the mailbox opened.
  if (mayWrite && heldUp) await tx.outbox.setKind(earlier.id, 'decoy');
  return { kind: mayWrite ? 'no-account' : 'decoy', to: typed, account: undefined, earlier };
}

/** Once for each proof, whoever else delivers a message of it at the same moment. */
async function resolveRecovery(
  context: Context,
  tx: StoreTransaction,
  proof: Proof,
  account: Account | undefined,
  chats: readonly Chat[],
): Promise<void> {
  const ways = account && mayRecover(account, proof) ? reachableBy(context, { account, chats }, proof) : [];
  const known = account !== undefined && ways.length > 0;
  const accountId = known ? account.id : null;
  const generation = account?.generation ?? null;
  const resolution = known ? 'known' : 'decoy';
  if (proof.lane === 'known-device' && (await isKnownNoMore(tx, proof))) {
    await tx.proofs.update(proof.id, { lane: 'stranger' });
    proof.lane = 'stranger';
  }
  const isFirst = await tx.proofs.resolve(proof.id, resolution, accountId, generation);
  proof.resolution = resolution;
  proof.accountId = accountId;
  proof.accountGeneration = generation;
  await recordResolved(context, tx, proof, account?.id ?? null);
  const toPhone = proof.channel !== 'email' && (!known || ways.some((way) => way !== 'email'));
  if (isFirst && toPhone) await announceByPhone(context, tx, proof, known ? account : undefined);
}

/**
 * A free address gets the code, the owner of a taken one a mail. Which account asked was written down with the request, so
 * the resolution is all that is found here.
 */
async function addressRecipient(
  context: Context,
  tx: StoreTransaction,
  proof: Proof,
  holder: Account | undefined,
  { stored, typed }: { stored: Address | undefined; typed: string | undefined },
): Promise<Recipient> {
  if (proof.resolution === 'pending') await tx.proofs.update(proof.id, { resolution: holder ? 'decoy' : 'known' });
  if (holder) return { kind: 'address-taken', to: stored?.value, account: holder };
  const asking = proof.accountId === null ? undefined : await context.accounts.get(tx, proof.accountId);
  return { kind: 'address-code', to: typed, account: asking };
}

/**
 * Connects the request with the account, for the list that its owner is shown: where it was asked for, nobody was looked up.
 * A decoy writes the same row into the same indexes.
 */
function recordResolved(context: Context, tx: StoreTransaction, proof: Proof, accountId: string | null): Promise<void> {
  return tx.audit.append({
    at: context.clock.now(),
    name: 'resolve-recovery',
    accountId,
    proofId: proof.id,
    detail: { channel: proof.channel, browser: proof.browser, askedAt: proof.createdAt },
  });
}

/**
 * An address that nobody has costs the worker a look for the mail that told its owner so, and the claim of the next one. Where that was
 * saved, sixty requests behind a recovery were faster on PostgreSQL for an address that somebody has: AUC 0.476, 5,000 a side.
 */
async function doAsForNobody(
  { settings, clock }: Context,
  tx: StoreTransaction,
  message: Message,
  proof: Proof,
  typed: string | undefined,
): Promise<void> {
  // A row of its own: should the account go, the next who asks here is told as anybody.
  const key = `${proof.identifierMac} known`;
  await earlierMail(tx, message, key);
  if (settings.mailUnknownAddresses && typed !== undefined && proof.lane !== 'waited')
    await tx.noAccountMails.claim(key, message.id, clock.now(), NO_ACCOUNT_MAIL_EVERY_MS);
}

async function earlierMail(tx: StoreTransaction, message: Message, key: string): Promise<Message | undefined> {
  const id = await tx.noAccountMails.lastMessageId(key);
  return id === undefined || id === message.id ? undefined : tx.outbox.byId(id);
}
