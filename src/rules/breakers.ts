/** Breakers of the whole service: what opens them, and what is asked of codes while they are open. */
import { BUSY_HOUR_SENDS, CODE_LADDER, GUESS_BREAKERS, LINK_FROM_WRONG_GUESSES, type Limit } from './limits.ts';

export type BreakerName = keyof typeof GUESS_BREAKERS | 'sends';
export type Rung = (typeof CODE_LADDER)[number];

export const LONGEST_CODE: Rung = CODE_LADDER[CODE_LADDER.length - 1] as Rung;

/** Opens after about `busyHourSends` more than come back in the meantime. */
export function breakerLimit(name: BreakerName, busyHourSends: number = BUSY_HOUR_SENDS): Limit {
  if (name !== 'sends') return GUESS_BREAKERS[name];
  return { burst: 2 * busyHourSends, refillMs: Math.round(3_600_000 / busyHourSends) };
}

/**
 * @param tat when the bucket will be full again, milliseconds since 1970; undefined where it was never charged
 */
export function isOpen(tat: number | undefined, { burst, refillMs }: Limit, now: number): boolean {
  return (tat ?? 0) - now >= (burst / 2) * refillMs;
}

/** Whether one more charge would open it. */
export function opensWith(tat: number | undefined, limit: Limit, now: number): boolean {
  return !isOpen(tat, limit, now) && isOpen(Math.max(tat ?? 0, now) + limit.refillMs, limit, now);
}

export interface Alarm {
  /** Wrong guesses for this identifier, channel and kind of browser in the last 30 days. */
  wrong: number;
  /** False for known devices, which the service's breakers don't concern. */
  stranger: boolean;
  open: Record<BreakerName, boolean>;
  /** An app of the shop asks by the API: it takes codes, and can't be gone on with in the browser that opens a link. */
  byApp: boolean;
}

/** What the next code looks like. */
export function rungFor({ wrong, stranger, open }: Alarm): Rung {
  const byGuesses = CODE_LADDER.findLastIndex((rung) => wrong >= rung.fromWrongGuesses);
  const byBreakers = !stranger ? 0 : open['guesses-8'] ? 2 : open['guesses-6'] || open.sends ? 1 : 0;
  return CODE_LADDER[Math.max(byGuesses, byBreakers)] as Rung;
}

/**
 * High risk: somebody has long been at this identifier, or sprays guesses over the service. Then a mail carries a link to
 * a page that asks first, because a code could be talked out of its owner. What is sprayed over everybody must not shut
 * everybody's apps: they get longer codes, which nobody guesses (decision 0020).
 */
export function isHighRisk({ wrong, stranger, open, byApp }: Alarm): boolean {
  const sprayed = open['guesses-6'] || open['guesses-8'];
  return stranger && (wrong >= LINK_FROM_WRONG_GUESSES || (sprayed && !byApp));
}
