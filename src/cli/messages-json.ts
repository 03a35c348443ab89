/** Messages as JSON. The names are a contract, see docs/how-to/messages.md; moments are ISO 8601 in UTC. */
import type { MessageSummary } from '../actions/list-messages.ts';
import type { MessageView } from '../actions/show-message.ts';
import { reasonInWords } from './messages-words.ts';

export function summaryAsJson(message: MessageSummary) {
  const { id, kind, channel, status, attempts, reason, to, nobody } = message;
  return {
    id,
    createdAt: iso(message.createdAt),
    kind,
    channel,
    status,
    attempts,
    reason,
    reasonText: inWords(reason),
    to,
    nobody,
    sentAt: iso(message.sentAt),
    nextTryAt: iso(message.nextTryAt),
    usefulUntil: iso(message.usefulUntil),
  };
}

export function viewAsJson(view: MessageView, provider: string | null) {
  const { recovery } = view;
  return {
    ...summaryAsJson(view),
    accountId: view.accountId,
    provider,
    providerId: view.providerId,
    history: view.history.map(({ at, status, channel, reason, attempt }) => ({
      at: iso(at),
      status,
      channel,
      reason,
      reasonText: inWords(reason),
      attempt,
    })),
    recovery: recovery
      ? {
          id: recovery.id,
          purpose: recovery.purpose,
          state: recovery.state,
          askedFor: recovery.askedFor,
          expiresAt: iso(recovery.expiresAt),
          shown: recovery.shown ?? null,
        }
      : null,
  };
}

function iso(at: number | null): string | null {
  return at === null ? null : new Date(at).toISOString();
}

function inWords(reason: string | null): string | null {
  return reason === null ? null : reasonInWords(reason);
}
