import type { Account, RenderedMail } from '../ports.ts';
import { maskIdentifier } from '../rules/identifiers.ts';
import type { Proof } from '../store/store.ts';
import { confirmationToken } from './confirm-recovery.ts';
import type { Context } from './context.ts';
import { type Delivery, nameOf } from './delivery.ts';
import type { CodeKind } from './find-recipient.ts';

/** What a mail of a proof says, by its kind. `account` is whose code it is; undefined for nobody's. */
export function renderCodeMail(
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
