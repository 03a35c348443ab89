/**
 * Sends one leased message of the outbox. The identifier is resolved here, long after its request was answered, and the
 * code is derived here, so that neither the request's time nor the outbox tells anything.
 */
import type { OutgoingText, Risk } from '../ports.ts';
import {
  afterAttempt,
  afterLostAnswer,
  afterSecondDoubt,
  cameToNothing,
  fateOfDecoy,
  isHandedOver,
  isMessenger,
  type LeftOut,
  markOf,
  type NextStep,
  OUTCOME_OF_LOST_WORKER,
  reasonOfText,
  type SendOutcome,
  wasPerhapsSent,
} from '../rules/delivery.ts';
import { isPlaceholder } from '../rules/identifiers.ts';
import { type Attempted, beforeRetry, type Onward, onward } from '../rules/ladder.ts';
import { handedId } from '../rules/retry.ts';
import type { Message, StoreTransaction } from '../store/store.ts';
import { assessRisk } from './assess-risk.ts';
import type { Context } from './context.ts';
import { carrierOf, type Delivery, overForNobody, type Prepared, type Texted } from './delivery.ts';
import { refundSpend } from './guard-spend.ts';
import { goOn, holdProof, type Next, tryLeftAgain } from './next-rung.ts';
import { prepareCode } from './prepare-code.ts';
import { isMessengerNotice, prepareMessengerNotice } from './prepare-messenger-notice.ts';
import {
  isAddressNotice,
  NOTICES,
  prepareAddressNotice,
  prepareNotice,
  prepareNoticeToNobody,
} from './prepare-notice.ts';
import { prepareSupportBounce } from './prepare-support-bounce.ts';
import { prepareSupportMail } from './prepare-support-mail.ts';
import { prepareTextNotice } from './prepare-text-notice.ts';
import { recordRefusal } from './record-address-trouble.ts';
import { stopChat } from './record-chat-event.ts';
import { recordEarlyReceipts } from './record-receipt.ts';
import { settleForNobody } from './spend-of-nobody.ts';
import { settleSpend } from './spend-on-texts.ts';

/** What an attempt came to; a message that was given up without one was not attempted. */
type Attempt = SendOutcome | 'expired' | 'unneeded';
type Fate = Parameters<StoreTransaction['outbox']['settle']>[1];

export async function deliverMessage(context: Context, delivery: Delivery, message: Message): Promise<void> {
  const risk = await assessRisk(context, message);
  const prepared = await context.store.transaction(async (tx) =>
    handingOver(tx, message, toSomebody(await prepare(context, delivery, tx, message, risk))),
  );
  if (prepared === undefined) {
    context.log.info('message-taken-over', { id: message.id, kind: message.kind, channel: message.channel });
    return;
  }
  const startedAt = context.clock.now();
  const outcome = await attempt(delivery, message, prepared);
  const now = context.clock.now();
  const attempts = message.attempts + (outcome === 'unneeded' ? 0 : 1);
  const next = nextWay(delivery, message, prepared, outcome, { attempts, startedAt, now });
  const step = stepAfter(message, outcome, next, { attempts, now, reports: reports(delivery, message, prepared) });
  const fate: Fate = {
    status: step.status === 'sent' && prepared.do === 'probe' ? 'suppressed' : step.status,
    attempts,
    reason: reasonOf(message, prepared, outcome),
    retryAt: retryAtOf(message, outcome, next, { attempts, now }),
    ...(step.status === 'queued' ? { dueAt: step.dueAt } : {}),
    ...(step.status === 'sent' ? { sentAt: now } : {}),
    ...(typeof outcome !== 'string' && outcome.kind === 'accepted' ? { providerId: outcome.providerId } : {}),
  };
  await context.store.transaction((tx) => settle(context, tx, message, prepared, { outcome, fate, next, now }));
  if (typeof outcome !== 'string' && outcome.kind === 'accepted' && reports(delivery, message, prepared))
    await recordEarlyReceipts(context, message, outcome.providerId);
  const isTrouble = step.status === 'failed' && !isLeftOut(prepared, next);
  context.log[isTrouble || isLost(message, prepared, step) ? 'warn' : 'info']('message', {
    id: message.id,
    kind: message.kind,
    channel: message.channel,
    status: fate.status,
    attempts,
    reason: fate.reason,
    waitedMs: now - message.createdAt,
    ...(next === undefined ? {} : { next: next.channel, nextInMs: next.inMs }),
  });
}

