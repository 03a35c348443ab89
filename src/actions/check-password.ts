/** Asks a person who is signed in for the current password again, before something that a stolen session must not do. */
import type { Account } from '../ports.ts';
import { Refusal } from '../rules/errors.ts';
import { PASSWORD_MAX_BYTES } from '../rules/limits.ts';
import { normalizePassword } from '../rules/passwords.ts';
import { chargeLimits } from './charge-limits.ts';
import type { Context, Origin } from './context.ts';

/**
 * What is done afterwards must hold on to `account.generation`: a password that is changed meanwhile changes it.
 * @throws Refusal `invalid_credentials` for the field `password`, `rate_limited`, `unavailable`
 */
export async function checkPassword(context: Context, account: Account, typed: string, origin: Origin): Promise<void> {
  await context.store.transaction((tx) => chargeLimits(tx, { 'check-password': account.id }, context.clock.now()));
  const password = normalizePassword(typed);
  const usable = account.passwordBlockedAt === null ? (account.passwordHash ?? undefined) : undefined;
  const bounded = Buffer.byteLength(password) <= PASSWORD_MAX_BYTES;
  // Who is signed in waits behind no stranger.
  const turn = { lane: 'proven', source: account.id } as const;
  if (bounded && usable !== undefined && (await context.hasher.verify(usable, password, turn)).right) return;
  await context.store.transaction((tx) =>
    tx.audit.append({
      at: context.clock.now(),
      name: 'wrong-password',
      accountId: account.id,
      proofId: null,
      detail: { browser: origin.browser },
    }),
  );
  throw new Refusal('invalid_credentials', { field: 'password' });
}
