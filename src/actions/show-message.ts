/** Everything that is known of one message, for an operator. */
import type { Purpose } from '../rules/codes.ts';
import type { ShownStatus } from '../rules/delivery.ts';
import { maskIdentifier } from '../rules/identifiers.ts';
import type { State } from '../rules/recovery-flow.ts';
import type { MessageEvent } from '../store/store.ts';
import type { Context } from './context.ts';
import { findMessage, type MessageSummary, proofOf, summarize } from './list-messages.ts';
import { shownMessage, viewProof } from './show-proof.ts';

export interface MessageView extends MessageSummary {
  history: MessageEvent[];
  /** What the provider calls it. */
  providerId: string | null;
  accountId: string | null;
  /** Undefined for a message of no recovery or registration, and where that was purged. */
  recovery: RecoveryOfMessage | undefined;
}

export interface RecoveryOfMessage {
  id: string;
  purpose: Purpose;
  state: State;
  /** What was typed, masked. */
  askedFor: string;
  expiresAt: number;
  /** What the claimant's live line says now; undefined where it tells of another message of the same recovery. */
  shown: ShownStatus | undefined;
}

export type FoundMessage = { found: MessageView } | { found: undefined; why: 'none' | 'several' };

export async function showMessage(
  context: Pick<Context, 'store' | 'clock' | 'settings'>,
  idOrPrefix: string,
): Promise<FoundMessage> {
  return context.store.transaction(async (tx) => {
    const message = await findMessage(tx, idOrPrefix);
    if (message === undefined || message === 'several')
      return { found: undefined, why: message === undefined ? 'none' : message };
    const proof = await proofOf(tx, message);
    const view = proof && (await viewProof(context, tx, proof));
    const latest = proof && (await shownMessage(tx, proof));
    return {
      found: {
        ...(await summarize(tx, message, proof)),
        history: await tx.messages.history(message.id),
        providerId: message.providerId || null,
        accountId: message.accountId ?? proof?.accountId ?? null,
        recovery: proof &&
          view && {
            id: proof.id,
            purpose: proof.purpose,
            state: view.state,
            askedFor: maskIdentifier({ kind: proof.identifierKind, canonical: proof.identifier }),
            expiresAt: proof.expiresAt,
            // The line is about codes; a notice of what came of the recovery is none.
            shown: message.epoch !== null && latest?.id === message.id ? view.delivery : undefined,
          },
      },
    };
  });
}