/** What an attempt came to, and what follows: all of it, or nothing. */
async function settle(
  context: Context,
  tx: StoreTransaction,
  message: Message,
  prepared: Prepared,
  { outcome, fate, next, now }: { outcome: Attempt; fate: Fate; next: Next | undefined; now: number },
): Promise<void> {
  const isVain =
    cameToNothing(fate.status) || (fate.status === 'queued' && isLastWay(prepared)) || isLetGoForLater(prepared);
  if (isVain) await holdProof(tx, message);
  if (prepared.do === 'text' && typeof outcome !== 'string') {
    await settleSpend(context, tx, prepared, outcome);
    await stopWhereLeft(context, tx, message, prepared, outcome);
  }
  if (prepared.do === 'probe' && prepared.texted && typeof outcome !== 'string')
    await settleForNobody(context, tx, prepared.texted, outcome);
  // Where another worker has taken it over, and settled it, it is that one who says what is next.
  if (!(await tx.outbox.settle(message.id, fate, message))) return;
  if (prepared.do === 'send' && typeof outcome !== 'string' && outcome.kind === 'permanent')
    await recordRefusal(context, tx, { id: message.id, to: prepared.to, answer: outcome.reason });
  if (next !== undefined) await goOn(context, tx, message, next, isForNobody(prepared) ? 'decoy' : 'recovery-code');
  if (isVain) await tryLeftAgain(tx, message, now);
}

/** The last one of a ladder stays, and is tried again; those above it that only failed for a moment are, too. */
function isLastWay(prepared: Prepared): boolean {
  return 'below' in prepared && prepared.below?.length === 0;
}

/** Its ladder ends here, and the later one may have ended before. */
function isLetGoForLater(prepared: Prepared): boolean {
  return prepared.do === 'let-go' && prepared.reason === 'asked_again';
}

/**
 * Where a way is left because it failed for a moment. Not what may have been taken, or was paid for: a later asking would have it
 * sent, and paid, again.
 */
function retryAtOf(
  { reason, usefulUntil }: Message,
  outcome: Attempt,
  next: Onward | undefined,
  { attempts, now }: { attempts: number; now: number },
): number | null {
  if (next?.leaves !== true || typeof outcome === 'string' || outcome.kind !== 'temporary') return null;
  if (outcome.maybeSent === true || outcome.paid === true || wasPerhapsSent(reason)) return null;
  const step = afterAttempt(outcome, attempts, usefulUntil, now);
  return step.status === 'queued' ? step.dueAt : null;
}

/** Another way was chosen on purpose, or another message goes by this one; the guard of what may be spent raises its own alarm. */
function isLeftOut(prepared: Prepared, next: Onward | undefined): boolean {
  return prepared.do === 'skip' && (next !== undefined || prepared.reason === 'tried_before');
}

/** Whether somebody waited for this and it never left. What a decoy waited for is nobody's loss. */
function isLost(
  message: Message,
  prepared: Prepared,
  { status }: { status: NextStep['status'] | 'unneeded' },
): boolean {
  if (status !== 'expired' || prepared.do === 'probe' || isForNobody(prepared)) return false;
  return prepared.do !== 'expire' || (prepared.late === true && message.kind !== 'decoy');
}

