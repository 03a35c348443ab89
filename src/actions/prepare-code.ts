/** A message that carries a code, and what is written instead where it turns out to be for somebody else or nobody. */
import type { Account, RenderedMail, Risk } from '../ports.ts';
import { RETRIED } from '../rules/delivery.ts';
import { maskIdentifier } from '../rules/identifiers.ts';
import { type Unneeded, whyUnneeded } from '../rules/ladder.ts';
import { isWorthSending, stateAt } from '../rules/recovery-flow.ts';
import { mayFree } from '../rules/spend.ts';
import type { Message, Proof, StoreTransaction } from '../store/store.ts';
import { sentCode } from './account-guesses.ts';
import { announceRecovery } from './announce-recovery.ts';
import { renderCodeText } from './code-texts.ts';
import { confirmationToken } from './confirm-recovery.ts';
import type { Context } from './context.ts';
import { type Delivery, nameOf, type Prepared } from './delivery.ts';
import { type CodeKind, findRecipient } from './find-recipient.ts';
import { isCurrent } from './next-rung.ts';
import { prepareSharedCode } from './prepare-shared-code.ts';
import { recoveryAddress, rungsBelow, rungsOfNobody } from './reachable-channels.ts';
import { buyText } from './spend-on-texts.ts';

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
  if (late || state !== 'code_sent') return { do: 'expire', late };
  const shared = await prepareSharedCode(context, delivery, tx, message, proof);
  if (shared) return shared;
  const { kind, to, over, account, chats = [], earlier } = await findRecipient(context, tx, message, proof);
  if (kind !== message.kind) await tx.outbox.setKind(message.id, kind);
  const { channel } = message;
  const code = await sentCode(context, tx, proof, now);
  // Also one that was begun by email: whoever reads the texts now may have none of the mailboxes.
  const isRecoveryByPhone = proof.purpose === 'recovery' && channel !== 'email';
  const below =
    kind === 'recovery-code' && account ? await rungsBelow(context, tx, { account, chats }, proof, channel) : [];
  if (channel !== 'email' && to === undefined && below.length > 0) return { do: 'skip', reason: 'no_address', below };
  // Also where the mailbox was written to before: asking twice is no way around it.
  const mailbox = account && recoveryAddress(context, account, proof, 'email');
  const changed = account?.id !== proof.accountId || account?.generation !== proof.accountGeneration;
  if (risk === 'high') {
    const told = kind === 'recovery-code' && !changed ? account : undefined;
    await announceRecovery(context, tx, proof, told, mailbox?.canonical);
  }
  if (risk === 'high' && channel !== 'email' && kind === 'recovery-code' && mailbox)
    return { do: 'skip', reason: 'high_risk', below };
  if (kind === 'decoy' || to === undefined) {
    const forNobody = kind === 'decoy';
    if (forNobody && isRecoveryByPhone) await announceRecovery(context, tx, proof, undefined);
    const shown = forNobody && channel !== 'email' ? rungsOfNobody(context, proof, channel) : below;
    const shared = proof.lane === 'waited';
    // Writing a mail takes the worker a few milliseconds, which whoever asks next would miss.
    const like =
      channel === 'email' && !shared
        ? renderCode(context, delivery, 'recovery-code', proof, code ?? '', undefined, message.locale)
        : undefined;
    return { do: 'probe', earlier, shared, like, forNobody, below: shown };
  }
  // The address may be somebody else's by now: a code of the former owner's proof is none of his business.
  if ((kind === 'recovery-code' || kind === 'address-code') && changed) return { do: 'expire' };

  if (code === undefined) return { do: 'fail', reason: 'key_missing' };
  // Before the money: whoever enters a code holds the recovery while he writes down that a text was worth it.
  if (isRecoveryByPhone) await announceRecovery(context, tx, proof, account);
  if (channel !== 'email') {
    const by = over ?? 'number';
    const text = renderCodeText(delivery, kind, code, account?.locale ?? message.locale, by);
    const bought = await buyText(context, delivery, tx, { message, proof, to, over: by, parts: text.segments });
    if (typeof bought !== 'string') return { do: 'text', to, over: by, text, paid: bought, below };
    return { do: 'skip', reason: 'held_back', below, again: below.length === 0 && mayFree(bought) };
  }
  const mail = renderCode(context, delivery, kind, proof, code, account, message.locale);
  return { do: 'send', to, mail, below };
}

/** A rung that was written while the one before was on its way. For nobody it ends the same, after the same looks. */
async function whyLetGo(
  tx: StoreTransaction,
  message: Message,
  proof: Proof,
  now: number,
): Promise<Unneeded | undefined> {
  if (message.follows === null || message.reason === RETRIED) return undefined;
  const before = await tx.outbox.byId(message.follows);
  if (message.kind === 'decoy') return 'arrived_before';
  return whyUnneeded({ before: before?.status, state: stateAt(proof, now), isCurrent: isCurrent(message, proof) });
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
