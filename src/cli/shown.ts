/** What a command prints of things that it did not write itself. */

const SHOWN_CHARACTERS = 40;

/** A foreign value in quotes: shortened, and without characters that could move the cursor or the reading direction. */
export function shown(value: string): string {
  const characters = [...plain(value)];
  const text =
    characters.length > SHOWN_CHARACTERS
      ? `${characters.slice(0, SHOWN_CHARACTERS - 1).join('')}…`
      : characters.join('');
  return `'${text}'`;
}

/** A foreign value without quotes and whole, for a column of its own. */
export function plain(value: string): string {
  return value.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '\uFFFD');
}

/** "20 ms", "12 s", "4 min", "3 h", "9 days" */
export function duration(ms: number): string {
  if (ms < 1_000) return `${Math.max(0, Math.round(ms))} ms`;
  if (ms < 60_000) return `${Math.round(ms / 1_000)} s`;
  if (ms < 3_600_000) return `${Math.round(ms / 60_000)} min`;
  return ms < 2 * 86_400_000 ? `${Math.round(ms / 3_600_000)} h` : `${Math.round(ms / 86_400_000)} days`;
}

/** "1,234" */
export function count(value: number): string {
  return new Intl.NumberFormat('en').format(value);
}
