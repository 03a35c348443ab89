/** Moments as they are typed. */

/** A day (its beginning in UTC), or a moment with its time zone: without one it would mean another moment on each machine. */
export function readTime(text: string): number | undefined {
  if (!/^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2}))?$/.test(text)) return undefined;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : at;
}

const UNITS_MS: Record<string, number> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** The same, or how long ago: 90s, 30m, 2h, 7d. */
export function readSince(text: string, now: number): number | undefined {
  const ago = /^(\d{1,6})([smhd])$/.exec(text);
  return ago ? now - Number(ago[1]) * (UNITS_MS[ago[2] as string] as number) : readTime(text);
}
