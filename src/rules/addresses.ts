/** Which addresses an account may gain and lose. */
import type { IdentifierKind } from './identifiers.ts';
import { canBeTexted, type TextCountries } from './text-numbers.ts';

interface Held {
  kind: IdentifierKind;
  canonical: string;
  confirmedAt: number | null;
}
type Named = Pick<Held, 'kind' | 'canonical'>;

/** Whether a code can be sent there: to every mailbox, and to the numbers that are texted. */
export function isProvable({ kind, canonical }: Named, countries: TextCountries | undefined): boolean {
  return kind === 'email' || (countries !== undefined && canBeTexted(canonical, countries));
}

/** A confirmed address may go while another confirmed one is left that a code can be sent to. */
export function canRemove(addresses: readonly Held[], address: Named, countries: TextCountries | undefined): boolean {
  const isConfirmed = addresses.some((held) => isSame(held, address) && held.confirmedAt !== null);
  return !isConfirmed || confirmedWithout(addresses, address).some((held) => isProvable(held, countries));
}

/** What is left of an account's confirmed addresses without this one. */
export function confirmedWithout<H extends Held>(addresses: readonly H[], address: Named): H[] {
  return addresses.filter((held) => held.confirmedAt !== null && !isSame(held, address));
}

/** A mailbox belongs to one account. A number may be on several. */
export function hasMailbox(addresses: readonly Held[]): boolean {
  return addresses.some(({ kind, confirmedAt }) => kind === 'email' && confirmedAt !== null);
}

function isSame(one: Named, other: Named): boolean {
  return one.kind === other.kind && one.canonical === other.canonical;
}
