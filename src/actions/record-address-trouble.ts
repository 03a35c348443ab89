/** Mail to an address comes back: no promotions go there any more, it is audited, and support hears of a customer's. */
import { type AddressTrouble, enhancedStatusIn, troubleOf } from '../rules/bounces.ts';
import { canonicalEmail, maskIdentifier } from '../rules/identifiers.ts';
import { NOTICE_USEFUL_MS, SUPPORT_TOLD_EVERY_MS } from '../rules/limits.ts';
import type { Message, MessageKind, Proof, StoreTransaction } from '../store/store.ts';
import type { Context } from './context.ts';
import { newId } from './tokens.ts';

/**
 * A mail server that is the mailbox's own says while it is asked what others report later; neither need say it twice. Anything else
 * that it refuses for (a policy, a full mailbox) passes.
 */
export async function recordRefusal(
  context: Context,
  tx: StoreTransaction,
  { id, to, answer }: { id: string; to: string; answer: string },
): Promise<void> {
  const reason = enhancedStatusIn(answer);
  const { trouble } = troubleOf(reason);
  const canonical = canonicalEmail(to);
  if (reason === undefined || trouble === undefined || canonical === undefined) return;
  // Its kind was found out while it was prepared.
  const message = await tx.outbox.byId(id);
  if (message === undefined || goesToSupport(message)) return;
  const proof = message.proofId === null ? undefined : await tx.proofs.byId(message.proofId);
  await recordAddressTrouble(context, tx, { message, proof, canonical }, { trouble, reason, at: context.clock.now() });
}

/** `canonical`: the address that it went to, or was to go to. */
export interface TroubledMail {
  message: Message;
  proof: Proof | undefined;
  canonical: string;
}

export async function recordAddressTrouble(
  context: Context,
  tx: StoreTransaction,
  { message, proof, canonical }: TroubledMail,
  { trouble, reason, at }: { trouble: AddressTrouble; reason: string; at: number },
): Promise<void> {
  const identifierMac = context.keys.identifierMac({ kind: 'email', canonical });
  const masked = maskIdentifier({ kind: 'email', canonical });
  const isNews = await tx.suppressions.record({ identifierMac, kind: 'email', masked, trouble, reason, at });
  if (!isNews || trouble === 'complaint') return;
  await tx.audit.append({
    at: context.clock.now(),
    name: 'bounce-address',
    accountId: message.accountId ?? proof?.accountId ?? null,
    proofId: message.proofId,
    detail: { identifier: masked, channel: message.channel, kind: message.kind, trouble, reason },
  });
  // For nobody's address a claim that claims nothing: a refusal comes while whoever asked may watch, and costs as much.
  const isCustomers = GOES_TO[message.kind] === 'customer';
  await tellSupport(context, tx, isCustomers ? identifierMac : `${identifierMac} nobody`);
}

/**
 * Whose mailbox a mail of each kind goes to. Support is told of a customer's alone: somebody without an account can't be helped,
 * and by naming dead mailboxes anybody could fill support's. Nor is a mail to support reported to support. `no-mailbox`: what
 * goes to chats, or to nobody.
 */
const GOES_TO: Record<MessageKind, 'customer' | 'anybody' | 'support' | 'no-mailbox'> = {
  'recovery-code': 'customer',
  'no-account': 'anybody',
  'registration-code': 'anybody',
  'registration-taken': 'customer',
  'address-code': 'anybody',
  'address-taken': 'customer',
  'address-added': 'customer',
  'address-removed': 'customer',
  'address-thawed': 'customer',
  'messenger-linked': 'customer',
  'messenger-unlinked': 'customer',
  'chat-offered': 'no-mailbox',
  'chat-linked': 'no-mailbox',
  'chat-help': 'no-mailbox',
  'number-shared': 'customer',
  'password-changed': 'customer',
  'password-blocked': 'customer',
  'password-held': 'customer',
  'recovery-frozen': 'customer',
  'recovery-requested': 'customer',
  'support-not-me': 'support',
  'support-bounce': 'support',
  decoy: 'no-mailbox',
};

/** A mail to support names the proof of a customer, whose address it did not go to. */
export function goesToSupport({ kind }: Pick<Message, 'kind'>): boolean {
  return GOES_TO[kind] === 'support';
}

/** Without the proof: its newest message is what the live line shows. */
async function tellSupport(context: Context, tx: StoreTransaction, identifierMac: string): Promise<void> {
  const now = context.clock.now();
  const id = newId(context.random);
  if (!(await tx.suppressions.claimTelling(identifierMac, id, now, SUPPORT_TOLD_EVERY_MS))) return;
  await tx.outbox.insert({
    id,
    kind: 'support-bounce',
    channel: 'email',
    proofId: null,
    epoch: null,
    accountId: null,
    address: null,
    locale: 'en',
    createdAt: now,
    dueAt: now,
    usefulUntil: now + NOTICE_USEFUL_MS,
  });
}