/** Blocked, or left: the messenger reaches this person no more, and the account page says so. */
async function stopWhereLeft(
  context: Context,
  tx: StoreTransaction,
  { channel }: Message,
  { to, over }: Prepared & { do: 'text' },
  outcome: SendOutcome,
): Promise<void> {
  const left = outcome.kind === 'unreachable' && outcome.stopped === true;
  if (left && over !== 'number' && isMessenger(channel))
    await stopChat(context, tx, channel, { chat: to, scopedId: null }, context.clock.now());
}

function nextWay(
  delivery: Delivery,
  message: Message,
  prepared: Prepared,
  outcome: Attempt,
  { attempts, startedAt, now }: { attempts: number; startedAt: number; now: number },
): Next | undefined {
  if (typeof outcome === 'string' || !('below' in prepared) || prepared.below === undefined) return undefined;
  const { channel } = message;
  const attempted: Attempted = {
    channel,
    // Where there is no mailbox the server was knocked at, as for nobody, and its answer is about no message.
    outcome:
      prepared.do === 'probe' && !isForNobody(prepared) ? { kind: 'unreachable', reason: 'no_address' } : outcome,
    attempts,
    tookMs: now - startedAt,
    waitedMs: now - (message.leavesAt ?? message.createdAt),
    reports: reports(delivery, message, prepared),
    isAsked: prepared.do !== 'text' || prepared.asked === undefined || prepared.asked === channel,
    below: prepared.below,
  };
  const next = onward(attempted);
  return next && { ...next, inMsIfTaken: onward({ ...attempted, outcome: TAKEN })?.inMs ?? next.inMs };
}

/** What a report may say before the answer that says otherwise, or that is lost. */
const TAKEN: SendOutcome = { kind: 'accepted', providerId: '' };

function reports(delivery: Delivery, { channel }: Message, prepared: Prepared): boolean {
  if (channel === 'email') return false;
  // Nobody has a chat, so what is done for nobody is what is done for a number.
  const over =
    prepared.do === 'text' || prepared.do === 'doubt'
      ? prepared.over
      : isForNobody(prepared)
        ? overForNobody(delivery, channel)
        : 'chat';
  return carrierOf(delivery, channel, over)?.reports === true;
}

function isForNobody(prepared: Prepared): boolean {
  return (prepared.do === 'probe' || prepared.do === 'skip') && prepared.forNobody === true;
}

/** A rung that is left behind has failed, whatever it said. */
function stepAfter(
  message: Message,
  outcome: Attempt,
  next: Onward | undefined,
  { attempts, now, reports }: { attempts: number; now: number; reports: boolean },
): NextStep | { status: 'unneeded' } {
  if (typeof outcome === 'string') return { status: outcome };
  if (next?.leaves) return { status: 'failed' };
  const { channel, reason, usefulUntil } = message;
  const times = { goesOn: next !== undefined, usefulUntil, now };
  const lost = channel === 'email' ? afterLostAnswer(outcome, reason, times) : afterSecondDoubt(outcome, reason);
  if (lost) return lost;
  return afterAttempt(beforeRetry(outcome, reports), attempts, usefulUntil, now);
}

function reasonOf(message: Message, prepared: Prepared, outcome: Attempt): string | null {
  if (prepared.do === 'let-go') return prepared.reason;
  if (typeof outcome === 'string') return message.reason;
  if (outcome.kind === 'accepted') return null;
  return message.channel === 'email' ? outcome.reason : reasonOfText(outcome, message.reason);
}

async function attempt(delivery: Delivery, message: Message, prepared: Prepared): Promise<Attempt> {
  switch (prepared.do) {
    case 'expire':
      return 'expired';
    case 'let-go':
      return 'unneeded';
    case 'fail':
      return { kind: 'permanent', reason: prepared.reason };
    case 'skip':
      return prepared.againInMs === undefined
        ? { kind: 'unreachable', reason: prepared.reason }
        : { kind: 'temporary', reason: prepared.reason, retryAfterMs: prepared.againInMs };
    case 'send':
      return delivery.mail.send({ id: handedId(message), to: prepared.to, ...prepared.mail });
    case 'text':
      return sendText(delivery, message, prepared);
    case 'doubt':
      return OUTCOME_OF_LOST_WORKER;
    case 'probe':
      if (message.channel === 'email')
        return fateOfDecoy(
          await delivery.mail.probe({
            shared: prepared.shared,
            like: prepared.like,
            likeInBytes: prepared.likeInBytes,
          }),
          prepared.earlier,
        );
      return probeText(delivery, message, prepared);
  }
}

