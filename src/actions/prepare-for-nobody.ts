/** What the worker does in the place of a message that there is nobody to send to: all of it but the message (decision 0046). */
import type { Channel } from '../rules/delivery.ts';
import { exampleNumber } from '../rules/destinations.ts';
import type { Message, Proof, StoreTransaction } from '../store/store.ts';
import { announceByPhone, isRecoveryByPhone } from './announce-recovery.ts';
import { renderCodeMail } from './code-mails.ts';
import { renderCodeText } from './code-texts.ts';
import type { Context } from './context.ts';
import { type Carried, type Delivery, overForNobody, type Prepared } from './delivery.ts';
import { rungsOfNobody } from './reachable-channels.ts';
import { buyForNobody } from './spend-of-nobody.ts';
import { skipHeldBack } from './spend-on-texts.ts';

export async function prepareForNobody(
  context: Context,
  delivery: Delivery,
  tx: StoreTransaction,
  { message, proof, recipient: { kind, earlier }, code, below }: Carried,
): Promise<Prepared> {
  const { channel, locale } = message;
  const forNobody = kind === 'decoy';
  if (forNobody && isRecoveryByPhone(proof, channel)) return textNobody(context, delivery, tx, message, proof, code);
  const shared = proof.lane === 'waited';
  // Writing a mail takes the worker a few milliseconds, which whoever asks next would miss.
  const like =
    channel === 'email' && !shared
      ? renderCodeMail(context, delivery, 'recovery-code', proof, code ?? '', undefined, locale)
      : undefined;
  return { do: 'probe', earlier, shared, like, likeInBytes: true, forNobody, below };
}

/** All that a text to somebody takes, but the text. */
async function textNobody(
  context: Context,
  delivery: Delivery,
  tx: StoreTransaction,
  message: Message,
  proof: Proof,
  code = '',
): Promise<Prepared> {
  const { channel, locale } = message;
  const below = await rungsOfNobody(context, tx, proof, channel);
  const over = overForNobody(delivery, channel);
  const to = over === 'number' ? numberForNobody(context, proof) : chatForNobody(context, proof, channel);
  await announceByPhone(context, tx, proof, undefined);
  if (over === 'number' || channel === 'whatsapp') await tx.proofs.update(proof.id, { textedAt: context.clock.now() });
  const text = renderCodeText(delivery, { kind: 'recovery-code' }, code, locale, over);
  const parts = text.segments;
  const bought = await buyForNobody(context, delivery, tx, { message, proof, to, over, parts });
  if (typeof bought === 'string') return { ...skipHeldBack(bought, below), forNobody: true };
  // A flood must not cost the calls that only those notice who ask on a quiet server.
  const shared = proof.lane === 'waited';
  const texted = shared ? undefined : { to, over, text, paid: bought };
  return { do: 'probe', earlier: undefined, shared, texted, forNobody: true, below };
}

/** The number that was typed, or one as an account with that address could have. */
function numberForNobody({ settings: { texting } }: Context, { identifierKind, identifier }: Proof): string {
  if (identifierKind === 'phone') return identifier;
  return exampleNumber(texting === undefined || texting.countries === 'all' ? 'US' : texting.countries[0]);
}

/** As the messenger calls a chat; nothing leaves to it. */
function chatForNobody(context: Context, proof: Proof, channel: Channel): string {
  if (channel === 'whatsapp') return numberForNobody(context, proof);
  const chat = proof.identifierMac.slice(0, 16);
  return channel === 'telegram' ? String(1 + Number.parseInt(chat.slice(0, 8), 16)) : chat;
}
