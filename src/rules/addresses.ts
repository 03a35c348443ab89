/** Which addresses an account may gain and lose. */
import type { IdentifierKind } from './identifiers.ts';

/** Kinds of addresses that a code can be sent to: one for each kind that a channel reaches. */
export const PROVABLE_KINDS: readonly IdentifierKind[] = ['email'];

interface Held {
  kind: IdentifierKind;
  canonical: string;
  confirmedAt: number | null;
}

/** A confirmed address may go while another confirmed one is left that a code can be sent to. */
export function canRemove(addresses: readonly Held[], { kind, canonical }: Pick<Held, 'kind' | 'canonical'>): boolean {
  const same = (held: Held): boolean => held.kind === kind && held.canonical === canonical;
  return (
    addresses.filter(same).every(({ confirmedAt }) => confirmedAt === null) ||
    addresses.some((held) => !same(held) && held.confirmedAt !== null && PROVABLE_KINDS.includes(held.kind))
  );
}
