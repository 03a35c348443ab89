import { Refusal } from '../rules/errors.ts';
import type { Identifier } from '../rules/identifiers.ts';
import { whyNotTexted } from '../rules/text-numbers.ts';
import type { Context } from './context.ts';

/**
 * Before anything is sent, whoever wants to prove an address is told where no code can go to. The number and the settings
 * alone say so.
 * @throws Refusal `invalid_identifier` with the detail `phone_` and what is wrong with the number (rules/text-numbers.ts)
 */
export function requireProvable({ settings }: Pick<Context, 'settings'>, { kind, canonical }: Identifier): void {
  const problem = kind === 'phone' ? whyNotTexted(canonical, settings.texting?.countries) : undefined;
  if (problem !== undefined)
    throw new Refusal('invalid_identifier', { field: 'identifier', detail: `phone_${problem}` });
}
