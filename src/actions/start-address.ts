/**
 * An account's owner wants a further address. It is proven like that of a new account: with a taken one everything looks
 * the same from outside, and its owner gets a friendly message. Numbers may be shared (number-holders.ts). One of his own that was
 * not proven for long is proven again in the same way.
 */
import { Refusal } from '../rules/errors.ts';
import type { Identifier } from '../rules/identifiers.ts';
import { ADDRESSES_MAX } from '../rules/limits.ts';
import { isStale } from '../rules/stale-numbers.ts';
import { checkPassword } from './check-password.ts';
import type { Context, Origin } from './context.ts';
import { requireProvable } from './require-provable.ts';
import { currentSession, requireSession } from './sessions.ts';
import { type Started, startProof } from './start-proof.ts';
import { digestToken } from './tokens.ts';

/**
 * @throws Refusal `invalid_credentials` without a living session, and for the field `password` where it is wrong;
 *   `invalid_identifier` with a detail for a number that can't be texted; `invalid_request` with the detail `already_yours` or
 *   `too_many_addresses`; `rate_limited`
 */
export async function startAddress(
  context: Context,
  session: string | undefined,
  identifier: Identifier,
  password: string,
  origin: Origin,
): Promise<Started> {
  const { account } = await requireSession(context, session);
  requireProvable(context, identifier);
  const { kind, canonical } = identifier;
  const confirmed = account.addresses.filter(({ confirmedAt }) => confirmedAt !== null);
  const own = confirmed.find((held) => held.kind === kind && held.canonical === canonical);
  if (own && !isStale(own, context.clock.now()))
    throw new Refusal('invalid_request', { field: 'identifier', detail: 'already_yours' });
  if (!own && confirmed.length >= ADDRESSES_MAX)
    throw new Refusal('invalid_request', { field: 'identifier', detail: 'too_many_addresses' });
  await checkPassword(context, account, password, origin);
  // Of this generation, so that any change of the account voids it.
  return startProof(context, 'address', identifier, origin, {
    accountId: account.id,
    accountGeneration: account.generation,
  });
}

/** Whether the account of this session began it. */
export async function isOwnAttempt(context: Context, session: string | undefined, token: string): Promise<boolean> {
  const current = await currentSession(context, session);
  if (!current) return false;
  const proof = await context.store.transaction((tx) => tx.proofs.byToken('address', digestToken(token)));
  return proof?.accountId === current.account.id;
}
