/**
 * Sends one leased message of the outbox. The identifier is resolved here, long after its request was answered, and the
 * code is derived here, so that neither the request's time nor the outbox tells anything.
 */
import type { MessageParams, TemplateKind } from '../messages/catalog.ts';
import type { Account, Address, MailChannel, RenderedMail } from '../ports.ts';
import { deriveCode } from '../rules/codes.ts';
import {
  afterAttempt,
  cameToNothing,
  fateOfDecoy,
  isHeldUp,
  type MessageFate,
  type NextStep,
  type SendOutcome,
} from '../rules/delivery.ts';
import { isPlaceholder, maskIdentifier, sendableAddress } from '../rules/identifiers.ts';
import { NO_ACCOUNT_MAIL_EVERY_MS, NOT_ME_LIFETIME_MS } from '../rules/limits.ts';
import { isWorthSending, stateAt } from '../rules/recovery-flow.ts';
import type { Message, Proof, StoreTransaction } from '../store/store.ts';
import { assessRisk } from './assess-risk.ts';
import { confirmationToken } from './confirm-recovery.ts';
import type { Context } from './context.ts';

export interface Delivery {
  mail: MailChannel;
  render<K extends TemplateKind>(kind: K, params: MessageParams[K], locale: string): RenderedMail;
  /** Public origin of links. */
  origin: string;
}

/** What is to be done with a message: hand it over, knock without one, or give it up. */
type Prepared =
  | { do: 'send'; to: string; mail: RenderedMail }
  /** For a decoy; `earlier` is the fate of the last mail to this address. In a flood decoys share one knock. */
  | { do: 'probe'; earlier: MessageFate | undefined; shared: boolean }
  | { do: 'expire' }
  | { do: 'fail'; reason: string };

export async function deliverMessage(context: Context, delivery: Delivery, message: Message): Promise<void> {
  await assessRisk(context, message);
  const prepared = toSomebody(await context.store.transaction((tx) => prepare(context, delivery, tx, message)));
  const outcome = await attempt(delivery, message, prepared);
  const now = context.clock.now();
  const attempts = message.attempts + 1;
  const step: NextStep =
    outcome === 'expired' ? { status: 'expired' } : afterAttempt(outcome, attempts, message.usefulUntil, now);
  const status = step.status === 'sent' && prepared.do === 'probe' ? 'suppressed' : step.status;
  const reason = outcome === 'expired' ? message.reason : outcome.kind === 'accepted' ? null : outcome.reason;
  await context.store.transaction((tx) =>
    tx.outbox.settle(message.id, {
      status,
      attempts,
      reason,
      ...(step.status === 'queued' ? { dueAt: step.dueAt } : {}),
      ...(step.status === 'sent' ? { sentAt: now } : {}),
      ...(outcome !== 'expired' && outcome.kind === 'accepted' ? { providerId: outcome.providerId } : {}),
    }),
  );
  context.log[step.status === 'failed' ? 'warn' : 'info']('message', {
    id: message.id,
    kind: message.kind,
    status,
    attempts,
    reason,
    waitedMs: now - message.createdAt,
  });
}

async function attempt(delivery: Delivery, message: Message, prepared: Prepared): Promise<SendOutcome | 'expired'> {
  if (prepared.do === 'expire') return 'expired';
  if (prepared.do === 'fail') return { kind: 'permanent', reason: prepared.reason };
  if (prepared.do === 'send') return delivery.mail.send({ id: message.id, to: prepared.to, ...prepared.mail });
  return fateOfDecoy(await delivery.mail.probe({ shared: prepared.shared }), prepared.earlier);
}

async function prepare(
  context: Context,
  delivery: Delivery,
  tx: StoreTransaction,
  message: Message,
): Promise<Prepared> {
  if (context.clock.now() >= message.usefulUntil) return { do: 'expire' };
  if (message.kind === 'address-added' || message.kind === 'address-removed')
    return prepareAddressNotice(context, delivery, tx, message, message.kind);
  if (message.proofId === null) return { do: 'expire' };
  const proof = await tx.proofs.byId(message.proofId);
  if (!proof) return { do: 'expire' };
  if (message.kind === 'password-changed' || message.kind === 'password-blocked')
    return prepareNotice(context, delivery, message, proof);
  return prepareCode(context, delivery, tx, message, proof);
}

/** Nobody is written to at a placeholder, whoever asked for it and whether or not an account has it. */
function toSomebody(prepared: Prepared): Prepared {
  return prepared.do === 'send' && isPlaceholder(prepared.to)
    ? { do: 'probe', earlier: undefined, shared: true }
    : prepared;
}

function prepareNotice(context: Context, delivery: Delivery, message: Message, proof: Proof): Prepared {
  if (message.address === null) return { do: 'fail', reason: 'no_address' };
  const account = maskIdentifier({ kind: 'email', canonical: message.address });
  const at = message.createdAt;
  const mail =
    message.kind === 'password-changed'
      ? delivery.render(
          'password-changed',
          {
            account,
            changedAt: at,
            browser: proof.browser,
            notMeUrl: `${delivery.origin}/recover/not-me/${context.keys.sign('not-me', proof.id)}`,
            notMeHours: NOT_ME_LIFETIME_MS / 3_600_000,
          },
          message.locale,
        )
      : delivery.render('password-blocked', { account, at, recoverUrl: `${delivery.origin}/recover` }, message.locale);
  return { do: 'send', to: message.address, mail };
}

