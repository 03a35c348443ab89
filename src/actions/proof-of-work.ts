/** Work instead of waiting: a browser that has never been seen buys its own budget with a quarter second of computing. */
import type { WorkChallenge } from '../ports.ts';
import type { Identifier } from '../rules/identifiers.ts';
import { LIMITS, WORK } from '../rules/limits.ts';
import type { StoreTransaction } from '../store/store.ts';
import { laneKey, readBreakers } from './charge-send.ts';
import type { Context } from './context.ts';

/**
 * A challenge for this identifier, signed, for one use within `WORK.lifetimeMs`. The more often it was worked for lately, at
 * whichever door, the more work: known and unknown alike, because it is counted by what was typed.
 */
export async function challengeWork(context: Context, identifier: Identifier): Promise<WorkChallenge> {
  const now = context.clock.now();
  const identifierMac = context.keys.identifierMac(identifier);
  const keys = (['email', 'sms'] as const).map((door) => laneKey('worked', door, identifierMac));
  const fullAt = await context.store.transaction((tx) => tx.limits.fullAt(keys));
  const used = keys.map((key) => Math.ceil(Math.max(0, (fullAt.get(key) ?? 0) - now) / LIMITS['send-worked'].refillMs));
  const times = used.reduce((sum, atDoor) => sum + atDoor, 0);
  return context.work.challenge({
    subject: identifierMac,
    iterations: WORK.iterations,
    rounds: WORK.rounds * 2 ** Math.min(times, WORK.doublings),
    expiresAt: now + WORK.lifetimeMs,
  });
}

/** Whether a stranger's message would have to wait now, so that a page had better ask for work at once. */
export async function isWorkWanted(context: Context): Promise<boolean> {
  const now = context.clock.now();
  return context.store.transaction(async (tx) => (await readBreakers(context, tx, now)).open.sends);
}

/** The id of the challenge that was solved for this identifier; undefined for everything else, which is no error. */
export async function didWork(
  context: Context,
  solution: string | undefined,
  identifierMac: string,
): Promise<string | undefined> {
  return solution ? context.work.solved(solution, identifierMac, context.clock.now()) : undefined;
}

/** False where this work was spent before. */
export async function spendWork(tx: StoreTransaction, workId: string, now: number): Promise<boolean> {
  return (await tx.limits.charge(`work:${workId}`, { burst: 1, refillMs: WORK.lifetimeMs }, now)) === undefined;
}
