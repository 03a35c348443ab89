/** The money side of a code by text: asked before it leaves, settled by what the provider said, and told what was entered. */
import type { Channel, SendOutcome } from '../rules/delivery.ts';
import { type HeldBack, PAID_CHANNELS, type PaidChannel } from '../rules/spend.ts';
import type { Message, Proof, StoreTransaction } from '../store/store.ts';
import type { Context } from './context.ts';
import type { Bought, Delivery, Prepared } from './delivery.ts';
import { guardSpend, noteEntered, noteSent, refundSpend } from './guard-spend.ts';
import { recoveryAddress } from './reachable-channels.ts';

interface Text {
  message: Message;
  proof: Proof;
  to: string;
  /** Segments. */
  parts: number;
}

/** Undefined for what costs nothing: the inbox of development. */
export async function buyText(
  context: Context,
  { texts }: Delivery,
  tx: StoreTransaction,
  { message, proof, to, parts }: Text,
): Promise<Bought | HeldBack | undefined> {
  const channel = paidChannel(message.channel);
  if (channel === undefined || texts[channel]?.paid !== true) return undefined;
  const { lane, purpose } = proof;
  // The Gateway is paid by the message, however long.
  const perSegment = channel === 'sms' ? { parts } : {};
  const now = context.clock.now();
  const askedBefore = message.reason === 'held_back';
  const answer = await guardSpend(context, tx, { channel, to, lane, purpose, now, askedBefore, ...perSegment });
  return answer.allowed ? { channel, costMicros: answer.costMicros, charge: answer.charge } : answer.heldBack;
}

/** Kept where the provider took the text, or may have taken it. */
export async function settleSpend(
  { clock }: Pick<Context, 'clock'>,
  tx: StoreTransaction,
  { to, paid }: Prepared & { do: 'text' },
  outcome: SendOutcome,
): Promise<void> {
  if (!paid) return;
  const taken = outcome.kind === 'accepted' || (outcome.kind === 'temporary' && outcome.maybeSent === true);
  if (taken) await noteSent(tx, { channel: paid.channel, to, now: clock.now(), costMicros: paid.costMicros });
  else await refundSpend(tx, paid.charge);
}

/** A code was entered: whoever reads texts sent to this prefix is a person. */
export async function noteCodeEntered(context: Context, tx: StoreTransaction, proof: Proof): Promise<void> {
  if (!context.settings.texting || proof.purpose !== 'recovery' || proof.accountId === null) return;
  const account = await context.accounts.get(tx, proof.accountId);
  for (const left of await tx.outbox.channelsOfCodes(proof.id)) {
    const channel = paidChannel(left);
    const number = channel && account ? recoveryAddress(context, account, proof, channel) : undefined;
    if (channel && number) await noteEntered(context, tx, { channel, to: number.canonical });
  }
}

function paidChannel(channel: Channel): PaidChannel | undefined {
  return PAID_CHANNELS.find((paid) => paid === channel);
}
