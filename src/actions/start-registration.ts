import type { Channel } from '../rules/delivery.ts';
import { Refusal } from '../rules/errors.ts';
import type { Identifier } from '../rules/identifiers.ts';
import type { Context, Origin } from './context.ts';
import { type Started, startProof } from './start-proof.ts';

/**
 * Somebody wants an account. The address is proven first; with a taken one everything looks the same from outside, and
 * its owner gets a friendly mail. @throws Refusal `rate_limited`, `invalid_identifier`
 */
export async function startRegistration(
  context: Context,
  identifier: Identifier,
  origin: Origin,
  channel?: Channel,
): Promise<Started> {
  // Mails are the safe half of an account: a new one has a mailbox, whatever else it has.
  if (identifier.kind === 'phone')
    throw new Refusal('invalid_identifier', { field: 'identifier', detail: 'email_only' });
  return startProof(context, 'registration', identifier, origin, undefined, channel);
}
