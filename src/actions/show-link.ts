/** What became of a link that this session asked for. */
import type { Messenger } from '../rules/delivery.ts';
import type { Context } from './context.ts';
import { requireSessionIn, requireSessionToRead } from './sessions.ts';

/**
 * waiting: nobody has opened the link in the messenger and agreed there. offered: somebody has, as `name`, and the owner is
 * asked whether that was he. ended: there is no such link, or its time is over.
 */
export type LinkView =
  | { state: 'waiting'; tokenDigest: string; expiresAt: number }
  | { state: 'offered'; id: string; name: string | null; expiresAt: number }
  | { state: 'ended' };

/** @throws Refusal `invalid_credentials` without a living session */
export async function showLink(context: Context, session: string | undefined, messenger: Messenger): Promise<LinkView> {
  return context.store.transaction(async (tx) => {
    const { session: current } = await requireSessionToRead(context, tx, session);
    const tokens = await tx.linkTokens.ofSession(current.id, context.clock.now());
    const token = tokens.find(({ channel }) => channel === messenger);
    if (token === undefined) return { state: 'ended' };
    const { id, tokenDigest, name, chat, expiresAt } = token;
    return chat === null ? { state: 'waiting', tokenDigest, expiresAt } : { state: 'offered', id, name, expiresAt };
  });
}

/** "That isn't me", and whoever changed his mind. @throws Refusal `invalid_credentials` without a living session */
export async function discardLink(context: Context, session: string | undefined, messenger: Messenger): Promise<void> {
  await context.store.transaction(async (tx) => {
    const { session: current } = await requireSessionIn(context, tx, session);
    await tx.linkTokens.discard(current.id, messenger);
  });
}
