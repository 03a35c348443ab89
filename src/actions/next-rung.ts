/** The next way of a code: the same epoch, in a row of its own, beside the message that it stands in for. */
import type { Account } from '../ports.ts';
import type { Channel } from '../rules/delivery.ts';
import type { Onward } from '../rules/ladder.ts';
import { SEND_JITTER_MS } from '../rules/limits.ts';
import { stateAt } from '../rules/recovery-flow.ts';
import type { Message, Proof, StoreTransaction } from '../store/store.ts';
import { announceRecovery } from './announce-recovery.ts';
import type { Context } from './context.ts';
import { chatsOf, rungsBelow } from './reachable-channels.ts';
import { isShared, numberRungs } from './shared-number.ts';
import { newId } from './tokens.ts';

/** The next way, and when it is due where a report says that the provider has the message after all. */
export type Next = Onward & { inMsIfTaken: number };

/**
 * After the message was settled, in the same transaction. A report may have been faster: what arrived needs no rung, what
 * was refused meanwhile needs it at once, and what left is waited for, as it is without a lost answer. `kind` decoy: for
 * nobody, so that a known number is no more work than an unknown one.
 */
export async function goOn(
  context: Context,
  tx: StoreTransaction,
  message: Message,
  { channel, inMs, inMsIfTaken }: Next,
  kind: 'recovery-code' | 'decoy',
): Promise<void> {
  const status = (await tx.outbox.byId(message.id))?.status;
  if (status === undefined || status === 'delivered') return;
  const dueInMs = status === 'bounced' ? 0 : status === 'sent' ? inMsIfTaken : inMs;
  await queueRung(context, tx, message, channel, { kind, inMs: dueInMs });
}

/** After a provider reported that a message did not arrive. The rung that stands ready is due; where none does, it is written. */
export async function goOnAfterFailure(context: Context, tx: StoreTransaction, message: Message): Promise<void> {
  const now = context.clock.now();
  if (message.kind !== 'recovery-code' || message.proofId === null || (await tx.outbox.hasten(message.id, now))) return;
  const proof = await tx.proofs.byId(message.proofId);
  if (!proof || !isCurrent(message, proof) || stateAt(proof, now) !== 'code_sent') return;
  const account = await accountOf(context, tx, proof);
  const [channel] = account
    ? await rungsBelow(context, tx, { account, chats: await chatsOf(context, tx, account) }, proof, message.channel)
    : isShared(proof)
      ? await numberRungs(context, tx, proof, message.channel)
      : [];
  if (channel !== undefined) return queueRung(context, tx, message, channel, { kind: 'recovery-code', inMs: 0 });
  await holdProof(tx, message);
  await tryLeftAgain(tx, message, now);
}

/**
 * A ladder has come to its end, or stays at its last rung, and nothing arrived: the ways that only failed for a moment may work by now.
 * They are tried again, each in its own steps, until the code is of no use.
 */
export async function tryLeftAgain(tx: StoreTransaction, { proofId, epoch }: Message, now: number): Promise<void> {
  if (proofId !== null && epoch !== null) await tx.outbox.requeueLeft(proofId, epoch, now);
}

/** Before anything else is locked: of two messages of a code that end at one moment, the second one has to see that the first has. */
export async function holdProof(tx: StoreTransaction, { proofId, epoch }: Message): Promise<void> {
  if (proofId !== null && epoch !== null) await tx.proofs.byId(proofId, { lock: true });
}

/** Whether the message carries today's code, and nobody has asked again since: that began a ladder of its own. */
export function isCurrent({ epoch, ask }: Message, proof: Proof): boolean {
  return epoch === proof.epoch && (ask === null || ask === proof.resends);
}

async function accountOf(context: Context, tx: StoreTransaction, proof: Proof): Promise<Account | undefined> {
  return proof.resolution === 'known' && proof.accountId !== null
    ? context.accounts.get(tx, proof.accountId)
    : undefined;
}

async function queueRung(
  context: Context,
  tx: StoreTransaction,
  message: Message,
  channel: Channel,
  { kind, inMs }: { kind: 'recovery-code' | 'decoy'; inMs: number },
): Promise<void> {
  const now = context.clock.now();
  const { proofId, epoch, accountId, address, locale, usefulUntil, askedAt, leavesAt, ask, urgency } = message;
  const isNew = await tx.outbox.insertRung({
    id: newId(context.random),
    kind,
    channel,
    proofId,
    epoch,
    accountId,
    address,
    locale,
    createdAt: now,
    dueAt: now + inMs + context.random.below(SEND_JITTER_MS),
    usefulUntil,
    askedAt,
    leavesAt,
    ask,
    follows: message.id,
    urgency,
  });
  if (isNew && kind === 'recovery-code' && message.channel === 'email') await tellMailboxes(context, tx, message);
}

/** What was asked for by mail goes to a phone, which may be read by whoever has it now: the other mailboxes can stop it (R70). */
async function tellMailboxes(context: Context, tx: StoreTransaction, { proofId }: Message): Promise<void> {
  const proof = proofId === null ? undefined : await tx.proofs.byId(proofId);
  const account = proof && (await accountOf(context, tx, proof));
  if (proof && account) await announceRecovery(context, tx, proof, account, proof.identifier);
}
