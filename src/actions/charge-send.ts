/** Which lane a message goes through, and what it costs there. Nothing here looks an account up. */
import { type BreakerName, breakerLimit, isOpen, opensWith } from '../rules/breakers.ts';
import { type Channel, doorOf } from '../rules/delivery.ts';
import { Refusal } from '../rules/errors.ts';
import type { Identifier } from '../rules/identifiers.ts';
import { hasShares, type Lane, limitOf, mailboxBudgetOf, sourceLimitOf } from '../rules/lanes.ts';
import { LIMITS, type LimitName } from '../rules/limits.ts';
import { mailboxOf } from '../rules/mailboxes.ts';
import type { StoreTransaction } from '../store/store.ts';
import { type Budget, chargeAll, chargeSeen, lookAt, refundAll } from './charge-limits.ts';
import type { Context } from './context.ts';

const BREAKERS: readonly BreakerName[] = ['guesses-6', 'guesses-8', 'sends'];

export interface Breakers {
  open: Record<BreakerName, boolean>;
  fullAt: ReadonlyMap<string, number>;
}

export async function readBreakers(
  { settings }: Pick<Context, 'settings'>,
  tx: StoreTransaction,
  now: number,
): Promise<Breakers> {
  const fullAt = await tx.limits.fullAt(BREAKERS.map(breakerKey));
  const open = Object.fromEntries(
    BREAKERS.map((name) => [
      name,
      isOpen(fullAt.get(breakerKey(name)), breakerLimit(name, settings.busyHourSends), now),
    ]),
  ) as Record<BreakerName, boolean>;
  return { open, fullAt };
}

export interface Send {
  identifierMac: string;
  /** Of an email address that is written to. */
  mailboxMac: string | undefined;
  channel: Channel;
  /** Client network, or undefined where one address stands for everybody. */
  source: string | undefined;
  /** Lanes to try, best first. */
  lanes: readonly Lane[];
}

/** What a message for the identifier is charged to. */
export function chargedTo(
  { keys }: Pick<Context, 'keys'>,
  identifier: Pick<Identifier, 'kind' | 'canonical'>,
  channel: Channel,
): Pick<Send, 'identifierMac' | 'mailboxMac' | 'channel'> {
  const isMail = identifier.kind === 'email' && channel === 'email';
  const mailboxMac = isMail ? keys.mailboxMac(mailboxOf(identifier.canonical)) : undefined;
  return { identifierMac: keys.identifierMac(identifier), mailboxMac, channel };
}

/**
 * Charges the first lane that has something left. Sending budgets belong to the mailbox, whatever the code is for.
 * @throws Refusal `rate_limited` with the shortest of the waits; which limit it was stays unsaid
 */
export async function chargeSend(tx: StoreTransaction, send: Send, now: number): Promise<Lane> {
  const lanes = send.lanes.map((lane) => ({ lane, budgets: budgetsOf(lane, send) }));
  const fullAt = await lookAt(
    tx,
    lanes.flatMap(({ budgets }) => budgets),
  );
  let shortestMs = Number.POSITIVE_INFINITY;
  for (const { lane, budgets } of lanes) {
    const waitMs = await chargeSeen(tx, budgets, fullAt, now);
    if (waitMs === undefined) return lane;
    shortestMs = Math.min(shortestMs, waitMs);
  }
  throw new Refusal('rate_limited', { retryAfterSeconds: Math.ceil(shortestMs / 1000) });
}

function budgetsOf(lane: Lane, { identifierMac, mailboxMac, channel, source }: Send): Budget[] {
  const own: Budget = [laneKey(lane, channel, identifierMac), LIMITS[limitOf(lane)]];
  const whose = mailboxBudgetOf(lane);
  const isMailbox = whose !== undefined && mailboxMac !== undefined;
  const mailbox: Budget[] = isMailbox ? [[`send-mailbox:${whose}:${mailboxMac}`, LIMITS['send-mailbox']]] : [];
  const sourceName = sourceLimitOf(lane);
  if (source === undefined || sourceName === undefined) return [own, ...mailbox];
  const shares: Budget[] = [[`send-share:${doorOf(channel)}:${identifierMac}:${source}`, LIMITS['send-share']]];
  if (isMailbox) shares.push([`send-mailbox-share:${mailboxMac}:${source}`, LIMITS['send-mailbox-share']]);
  return [own, ...mailbox, ...(hasShares(lane) ? shares : []), [`${sourceName}:${source}`, LIMITS[sourceName]]];
}

export function laneKey(lane: Lane, channel: Channel, identifierMac: string): `${LimitName}:${string}` {
  return `${limitOf(lane)}:${doorOf(channel)}:${identifierMac}`;
}

/**
 * Counts a stranger's message towards the breaker of the service. The last statement of its transaction, because on
 * PostgreSQL all strangers write this one row; while the breaker is open nobody does.
 */
export async function countSend(
  context: Context,
  tx: StoreTransaction,
  lane: Lane,
  { open, fullAt }: Breakers,
  now: number,
): Promise<void> {
  if (lane === 'known-device' || open.sends) return;
  const limit = breakerLimit('sends', context.settings.busyHourSends);
  const key = breakerKey('sends');
  await tx.limits.charge(key, limit, now);
  if (opensWith(fullAt.get(key), limit, now)) await announceOpened(context, tx, 'sends', now);
}

/** Counts a stranger's guess, before it is compared. @returns false where the service has no guess left for such codes */
export async function chargeGuessBreaker(
  context: Context,
  tx: StoreTransaction,
  name: 'guesses-6' | 'guesses-8',
  weight: number,
  now: number,
): Promise<boolean> {
  const key = breakerKey(name);
  const before = (await tx.limits.fullAt([key])).get(key);
  if ((await chargeAll(tx, guessBudgets(name, weight), now)) !== undefined) return false;
  if (opensWith(before, breakerLimit(name), now)) await announceOpened(context, tx, name, now);
  return true;
}

export function refundGuessBreaker(
  tx: StoreTransaction,
  name: 'guesses-6' | 'guesses-8',
  weight: number,
): Promise<void> {
  return refundAll(tx, guessBudgets(name, weight));
}

function guessBudgets(name: 'guesses-6' | 'guesses-8', weight: number): Budget[] {
  return Array(weight).fill([breakerKey(name), breakerLimit(name)]);
}

function breakerKey(name: BreakerName): string {
  return `breaker:${name}`;
}

/** For the operator: an event to alert on, and one that stays. */
async function announceOpened(context: Context, tx: StoreTransaction, name: BreakerName, now: number): Promise<void> {
  context.log.error('breaker-opened', { breaker: name });
  await tx.audit.append({
    at: now,
    name: 'open-breaker',
    accountId: null,
    proofId: null,
    detail: { breaker: name },
  });
}
