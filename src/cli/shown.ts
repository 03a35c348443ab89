/** What a command prints of things that it did not write itself. */

const SHOWN_CHARACTERS = 40;

/** A foreign value in quotes: shortened, and without characters that could move the cursor or the reading direction. */
export function shown(value: string): string {
  const characters = [...value.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '\uFFFD')];
  const text =
    characters.length > SHOWN_CHARACTERS
      ? `${characters.slice(0, SHOWN_CHARACTERS - 1).join('')}…`
      : characters.join('');
  return `'${text}'`;
}

/** "1,234" */
export function count(value: number): string {
  return new Intl.NumberFormat('en').format(value);
}