/** Also where the channel was taken out of the settings since: nobody is written to. */
async function probeText(
  delivery: Delivery,
  message: Message,
  { texted }: Prepared & { do: 'probe' },
): Promise<SendOutcome> {
  const carrier = carrierOf(delivery, message.channel, overForNobody(delivery, message.channel));
  return (await carrier?.probe(texted && outgoing(message, texted))) ?? { kind: 'accepted', providerId: '' };
}

async function sendText(
  delivery: Delivery,
  message: Message,
  prepared: Prepared & { do: 'text' },
): Promise<SendOutcome> {
  const provider = carrierOf(delivery, message.channel, prepared.over);
  if (!provider) return { kind: 'unreachable', reason: 'not_configured' satisfies LeftOut };
  return provider.send(outgoing(message, prepared), prepared.below.length > 0);
}

function outgoing(message: Message, { to, text: { text, code, locale } }: Texted): OutgoingText {
  const { kind, usefulUntil } = message;
  return { id: handedId(message), to, text, code, kind, locale, usefulUntil };
}

async function prepare(
  context: Context,
  delivery: Delivery,
  tx: StoreTransaction,
  message: Message,
  risk: Risk,
): Promise<Prepared> {
  if (context.clock.now() >= message.usefulUntil) return { do: 'expire', late: true };
  if (isMessengerNotice(message.kind)) return prepareMessengerNotice(context, delivery, tx, message, message.kind);
  if (message.channel !== 'email' && message.address !== null) return prepareTextNotice(context, delivery, tx, message);
  if (isAddressNotice(message.kind)) return prepareAddressNotice(context, delivery, tx, message, message.kind);
  if (message.kind === 'support-bounce') return prepareSupportBounce(context, delivery, tx, message);
  if (message.proofId === null) return { do: 'expire' };
  const proof = await tx.proofs.byId(message.proofId);
  if (!proof) return { do: 'expire' };
  const notice = NOTICES.find((kind) => kind === message.kind);
  if (notice) return prepareNotice(context, delivery, tx, message, proof, notice);
  if (message.kind === 'support-not-me') return prepareSupportMail(context, delivery, tx, message, proof);
  if (message.kind === 'decoy' && message.epoch === null)
    return prepareNoticeToNobody(context, delivery, tx, message, proof);
  return prepareCode(context, delivery, tx, { message, proof, risk });
}

/** Nobody is written to at a placeholder, whoever asked for it and whether or not an account has it. */
function toSomebody(prepared: Prepared): Prepared {
  return prepared.do === 'send' && isPlaceholder(prepared.to)
    ? { do: 'probe', earlier: undefined, shared: true, forNobody: true }
    : prepared;
}

/**
 * A mail that is sent twice has the same Message-ID and costs nothing; a text leaves once, or nobody knows how often.
 * @returns undefined where it is not to be had any more: since it was leased a report has said what became of an earlier try, or
 *   the lease ran out and another worker has handed it over
 */
async function handingOver(tx: StoreTransaction, message: Message, prepared: Prepared): Promise<Prepared | undefined> {
  if (prepared.do === 'text' && isHandedOver(message.reason))
    return { do: 'doubt', over: prepared.over, below: prepared.below };
  const texted = prepared.do === 'text' ? prepared : prepared.do === 'probe' ? prepared.texted : undefined;
  if (texted === undefined || (await tx.outbox.setReason(message, markOf(message.reason)))) return prepared;
  if (prepared.do === 'text' && texted.paid) await refundSpend(tx, texted.paid.charge);
  return undefined;
}
