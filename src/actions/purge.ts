/** Data that served its purpose goes (STANDARDS R91). */
import { LIFTED_KEPT_MS, SUPPRESSION_KEPT_MS } from '../rules/bounces.ts';
import { EARLY_RECEIPT_KEPT_MS } from '../rules/delivery.ts';
import {
  ADDRESS_CHANGED_LATELY_MS,
  DEVICE_LIFETIME_MS,
  GUESS_WINDOW_MS,
  MESSAGE_KEPT_MS,
  NO_ACCOUNT_MAIL_EVERY_MS,
  PROOF_KEPT_MS,
} from '../rules/limits.ts';
import { dayOf, hourOf, SPEND_KEPT_MS } from '../rules/spend.ts';
import type { Context } from './context.ts';
import { purgeAudit } from './purge-audit.ts';

/** A day beyond the window, because guesses are counted by calendar day. */
const DAY_MS = 86_400_000;

export async function purge(context: Context): Promise<Record<string, number>> {
  const now = context.clock.now();
  return context.store.transaction(async (tx) => ({
    proofs: await tx.proofs.purge(now - PROOF_KEPT_MS),
    messages: await tx.outbox.purge(now - MESSAGE_KEPT_MS),
    noAccountMails: await tx.noAccountMails.purge(now - NO_ACCOUNT_MAIL_EVERY_MS),
    suppressions: await tx.suppressions.purge({ reported: now - SUPPRESSION_KEPT_MS, lifted: now - LIFTED_KEPT_MS }),
    earlyReceipts: await tx.earlyReceipts.purge(now - EARLY_RECEIPT_KEPT_MS),
    guesses: await tx.guesses.purge(now - GUESS_WINDOW_MS - DAY_MS),
    removedAddresses: await tx.accounts.purgeAddresses(now - ADDRESS_CHANGED_LATELY_MS),
    limits: await tx.limits.purge(now),
    retiredIdentifiers: await tx.retiredIdentifiers.purge(now - DEVICE_LIFETIME_MS),
    spend: await tx.spend.purge({ day: dayOf(now - SPEND_KEPT_MS), hour: hourOf(now - SPEND_KEPT_MS) }),
    linkTokens: await tx.linkTokens.purge(now),
    sessions: await tx.sessions.purge(now),
    audit: await purgeAudit(context, tx, now),
  }));
}
