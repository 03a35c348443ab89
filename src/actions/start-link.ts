/** An account's owner wants codes in a messenger: a token for the deep link, which that messenger brings back (decision 0017). */
import type { Messenger } from '../rules/delivery.ts';
import { Refusal } from '../rules/errors.ts';
import { LINK_TOKEN_BYTES, LINK_TOKEN_LIFETIME_MS, linkTokenOf } from '../rules/link-tokens.ts';
import { checkPassword } from './check-password.ts';
import type { Context, Origin } from './context.ts';
import { requireSession, requireSessionIn } from './sessions.ts';
import { digestToken, newId } from './tokens.ts';

export interface StartedLink {
  /** Stands in the deep link, and nowhere else. */
  token: string;
  expiresAt: number;
}

/**
 * Whoever links a messenger to an account receives its codes, so the password is asked for again. What the session asked for
 * by this messenger before is void.
 * @throws Refusal `not_found` where this installation does not have the messenger; `invalid_credentials` without a living
 *   session, and for the field `password` where it is wrong; `rate_limited`, `unavailable`
 */
export async function startLink(
  context: Context,
  session: string | undefined,
  messenger: Messenger,
  password: string,
  origin: Origin,
): Promise<StartedLink> {
  const { account } = await requireSession(context, session);
  if (!context.settings.messengers.includes(messenger)) throw new Refusal('not_found');
  await checkPassword(context, account, password, origin);
  const token = linkTokenOf(context.random.bytes(LINK_TOKEN_BYTES));
  return context.store.transaction(async (tx) => {
    const now = context.clock.now();
    const current = await requireSessionIn(context, tx, session);
    // The password that was checked is not the account's any more.
    if (current.account.generation !== account.generation) throw new Refusal('invalid_credentials');
    const expiresAt = now + LINK_TOKEN_LIFETIME_MS;
    await tx.linkTokens.discard(current.session.id, messenger);
    await tx.linkTokens.insert({
      id: newId(context.random),
      tokenDigest: digestToken(token),
      accountId: account.id,
      sessionId: current.session.id,
      channel: messenger,
      chat: null,
      scopedId: null,
      name: null,
      offeredAt: null,
      createdAt: now,
      expiresAt,
    });
    await tx.audit.append({
      at: now,
      name: 'start-link',
      accountId: account.id,
      proofId: null,
      detail: { channel: messenger, browser: origin.browser },
    });
    return { token, expiresAt };
  });
}
