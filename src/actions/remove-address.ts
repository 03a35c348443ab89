/** An account's owner takes an address away: it receives nothing any more, and is free for others. */
import type { Account, Address, HeldAddress } from '../ports.ts';
import { canRemove, confirmedWithout } from '../rules/addresses.ts';
import { Refusal } from '../rules/errors.ts';
import { maskIdentifier } from '../rules/identifiers.ts';
import type { StoreTransaction } from '../store/store.ts';
import { checkPassword } from './check-password.ts';
import type { Context, Origin } from './context.ts';
import { notifyOfAddress } from './notify-of-address.ts';
import { isNamedWithout, oneAtATime } from './number-holders.ts';
import { requireSession, requireSessionIn } from './sessions.ts';

/** Names an address of an account in links, so that addresses stand in no URL. */
export function addressKey(context: Pick<Context, 'keys'>, address: Pick<Address, 'kind' | 'canonical'>): string {
  return context.keys.identifierMac(address);
}

/**
 * `last_address`: no code could be sent to the account any more. `shared_left`: all that were left are numbers that
 * too many accounts have, which sign in to none.
 */
export type Removal = 'removable' | 'last_address' | 'shared_left';

/** The account's address of that key. @throws Refusal `invalid_credentials` without a living session, `not_found` */
export async function findAddress(
  context: Context,
  session: string | undefined,
  key: string,
): Promise<{ account: Account; address: HeldAddress; removal: Removal }> {
  const { account } = await requireSession(context, session);
  const address = account.addresses.find((held) => addressKey(context, held) === key);
  if (!address) throw new Refusal('not_found');
  const removal = await context.store.transaction((tx) => removalOf(context, tx, account, address));
  return { account, address, removal };
}

async function removalOf(context: Context, tx: StoreTransaction, account: Account, address: Address): Promise<Removal> {
  if (!canRemove(account.addresses, address, context.settings.texting?.countries)) return 'last_address';
  const isConfirmed = address.confirmedAt !== null;
  return isConfirmed && !(await isNamedWithout(context, tx, account, address)) ? 'shared_left' : 'removable';
}

/**
 * @throws Refusal `invalid_credentials` without a living session, and for the field `password` where it is wrong;
 *   `not_found`; `invalid_request` with the detail `last_address` or `shared_left`; `rate_limited`; `unavailable` where the account was
 *   changed at the same moment
 */
export async function removeAddress(
  context: Context,
  session: string | undefined,
  key: string,
  password: string,
  origin: Origin,
): Promise<void> {
  const { account, address, removal } = await findAddress(context, session, key);
  if (removal !== 'removable') throw new Refusal('invalid_request', { field: 'password', detail: removal });
  await checkPassword(context, account, password, origin);
  await context.store.transaction(async (tx) => {
    const now = context.clock.now();
    await requireSessionIn(context, tx, session);
    // Before the account's row: in the order in which a new password takes them.
    await tx.proofs.cancelAllOf(account.id);
    await oneAtATime(context, tx, confirmedWithout(account.addresses, address), now);
    const isStill = (await removalOf(context, tx, account, address)) === 'removable';
    if (!isStill || (await context.accounts.removeAddress(tx, account, address, now)) !== 'removed')
      throw new Refusal('unavailable', { retryAfterSeconds: 1 });
    await tx.retiredIdentifiers.mark(context.keys.identifierMac(address), now);
    await notifyOfAddress(context, tx, account, 'address-removed', account.addresses, origin.locale, now);
    await tx.audit.append({
      at: now,
      name: 'remove-address',
      accountId: account.id,
      proofId: null,
      detail: { address: maskIdentifier(address), browser: origin.browser },
    });
  });
}
