/** A message that carries a code, and what is written instead where it turns out to be for somebody else or nobody. */
import type { HeldAddress, Risk } from '../ports.ts';
import { isHandedOver, type LeftOut, RETRIED, wasPerhapsSent } from '../rules/delivery.ts';
import { type Unneeded, whyUnneeded } from '../rules/ladder.ts';
import { isWorthSending, stateAt } from '../rules/recovery-flow.ts';
import type { Message, Proof, StoreTransaction } from '../store/store.ts';
import { sentCode } from './account-guesses.ts';
import { announceByPhone, announceRecovery, isRecoveryByPhone } from './announce-recovery.ts';
import { renderCodeMail } from './code-mails.ts';
import { renderCodeText } from './code-texts.ts';
import type { Context } from './context.ts';
import type { Carried, Delivery, Prepared } from './delivery.ts';
import { isOf } from './find-proof.ts';
import { type CodeKind, findRecipient } from './find-recipient.ts';
import { isCurrent } from './next-rung.ts';
import { prepareForNobody } from './prepare-for-nobody.ts';
import { prepareSharedCode } from './prepare-shared-code.ts';
import { recoveryAddress, rungsBelow } from './reachable-channels.ts';
import { buyText, skipHeldBack } from './spend-on-texts.ts';
import { goesToStaleNumber } from './stale-number.ts';

export async function prepareCode(
  context: Context,
  delivery: Delivery,
  tx: StoreTransaction,
  { message, proof, risk }: { message: Message; proof: Proof; risk: Risk },
): Promise<Prepared> {
  const now = context.clock.now();
  const unneeded = await whyLetGo(tx, message, proof, now);
  if (unneeded) return { do: 'let-go', reason: unneeded };
  const state = stateAt(proof, now);
  const late = state === 'code_expired' || (state === 'code_sent' && !isWorthSending(proof.codeExpiresAt, now));
  // A message of an earlier epoch has a newer one behind it, with the code that counts.
  if (message.epoch !== proof.epoch) return { do: 'expire' };
  if (await isSuperseded(tx, message, proof, now)) return { do: 'let-go', reason: 'asked_again' };
  if (late || state !== 'code_sent') return { do: 'expire', late };
  const isBrought = await isBroughtByOther(tx, message, proof, now);
  const shared = await prepareSharedCode(context, delivery, tx, { message, proof, isBrought });
  if (shared) return shared;
  const recipient = await findRecipient(context, tx, message, proof);
  const { kind, account, chats = [] } = recipient;
  // Also where it stays what it was: for nobody it changes.
  await tx.outbox.setKind(message.id, kind);
  const code = await sentCode(context, tx, proof, now);
  const below =
    kind === 'recovery-code' && account
      ? await rungsBelow(context, tx, { account, chats }, proof, message.channel)
      : [];
  const carried = { message, proof, recipient, code, below };
  const mailbox = account && recoveryAddress(context, account, proof, 'email');
  const end = { channel: message.channel, over: recipient.over };
  const isStale = account !== undefined && goesToStaleNumber(context, { account, chats }, proof, end);
  const skipped = whySkipped(carried, { risk, mailbox, isStale, isBrought });
  if (risk === 'high' && skipped !== 'no_address' && skipped !== 'tried_before')
    await announceRisk(context, tx, carried, mailbox);
  if (skipped) return { do: 'skip', reason: skipped, below };
  return kind === 'decoy' || recipient.to === undefined
    ? prepareForNobody(context, delivery, tx, carried)
    : prepareForSomebody(context, delivery, tx, { ...carried, kind, to: recipient.to });
}

/**
 * Why the code goes on by the next way: the account lacks this one, the host speaks against it, or it is a number that was not
 * proven for long and the mailbox has not been asked yet. Whoever asks again can't read his mail, and gets the text.
 */
function whySkipped(
  { message, recipient: { kind, to }, below }: Carried,
  {
    risk,
    mailbox,
    isStale,
    isBrought,
  }: { risk: Risk; mailbox: HeldAddress | undefined; isStale: boolean; isBrought: boolean },
): LeftOut | undefined {
  if (isBrought && kind === 'recovery-code' && to !== undefined) return 'tried_before';
  if (message.channel === 'email') return undefined;
  if (to === undefined && below.length > 0) return 'no_address';
  // Also where the mailbox was written to before: asking twice is no way around it.
  if (risk === 'high' && kind === 'recovery-code' && mailbox) return 'high_risk';
  const isUnasked = message.ask === 0 && below.includes('email');
  return isStale && isUnasked && kind === 'recovery-code' ? 'stale_number' : undefined;
}

