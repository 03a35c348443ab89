/** A message that carries a code, and what is written instead where it turns out to be for somebody else or nobody. */
import type { Account, RenderedMail } from '../ports.ts';
import { deriveCode } from '../rules/codes.ts';
import { maskIdentifier } from '../rules/identifiers.ts';
import { isWorthSending, stateAt } from '../rules/recovery-flow.ts';
import type { Message, Proof, StoreTransaction } from '../store/store.ts';
import { renderCodeText } from './code-texts.ts';
import { confirmationToken } from './confirm-recovery.ts';
import type { Context } from './context.ts';
import { type Delivery, nameOf, type Prepared } from './delivery.ts';
import { type CodeKind, findRecipient } from './find-recipient.ts';
import { rungsBelow } from './reachable-channels.ts';
import { buyText } from './spend-on-texts.ts';

export async function prepareCode(
  context: Context,
  delivery: Delivery,
  tx: StoreTransaction,
  message: Message,
  proof: Proof,
): Promise<Prepared> {
  const now = context.clock.now();
  const useful = stateAt(proof, now) === 'code_sent' && isWorthSending(proof.codeExpiresAt, now);
  // A message of an earlier epoch has a newer one behind it, with the code that counts.
  if (!useful || message.epoch !== proof.epoch) return { do: 'expire' };
  const { kind, to, account, earlier } = await findRecipient(context, tx, message, proof);
  if (kind !== message.kind) await tx.outbox.setKind(message.id, kind);
  const below = kind === 'recovery-code' && account ? rungsBelow(context, account, proof, message.channel) : [];
  if (to === undefined && below.length > 0) return { do: 'skip', reason: 'no_address', below };
  if (kind === 'decoy' || to === undefined) return { do: 'probe', earlier, shared: proof.lane === 'waited' };
  // The address may be somebody else's by now: a code of the former owner's proof is none of his business.
  const changed = account?.id !== proof.accountId || account?.generation !== proof.accountGeneration;
  if ((kind === 'recovery-code' || kind === 'address-code') && changed) return { do: 'expire' };

  const code = codeOf(context, proof);
  if (code === undefined) return { do: 'fail', reason: 'key_missing' };
  if (message.channel !== 'email') {
    const text = renderCodeText(delivery, kind, code, account?.locale ?? message.locale);
    const bought = await buyText(context, delivery, tx, { message, proof, to, parts: text.segments });
    return bought === 'held_back'
      ? { do: 'skip', reason: bought, below }
      : { do: 'text', to, text, paid: bought, below };
  }
  const mail = renderCode(context, delivery, kind, proof, code, account, message.locale);
  return { do: 'send', to, mail };
}

function codeOf(context: Context, proof: Proof): string | undefined {
  const key = context.keys.codeKeyById(proof.keyId);
  const shape = { format: proof.codeFormat, length: proof.codeLength };
  return key && deriveCode(key, proof.purpose, proof.id, proof.epoch, shape);
}

function renderCode(
  context: Context,
  delivery: Delivery,
  kind: CodeKind,
  proof: Proof,
  code: string,
  account: Account | undefined,
  fallbackLocale: string,
): RenderedMail {
  const { origin } = delivery;
  const request = { requestedAt: proof.createdAt, browser: proof.browser };
  const masked = maskIdentifier({ kind: proof.identifierKind, canonical: proof.identifier });
  const links = { recoverUrl: `${origin}/recover`, signInUrl: `${origin}/sign-in`, registerUrl: `${origin}/register` };
  const locale = account?.locale ?? fallbackLocale;
  const accountName = account ? nameOf(account) : '';
  const minutes = wholeMinutes(proof.codeExpiresAt - context.clock.now());
  switch (kind) {
    case 'recovery-code': {
      const cancelUrl = `${origin}/recover/cancel/${context.keys.sign('cancel', proof.id)}`;
      const confirmUrl = `${origin}/recover/confirm#${confirmationToken(context, proof)}`;
      const params = { ...request, minutes, account: masked, cancelUrl, confirmUrl };
      return proof.carries === 'link'
        ? delivery.render('recovery-link', params, locale)
        : delivery.render(kind, { ...params, code }, locale);
    }
    case 'recovery-frozen':
      return delivery.render(kind, { ...request, recoverUrl: links.recoverUrl, address: masked }, locale);
    case 'no-account':
      return delivery.render(kind, { ...request, ...links, address: masked }, locale);
    case 'registration-code':
      return delivery.render(kind, { ...request, code, minutes, address: masked }, locale);
    case 'address-code':
      return delivery.render(kind, { ...request, code, minutes, address: masked, account: accountName }, locale);
    case 'address-taken':
    case 'registration-taken':
      return delivery.render(kind, { ...request, ...links, address: masked }, locale);
  }
}

/** Promises no minute that isn't there; the second that the message waited is forgiven. */
function wholeMinutes(leftMs: number): number {
  return Math.max(1, Math.floor((leftMs + 2_000) / 60_000));
}
