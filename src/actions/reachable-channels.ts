/** By which ways a code can reach an account, and where each leads. Only the worker asks. */
import type { Account, HeldAddress } from '../ports.ts';
import { canRecover } from '../rules/address-trust.ts';
import type { Channel } from '../rules/delivery.ts';
import { ladderOf } from '../rules/ladder.ts';
import { canBeTexted } from '../rules/text-numbers.ts';
import type { Proof, StoreTransaction } from '../store/store.ts';
import type { Context } from './context.ts';

/**
 * Confirmed addresses that a message of this proof may go to by this channel, the preferred one first: the one that was
 * named where it fits, else all of the account. A number that was named is never replaced by another one of the account.
 */
export function addressesBy(
  { settings: { texting } }: Pick<Context, 'settings'>,
  account: Account,
  proof: Proof,
  channel: Channel,
): HeldAddress[] {
  const kind = channel === 'email' ? 'email' : 'phone';
  return account.addresses.filter(
    (address) =>
      address.kind === kind &&
      address.confirmedAt !== null &&
      (proof.identifierKind !== kind || address.canonical === proof.identifier) &&
      (kind === 'email' || (texting !== undefined && canBeTexted(address.canonical, texting.countries))),
  );
}

/** Where a code that recovers the account goes by this channel. */
export function recoveryAddress(
  context: Pick<Context, 'settings'>,
  account: Account,
  proof: Proof,
  channel: Channel,
): HeldAddress | undefined {
  return addressesBy(context, account, proof, channel).find(canRecover);
}

/** Whether any way that this installation has leads to the account: then there is something to recover. */
export function isReachable(context: Context, account: Account, proof: Proof): boolean {
  return (['email', 'sms'] as const).some((channel) => recoveryAddress(context, account, proof, channel) !== undefined);
}

/**
 * The rungs below this one that lead to the account. Not a way that this code was tried by when it was asked for before: it
 * would come a second time, and nobody asked for that way.
 */
export async function rungsBelow(
  context: Context,
  tx: StoreTransaction,
  account: Account,
  proof: Proof,
  channel: Channel,
): Promise<Channel[]> {
  const below = rungsUnder(context, proof, channel);
  if (below.length === 0) return [];
  const tried = proof.resends === 0 ? [] : await tx.outbox.channelsTried(proof.id, proof.epoch);
  return below.filter(
    (rung) =>
      (rung === proof.channel || !tried.includes(rung)) && recoveryAddress(context, account, proof, rung) !== undefined,
  );
}

/** The rungs below this one, whatever the account has. */
export function rungsUnder({ settings }: Pick<Context, 'settings'>, proof: Proof, channel: Channel): Channel[] {
  const ladder = ladderOf(proof.channel, settings, proof.carries, proof.purpose);
  return ladder.includes(channel) ? ladder.slice(ladder.indexOf(channel) + 1) : [];
}
