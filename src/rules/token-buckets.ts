/**
 * Token buckets by the generic cell rate algorithm (ITU-T I.371): all that is kept is the moment at which a bucket is full again. A
 * charge moves it by one refill, and fits while it stays within `burst` refills from now.
 */
import type { Limit } from './limits.ts';

/** The latest moment at which a bucket may be full again, before they are charged, so that so many charges fit. */
export function latestFullAt({ burst, refillMs }: Limit, charges: number, now: number): number {
  return now + (burst - charges) * refillMs;
}

/** Milliseconds until so many charges fit; 0 where they do. @param fullAt undefined where it was never charged */
export function waitFor(fullAt: number | undefined, limit: Limit, charges: number, now: number): number {
  return Math.max(0, (fullAt ?? now) - latestFullAt(limit, charges, now));
}
