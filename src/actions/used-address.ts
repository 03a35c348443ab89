import type { Account, HeldAddress } from '../ports.ts';
import { canRecover } from '../rules/address-trust.ts';
import type { Channel } from '../rules/delivery.ts';
import { mayHaveLeft } from '../rules/stale-numbers.ts';
import type { Chat, Proof, StoreTransaction } from '../store/store.ts';
import type { Context } from './context.ts';
import { addressesBy, endOf } from './reachable-channels.ts';

/**
 * Where codes of a completed proof went: more than one address where they were asked for by several ways, or went down the
 * ladder. Which of them was read nobody knows, but where the password waited because a number was too little: with the code from
 * the mailbox alone it would not have, so the owner keeps that. What came to the account later is not among them.
 */
export async function usedAddresses(
  context: Pick<Context, 'settings'>,
  tx: StoreTransaction,
  account: Account,
  proof: Proof,
): Promise<HeldAddress[]> {
  const channels = await waysUsed(tx, proof);
  const chats = await chatsBefore(tx, account, proof);
  const toAddresses = channels.filter((channel) => endOf(channel, chats) !== 'chat');
  const doubted = toAddresses.filter((channel) => channel !== 'email' || proof.heldFor !== 'stale_number');
  return doubted.flatMap((channel) => {
    const used = addressesBy(context, account, proof, channel).find(
      (address) => canRecover(address) && (address.confirmedAt ?? 0) <= proof.createdAt,
    );
    return used ? [used] : [];
  });
}

/** By which codes of the proof may have been read, whatever was said of them since. */
export async function waysUsed(tx: StoreTransaction, proof: Proof): Promise<Channel[]> {
  const codes = await tx.outbox.codesOf(proof.id);
  return [...new Set(codes.filter(mayHaveLeft).map(({ channel }) => channel))].sort();
}

/** Linked chats that codes of the proof may have gone to. */
async function chatsBefore(tx: StoreTransaction, account: Account, proof: Proof): Promise<Chat[]> {
  const chats = await tx.chats.ofAccount(account.id);
  return chats.filter(({ linkedAt }) => linkedAt <= proof.createdAt);
}
