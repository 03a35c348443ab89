/**
 * What a text costs the store, for nobody: the same questions, on rows that hold nothing. Without them the worker had fifteen
 * statements less to do behind a number that nobody has, and whoever asked next was answered sooner.
 */
import type { SendOutcome } from '../rules/delivery.ts';
import type { HeldBack } from '../rules/spend.ts';
import type { Proof, StoreTransaction } from '../store/store.ts';
import type { Context } from './context.ts';
import type { Bought, Delivery, Texted } from './delivery.ts';
import { buyText, settleSpend, type Text } from './spend-on-texts.ts';

/** The operator is told nothing of it. */
const UNHEARD = { debug: ignore, info: ignore, warn: ignore, error: ignore };

/** @returns as `buyText` */
export function buyForNobody(
  context: Context,
  delivery: Delivery,
  tx: StoreTransaction,
  text: Text & { proof: Proof },
): Promise<Bought | HeldBack | undefined> {
  return buyText({ ...context, log: UNHEARD }, delivery, spendingNothing(tx), text);
}

export function settleForNobody(
  context: Pick<Context, 'clock'>,
  tx: StoreTransaction,
  texted: Texted,
  outcome: SendOutcome,
): Promise<void> {
  return settleSpend(context, spendingNothing(tx), texted, outcome);
}

/**
 * The store as `guard-spend.ts` sees it where nothing is bought. Numbers, prefixes and countries have budgets of their own here, so that
 * asking for nobody takes nothing from anybody; nothing is added to the day's money and to the tallies. What is used up or
 * closed for everybody is so for nobody, too.
 */
function spendingNothing(tx: StoreTransaction): StoreTransaction {
  return {
    ...tx,
    limits: {
      ...tx.limits,
      charge: (key, ...by) => tx.limits.charge(ofNobody(key), ...by),
      refund: (key, limit) => tx.limits.refund(ofNobody(key), limit),
      async fullAt(keys) {
        const fullAt = await tx.limits.fullAt(keys.flatMap((key) => [key, ofNobody(key)]));
        return new Map(keys.map((key) => [key, Math.max(fullAt.get(key) ?? 0, fullAt.get(ofNobody(key)) ?? 0)]));
      },
    },
    spend: {
      ...tx.spend,
      charge: (money, cap) => tx.spend.charge({ ...money, micros: 0 }, cap),
      refund: (money) => tx.spend.refund({ ...money, micros: 0 }),
      count: (tally) => tx.spend.count({ ...tally, messages: 0, micros: 0 }),
    },
    audit: { ...tx.audit, append: async () => undefined },
  };
}

function ofNobody(key: string): string {
  return `nobody:${key}`;
}

function ignore(): void {}