/** What happened stands in the audit event that was written with the notice. */
async function prepareAddressNotice(
  context: Context,
  delivery: Delivery,
  tx: StoreTransaction,
  message: Message,
  kind: 'address-added' | 'address-removed',
): Promise<Prepared> {
  if (message.address === null || message.accountId === null) return { do: 'fail', reason: 'no_address' };
  const name = kind === 'address-added' ? 'add-address' : 'remove-address';
  const events = await tx.audit.pageOf(message.accountId, [name], ADDRESS_EVENTS_READ);
  const event = events.find(({ at }) => at === message.createdAt);
  const account = await context.accounts.get(tx, message.accountId);
  if (!event || !account) return { do: 'expire' };
  const params = {
    address: String(event.detail.address),
    at: event.at,
    browser: String(event.detail.browser),
    recoverUrl: `${delivery.origin}/recover`,
  };
  const mail =
    kind === 'address-added'
      ? delivery.render(kind, { ...params, account: nameOf(account) }, message.locale)
      : delivery.render(kind, params, message.locale);
  return { do: 'send', to: message.address, mail };
}

/** More than anybody adds or removes within the day that a notice is tried for. */
const ADDRESS_EVENTS_READ = 200;

/** How a message names an account to somebody who may be a stranger: by its first address, masked. */
function nameOf(account: Account): string {
  const first = account.addresses.find(({ confirmedAt }) => confirmedAt !== null);
  return first ? maskIdentifier(first) : '***';
}

async function prepareCode(
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
  const { kind, to, account, earlier } = await recipient(context, tx, message, proof);
  if (kind !== message.kind) await tx.outbox.setKind(message.id, kind);
  if (kind === 'decoy' || to === undefined) return { do: 'probe', earlier, shared: proof.lane === 'waited' };
  // The address may be somebody else's by now: a code of the former owner's proof is none of his business.
  const changed = account?.id !== proof.accountId || account?.generation !== proof.accountGeneration;
  if ((kind === 'recovery-code' || kind === 'address-code') && changed) return { do: 'expire' };

  const code = codeOf(context, proof);
  if (code === undefined) return { do: 'fail', reason: 'key_missing' };
  const mail = renderCode(context, delivery, kind, proof, code, account, message.locale);
  return { do: 'send', to, mail };
}

type CodeKind =
  | 'recovery-code'
  | 'address-code'
  | 'address-taken'
  | 'no-account'
  | 'registration-code'
  | 'registration-taken';
interface Recipient {
  kind: CodeKind | 'decoy';
  to: string | undefined;
  account: Account | undefined;
  earlier?: MessageFate | undefined;
}

/** Who the message goes to: always a stored address, never the typed one, except where nobody has it yet. */
async function recipient(context: Context, tx: StoreTransaction, message: Message, proof: Proof): Promise<Recipient> {
  const account = await context.accounts.findByIdentifier(tx, {
    kind: proof.identifierKind,
    canonical: proof.identifier,
  });
  const stored = account && deliverableAddress(account, proof);
  const typed =
    proof.identifierKind === 'email'
      ? sendableAddress({ typed: proof.identifierTyped, canonical: proof.identifier })
      : undefined;
  if (proof.purpose === 'address') return addressRecipient(context, tx, proof, account, { stored, typed });
  if (proof.purpose === 'registration') {
    if (proof.resolution === 'pending') await tx.proofs.resolve(proof.id, account ? 'decoy' : 'known', null, null);
    return account
      ? { kind: 'registration-taken', to: stored?.value, account }
      : { kind: 'registration-code', to: typed, account };
  }
  if (proof.resolution === 'pending') {
    const accountId = stored ? account.id : null;
    await tx.proofs.resolve(proof.id, stored ? 'known' : 'decoy', accountId, account?.generation ?? null);
    proof.accountId = accountId;
    proof.accountGeneration = account?.generation ?? null;
    await recordResolved(context, tx, proof, accountId);
  }
  const known = proof.resolution === 'pending' ? stored !== undefined : proof.resolution === 'known';
  if (known) return { kind: 'recovery-code', to: stored?.value, account };
  if (message.kind === 'no-account') return { kind: 'no-account', to: typed, account: undefined };
  const now = context.clock.now();
  const earlier = await earlierMail(tx, message, proof);
  const heldUp = earlier !== undefined && isHeldUp(earlier);
  // Only a mail that was handed over counts: where it was not, the next request fares like that of a known address.
  const everyMs = heldUp || cameToNothing(earlier?.status) ? 0 : NO_ACCOUNT_MAIL_EVERY_MS;
  const mayWrite =
    context.settings.mailUnknownAddresses &&
    typed !== undefined &&
    (heldUp || message.kind !== 'decoy') &&
    // A flood over many addresses must not make us write to all of them.
    proof.lane !== 'waited' &&
    (await tx.noAccountMails.claim(proof.identifierMac, message.id, now, everyMs));
  // Each message to an account asks its mailbox anew. So whichever of an address without one is tried takes the place of
  // the one that is held up, which becomes a decoy: waiting for that one's own turn told them apart when the mailbox opened.
  if (mayWrite && heldUp) await tx.outbox.setKind(earlier.id, 'decoy');
  return { kind: mayWrite ? 'no-account' : 'decoy', to: typed, account: undefined, earlier };
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

async function earlierMail(tx: StoreTransaction, message: Message, proof: Proof): Promise<Message | undefined> {
  const id = await tx.noAccountMails.lastMessageId(proof.identifierMac);
  return id === undefined || id === message.id ? undefined : tx.outbox.byId(id);
}

/** The confirmed address that was named; for a phone number without a phone channel, the account's first mailbox. */
function deliverableAddress(account: Account, proof: Proof): Address | undefined {
  return account.addresses.find(
    (address) =>
      address.kind === 'email' &&
      address.confirmedAt !== null &&
      (proof.identifierKind === 'phone' || address.canonical === proof.identifier),
  );
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
