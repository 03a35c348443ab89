/** The owner takes a messenger away: it receives nothing any more. */
import type { Messenger } from '../rules/delivery.ts';
import { Refusal } from '../rules/errors.ts';
import type { Chat } from '../store/store.ts';
import { checkPassword } from './check-password.ts';
import type { Context, Origin } from './context.ts';
import { named, notifyOfMessenger } from './notify-of-messenger.ts';
import { requireSession, requireSessionIn } from './sessions.ts';

/**
 * @throws Refusal `invalid_credentials` without a living session, and for the field `password` where it is wrong; `not_found`
 *   where it is not linked; `rate_limited`, `unavailable`
 */
export async function unlinkMessenger(
  context: Context,
  session: string | undefined,
  messenger: Messenger,
  password: string,
  origin: Origin,
): Promise<Chat> {
  const { account } = await requireSession(context, session);
  const linked = await context.store.transaction((tx) => tx.chats.ofAccount(account.id));
  if (!linked.some(({ channel }) => channel === messenger)) throw new Refusal('not_found');
  await checkPassword(context, account, password, origin);
  return context.store.transaction(async (tx) => {
    const now = context.clock.now();
    const current = await requireSessionIn(context, tx, session);
    if (current.account.generation !== account.generation) throw new Refusal('invalid_credentials');
    // The chat may hold a living code (decision 0027).
    await tx.proofs.cancelAllOf(account.id);
    const chat = await tx.chats.unlink(account.id, messenger);
    if (chat === undefined) throw new Refusal('not_found');
    await tx.audit.append({
      at: now,
      name: 'unlink-messenger',
      accountId: account.id,
      proofId: null,
      detail: { channel: messenger, ...named(chat.name), browser: origin.browser },
    });
    await notifyOfMessenger(context, tx, account, 'messenger-unlinked', origin.locale, now);
    return chat;
  });
}