/** To the other mailboxes: this one gets the link. */
async function announceRisk(
  context: Context,
  tx: StoreTransaction,
  { proof, recipient: { kind, account } }: Carried,
  mailbox: HeldAddress | undefined,
): Promise<void> {
  const told = kind === 'recovery-code' ? account : undefined;
  await announceRecovery(context, tx, proof, told, mailbox?.canonical);
}

async function prepareForSomebody(
  context: Context,
  delivery: Delivery,
  tx: StoreTransaction,
  { message, proof, recipient, code, below, kind, to }: Carried & { kind: CodeKind; to: string },
): Promise<Prepared> {
  const { account, over = 'number' } = recipient;
  const { channel } = message;
  // The account has changed since it asked.
  if (kind === 'address-code' && !(account && isOf(proof, account))) return { do: 'expire' };
  if (code === undefined) return { do: 'fail', reason: 'key_missing' };
  // Before the money: whoever enters a code holds the recovery while he writes down that a text was worth it.
  if (isRecoveryByPhone(proof, channel)) await announceByPhone(context, tx, proof, account);
  if (channel === 'email') {
    const mail = renderCodeMail(context, delivery, kind, proof, code, account, message.locale);
    return { do: 'send', to, mail, below };
  }
  // A chat of WhatsApp is a number.
  if (kind === 'recovery-code' && (over === 'number' || channel === 'whatsapp'))
    await tx.proofs.update(proof.id, { textedAt: context.clock.now() });
  const text = renderCodeText(
    delivery,
    { kind, again: recipient.again },
    code,
    account?.locale ?? message.locale,
    over,
  );
  const bought = await buyText(context, delivery, tx, { message, proof, to, over, parts: text.segments });
  if (typeof bought !== 'string') return { do: 'text', to, over, text, paid: bought, asked: proof.channel, below };
  return skipHeldBack(bought, below);
}

/** A rung that was written while the one before was on its way. For nobody that one arrives, unless it failed. */
async function whyLetGo(
  tx: StoreTransaction,
  message: Message,
  proof: Proof,
  now: number,
): Promise<Unneeded | undefined> {
  if (message.follows === null || message.reason === RETRIED) return undefined;
  const before = await tx.outbox.byId(message.follows);
  if (message.kind === 'decoy' && before?.status !== 'failed') return 'arrived_before';
  return whyUnneeded({
    before: before?.status,
    state: stateAt(proof, now),
    isCurrent: isCurrent(message, proof),
    isTried: message.attempts > 0,
  });
}

/**
 * Whether the same code goes by this way without this rung, which nobody asked for by name: it was written while the message of
 * another asking waited, or was in a worker's hands. What only waits for an earlier asking is ended, as `queueCode` does; this one
 * goes in its place.
 */
async function isBroughtByOther(tx: StoreTransaction, message: Message, proof: Proof, now: number): Promise<boolean> {
  const { epoch, channel, ask, reason, follows } = message;
  if (
    proof.resends === 0 ||
    follows === null ||
    epoch === null ||
    ask === null ||
    reason === RETRIED ||
    isHandedOver(reason)
  )
    return false;
  // First, so that on PostgreSQL one that a worker leases at this moment is seen as that.
  await tx.outbox.supersede({ proofId: proof.id, epoch, channel, ask }, now);
  const isAsked = isCurrent(message, proof) && channel === proof.channel;
  return (await tx.outbox.isBrought(message, now)) && !isAsked && !wasPerhapsSent(reason);
}

/**
 * Somebody asked again while a worker had this message, so it was not ended then (`queueCode`): the later one goes in its
 * place, now. A mail that says "no account here" is claimed for a week by this very message, so it stays.
 */
async function isSuperseded(tx: StoreTransaction, message: Message, proof: Proof, now: number): Promise<boolean> {
  const { kind, reason } = message;
  if (isCurrent(message, proof) || kind === 'no-account' || isHandedOver(reason) || reason === RETRIED) return false;
  const later = await tx.outbox.laterAsking(message);
  if (later?.status === 'queued') await tx.outbox.hastenMessage(later.id, now);
  return later !== undefined;
}
