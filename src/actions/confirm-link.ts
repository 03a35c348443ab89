/** The owner's yes, in the session that asked: from now on this chat receives the account's codes. */
import type { Messenger } from '../rules/delivery.ts';
import { Refusal } from '../rules/errors.ts';
import type { Chat } from '../store/store.ts';
import type { Context, Origin } from './context.ts';
import { named, notifyOfMessenger } from './notify-of-messenger.ts';
import { queueChatNotice } from './queue-chat-notice.ts';
import { requireSessionIn } from './sessions.ts';
import { isId, newId } from './tokens.ts';

/**
 * @param id of the offer, as it was shown
 * @throws Refusal `invalid_credentials` without a living session; `not_found` for an offer that ended, was withdrawn or taken,
 *   or is another session's
 */
export async function confirmLink(
  context: Context,
  session: string | undefined,
  messenger: Messenger,
  id: string,
  origin: Origin,
): Promise<Chat> {
  return context.store.transaction(async (tx) => {
    const now = context.clock.now();
    const { session: current, account } = await requireSessionIn(context, tx, session);
    const offer = isId(id) ? await tx.linkTokens.take(id, current.id, now) : undefined;
    if (offer?.channel !== messenger || offer.chat === null || offer.offeredAt === null) throw new Refusal('not_found');
    const chat: Chat = {
      id: newId(context.random),
      accountId: account.id,
      channel: messenger,
      chat: offer.chat,
      scopedId: offer.scopedId,
      name: offer.name,
      consentedAt: offer.offeredAt,
      linkedAt: now,
      stoppedAt: null,
    };
    // As when an address comes or goes: what was begun before belongs to the account as it was, and the chat that this one
    // replaces may hold a living code (decision 0027).
    await tx.proofs.cancelAllOf(account.id);
    await tx.chats.link(chat);
    await tx.audit.append({
      at: now,
      name: 'link-messenger',
      accountId: account.id,
      proofId: null,
      detail: { channel: messenger, ...named(offer.name), browser: origin.browser },
    });
    const locale = account.locale ?? origin.locale;
    const said = { kind: 'chat-linked', accountId: account.id, locale, urgency: 'proven' } as const;
    await queueChatNotice(context, tx, { ...said, messenger, chat: chat.chat });
    await notifyOfMessenger(context, tx, account, 'messenger-linked', origin.locale, now);
    return chat;
  });
}
