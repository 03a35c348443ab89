/** A code for a number that several accounts have: one text to the number, and never a mail, which only one of them would read. */
import type { Message, Proof, StoreTransaction } from '../store/store.ts';
import { sentCode } from './account-guesses.ts';
import type { Context } from './context.ts';
import type { Delivery, Prepared } from './delivery.ts';
import { notifyMailboxes } from './notify-all-addresses.ts';
import { recoveryAddress } from './reachable-channels.ts';
import {
  goesToNumber,
  isShared,
  type LiveCandidate,
  liveCandidates,
  numberRungs,
  resolveShared,
} from './shared-number.ts';
import { buyText, skipHeldBack } from './spend-on-texts.ts';

/**
 * @returns undefined where the number is not shared, or nobody can be recovered by it
 */
export async function prepareSharedCode(
  context: Context,
  delivery: Delivery,
  tx: StoreTransaction,
  { message, proof, isBrought }: { message: Message; proof: Proof; isBrought: boolean },
): Promise<Prepared | undefined> {
  await resolveShared(context, tx, proof);
  if (!isShared(proof)) return undefined;
  const live = await liveCandidates(context, tx, proof);
  const to = numberOf(context, live, proof);
  // All of them were changed since: the code of one who has lost the number is nobody's business.
  if (to === undefined) return { do: 'expire' };
  const below = await numberRungs(context, tx, proof, message.channel);
  if (!goesToNumber(context, proof, message.channel))
    return { do: 'probe', earlier: undefined, shared: proof.lane === 'waited', forNobody: false, below };
  if (isBrought) return { do: 'skip', reason: 'tried_before', below };
  const code = await sentCode(context, tx, proof, context.clock.now());
  if (code === undefined) return { do: 'fail', reason: 'key_missing' };
  await tellMailboxes(context, tx, proof, live);
  // Before the money, as in prepare-code.ts.
  await tx.proofs.update(proof.id, { textedAt: context.clock.now() });
  // The language of whoever asks: those of the accounts may differ.
  const text = delivery.renderText('recovery-code', { code }, message.locale);
  const bought = await buyText(context, delivery, tx, { message, proof, to, over: 'number', parts: text.segments });
  if (typeof bought !== 'string') return { do: 'text', to, over: 'number', text, paid: bought, below };
  return skipHeldBack(bought, below);
}

function numberOf(context: Context, live: readonly LiveCandidate[], proof: Proof): string | undefined {
  return live
    .map(({ account }) => recoveryAddress(context, account, proof, 'sms')?.value)
    .find((to) => to !== undefined);
}

/** Once for each account, when a text leaves for the first time: whoever reads the texts may have none of the mailboxes (R70). */
async function tellMailboxes(
  context: Context,
  tx: StoreTransaction,
  proof: Proof,
  live: readonly LiveCandidate[],
): Promise<void> {
  const now = context.clock.now();
  const untold = await tx.candidates.claimTelling(proof.id, now);
  for (const { account } of live)
    if (untold.some(({ accountId }) => accountId === account.id))
      await notifyMailboxes(context, tx, account, 'recovery-requested', proof, now);
}
