/** The money side of a code by text: asked before it leaves, settled by what the provider said, and told what was entered. */
import {
  type Channel,
  isHandedOver,
  lastWordOf,
  type Over,
  type SendOutcome,
  wasPerhapsSent,
} from '../rules/delivery.ts';
import {
  CODES,
  codesOf,
  HELD_BACK_WAIT_MS,
  type HeldBack,
  mayFree,
  PAID_CHANNELS,
  type PaidChannel,
  spenderOf,
} from '../rules/spend.ts';
import type { Message, Proof, StoreTransaction } from '../store/store.ts';
import type { Context } from './context.ts';
import { type Bought, carrierOf, type Delivery, type Prepared, type Texted } from './delivery.ts';
import { guardSpend, noteEntered, noteSent, type PaidSend, refundSpend } from './guard-spend.ts';
import { chatsOf, wayTo } from './reachable-channels.ts';

export interface Text {
  message: Message;
  over: Over;
  to: string;
  /** Segments. */
  parts: number;
}

/** Undefined for what costs nothing: a bot of Telegram's, and the inbox of development. */
export function buyText(
  context: Context,
  delivery: Delivery,
  tx: StoreTransaction,
  text: Text & { proof: Proof },
): Promise<Bought | HeldBack | undefined> {
  const { lane, purpose, network } = text.proof;
  return buy(context, delivery, tx, text, { lane, purpose, network, outcome: codesOf(spenderOf(lane, purpose)).sent });
}

/** Of what happened to an account. @returns as `buyText` */
export function buyNotice(
  context: Context,
  delivery: Delivery,
  tx: StoreTransaction,
  text: Text,
): Promise<Bought | HeldBack | undefined> {
  return buy(context, delivery, tx, text, { lane: 'stranger', purpose: 'notice', outcome: 'notice' });
}

async function buy(
  context: Context,
  delivery: Delivery,
  tx: StoreTransaction,
  { message, to, over, parts }: Text,
  { outcome, ...by }: Pick<PaidSend, 'lane' | 'purpose' | 'network'> & Pick<Bought, 'outcome'>,
): Promise<Bought | HeldBack | undefined> {
  // Paid for when it was handed over.
  if (isHandedOver(message.reason)) return undefined;
  const channel = paidChannel(message.channel);
  if (channel === undefined || carrierOf(delivery, channel, over)?.paid !== true) return undefined;
  // The Gateway is paid by the message, however long.
  const perSegment = channel === 'sms' ? { parts } : {};
  const now = context.clock.now();
  const askedBefore = lastWordOf(message.reason) === 'held_back';
  const countedBefore = wasPerhapsSent(message.reason);
  const send = { channel, to, ...by, now, askedBefore, countedBefore, ...perSegment };
  const answer = await guardSpend(context, tx, send);
  return answer.allowed ? { channel, outcome, costMicros: answer.costMicros, charge: answer.charge } : answer.heldBack;
}

/** By the next way; where there is none, again, in so far as waiting helps. */
export function skipHeldBack(
  heldBack: HeldBack,
  below: Channel[],
  waitMs = HELD_BACK_WAIT_MS,
): Prepared & { do: 'skip' } {
  const againInMs = below.length === 0 && mayFree(heldBack) ? waitMs : undefined;
  return { do: 'skip', reason: 'held_back', below, againInMs };
}

/** Kept where the provider took the text or its fee, or may have taken it; not where that fee was paid by an earlier try. */
export async function settleSpend(
  { clock }: Pick<Context, 'clock'>,
  tx: StoreTransaction,
  { to, paid }: Pick<Texted, 'to' | 'paid'>,
  outcome: SendOutcome,
): Promise<void> {
  if (!paid) return;
  const taken =
    outcome.paid ?? (outcome.kind === 'accepted' || (outcome.kind === 'temporary' && outcome.maybeSent === true));
  const { channel, costMicros, outcome: counted } = paid;
  if (taken) await noteSent(tx, { channel, to, now: clock.now(), costMicros, outcome: counted });
  else await refundSpend(tx, paid.charge);
}

/**
 * A code was entered: whoever reads texts sent to this prefix is a person. Also where it is not known whether its text left: it is
 * counted as sent, and people may have read it.
 */
export async function noteCodeEntered(context: Context, tx: StoreTransaction, proof: Proof): Promise<void> {
  const { texting, messengers } = context.settings;
  if (texting === undefined && messengers.length === 0) return;
  // A registration, or a number that is added, is written to the number that was typed.
  if (proof.purpose !== 'recovery') {
    const to = proof.identifier;
    if (proof.identifierKind === 'phone')
      await noteEntered(context, tx, { channel: 'sms', to }, CODES.newcomer.entered);
    return;
  }
  if (proof.accountId === null) return;
  const account = await context.accounts.get(tx, proof.accountId);
  const chats = await chatsOf(context, tx, account);
  for (const left of await tx.outbox.channelsPerhapsLeft(proof.id)) {
    const channel = paidChannel(left);
    const way = channel && account ? wayTo(context, { account, chats }, proof, channel) : undefined;
    if (channel && way) await noteEntered(context, tx, { channel, to: way.to });
  }
}

function paidChannel(channel: Channel): PaidChannel | undefined {
  return PAID_CHANNELS.find((paid) => paid === channel);
}
