/**
 * A phone number may be on several accounts, up to as many as choosing and signing in tell apart (rules/shared-numbers.ts).
 * With one more it would recover and sign in to none of them, so no account gets it that far, or is left with such a number alone.
 */
import type { Account } from '../ports.ts';
import { confirmedWithout, hasMailbox } from '../rules/addresses.ts';
import type { Identifier } from '../rules/identifiers.ts';
import { ACCOUNTS_PER_NUMBER } from '../rules/shared-numbers.ts';
import type { StoreTransaction } from '../store/store.ts';
import { NEVER_SPENT } from './charge-limits.ts';
import type { Context } from './context.ts';

type Named = Pick<Identifier, 'kind' | 'canonical'>;

/** Whether as many accounts have the number as may. `asking` is the account that it is to come to. */
export function isFull(holders: readonly Account[], asking: Pick<Account, 'id'>): boolean {
  return holders.filter(({ id }) => id !== asking.id).length >= ACCOUNTS_PER_NUMBER;
}

/** Whether the account can still be signed in to when this address is gone. */
export async function isNamedWithout(
  { accounts }: Pick<Context, 'accounts'>,
  tx: StoreTransaction,
  account: Account,
  address: Named,
): Promise<boolean> {
  const left = confirmedWithout(account.addresses, address);
  if (hasMailbox(left)) return true;
  for (const number of left)
    if ((await accounts.findAllByIdentifier(tx, number)).length <= ACCOUNTS_PER_NUMBER) return true;
  return false;
}

/**
 * Whoever gives these numbers to an account, or leaves an account with nothing but them, waits here for whoever else does:
 * what he reads of their holders is true until the transaction ends. On PostgreSQL the row of a limit that is never spent
 * makes them wait.
 */
export async function oneAtATime(
  { keys }: Pick<Context, 'keys'>,
  tx: StoreTransaction,
  addresses: readonly Named[],
  now: number,
): Promise<void> {
  const macs = addresses.filter(({ kind }) => kind === 'phone').map((number) => keys.identifierMac(number));
  // In one order for everybody, so that no two wait for each other.
  for (const mac of macs.sort()) await tx.limits.charge(`number-holders:${mac}`, NEVER_SPENT, now);
}
