/** What a busy hour of an installation is like, from the codes that were asked for in the last days. */

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** A week has its weekend; the median of it is not moved by one campaign, or by one flood. */
export const BUSY_DAYS = 7;
/** The breaker on sends is for what is far beyond: STANDARDS R08 says five times as much as usual. */
const FAR_BEYOND = 5;
/** With less room than this an ordinary good day opens the breaker. */
const TOO_CLOSE = 2;

/** Codes that were asked for in an hour. */
export interface HourOfCodes {
  /** When it began, milliseconds since 1970. */
  startedAt: number;
  codes: number;
}

/** The median, over the last seven days, of each day's busiest hour. Hours in which nobody asked may be left out. */
export function usualBusyHour(hours: readonly HourOfCodes[], now: number): number {
  const busiest = Array<number>(BUSY_DAYS).fill(0);
  for (const { startedAt, codes } of hours) {
    const day = Math.floor((now - startedAt) / DAY_MS);
    if (day >= 0 && day < BUSY_DAYS) busiest[day] = Math.max(busiest[day] as number, codes);
  }
  return busiest.toSorted((a, b) => a - b)[Math.floor(BUSY_DAYS / 2)] as number;
}

/** What the setting should be, in two digits; undefined where it has room enough. */
export function advisedBusyHour(usual: number, busyHourSends: number): number | undefined {
  if (usual * TOO_CLOSE <= busyHourSends) return undefined;
  const wanted = usual * FAR_BEYOND;
  const step = 10 ** Math.max(0, Math.floor(Math.log10(wanted)) - 1);
  return Math.ceil(wanted / step) * step;
}
