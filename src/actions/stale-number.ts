/** A number that its owner did not prove for long, in a recovery: what it alone can do, and what a recovery proves anew. */
import type { Account } from '../ports.ts';
import { isTooLittle, provenEnd } from '../rules/stale-numbers.ts';
import type { Proof, StoreTransaction } from '../store/store.ts';
import type { Context } from './context.ts';
import { chatsOf, endOf, recoveryAddress } from './reachable-channels.ts';

/** Whether the number that texts of this recovery go to is too little alone. */
export function hasStaleNumber(context: Pick<Context, 'clock' | 'settings'>, account: Account, proof: Proof): boolean {
  const number = recoveryAddress(context, account, proof, 'sms');
  const hasMailbox = recoveryAddress(context, account, proof, 'email') !== undefined;
  return isTooLittle(number, { hasMailbox, lane: proof.lane, now: context.clock.now() });
}

/** Whether nothing but such a number may have opened it: a code that was typed, and that may have been read there. */
export function isByStaleNumber(context: Pick<Context, 'clock' | 'settings'>, account: Account, proof: Proof): boolean {
  return proof.verifiedBy !== 'link' && proof.textedAt !== null && hasStaleNumber(context, account, proof);
}

/**
 * Where the new password is set, and no sooner: who only reads a code may be the one that the number went to, and would make it
 * trusted for another year.
 */
export async function renewProven(
  context: Context,
  tx: StoreTransaction,
  account: Account,
  proof: Proof,
  now: number,
): Promise<void> {
  const chats = await chatsOf(context, tx, account);
  const messages = (await tx.outbox.codesOf(proof.id)).map(({ channel, status, attempts, reason }) => ({
    end: endOf(channel, chats),
    status,
    attempts,
    reason,
  }));
  const end = provenEnd(proof, messages);
  const address = end && recoveryAddress(context, account, proof, end === 'mailbox' ? 'email' : 'sms');
  if (address) await context.accounts.proveAddress(tx, account.id, address, now);
}
