/** Several accounts on one phone number: how many may be, and how their owner tells them apart. */

/**
 * Accounts that one number may recover and sign in to. One that more share is the shop's own or a dummy of an import, and opens
 * none. Each sign-in by phone compares so many passwords, 10 ms of CPU each, however many accounts there are (decision 0029).
 */
export const ACCOUNTS_PER_NUMBER = 3;

/** What is known of an account; `email` is its first confirmed address, canonical. */
export interface Named {
  name: string | null;
  email: string | undefined;
}
/** First name and masked address, each where there is one. */
export interface Told {
  name: string | null;
  email: string | null;
  /** 1, 2 ... among those that nothing else tells apart. */
  number: number | null;
}

/** The most letters of a local part that are shown, from both ends; at least two stay hidden. */
const LETTERS_MAX = 8;
const NAME_MAX = 30;

/**
 * Enough to tell the accounts apart, and no more: whoever reads it has proved the number, but may not be the owner of every one.
 * In the order given. A letter more of the addresses is shown only while two of them look the same.
 */
export function tellApart(accounts: readonly Named[]): Told[] {
  for (let letters = 1; letters < LETTERS_MAX; letters += 1) {
    const told = accounts.map((account) => shown(account, letters));
    if (new Set(told.map(textOf)).size === told.length) return told;
  }
  const told = accounts.map((account) => shown(account, 1));
  return told.map((one, at) => {
    const same = (other: Told): boolean => textOf(other) === textOf(one);
    return told.filter(same).length > 1 ? { ...one, number: told.slice(0, at + 1).filter(same).length } : one;
  });
}

/** One line, for apps. */
export function toldText({ name, email, number }: Told): string {
  const parts = [name, email].filter((part) => part !== null).join(', ');
  return number === null ? parts : `${parts} (${number})`.trim();
}

function textOf({ name, email }: Told): string {
  return JSON.stringify([name, email]);
}

function shown({ name, email }: Named, letters: number): Told {
  return { name: firstName(name), email: email === undefined ? null : masked(email, letters), number: null };
}

/** What people are called by; the family's name is the same for a family, and tells a stranger more. */
function firstName(name: string | null): string | null {
  const [first = ''] = (name ?? '').trim().split(/\s+/);
  return first === '' ? null : [...first].slice(0, NAME_MAX).join('');
}

/** `jane.doe@example.com` -> `j***@example.com`, `j***e@example.com`, `ja***e@example.com` ... */
function masked(email: string, letters: number): string {
  const at = email.lastIndexOf('@');
  const local = [...email.slice(0, at)];
  const most = Math.max(1, Math.min(letters, local.length - 2));
  const before = Math.ceil(most / 2);
  const after = most - before;
  return `${local.slice(0, before).join('')}***${after > 0 ? local.slice(-after).join('') : ''}${email.slice(at)}`;
}
