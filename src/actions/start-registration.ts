import type { Channel } from '../rules/delivery.ts';
import type { Identifier } from '../rules/identifiers.ts';
import type { Context, Origin } from './context.ts';
import { requireProvable } from './require-provable.ts';
import { type Started, startProof } from './start-proof.ts';

/**
 * Somebody wants an account. The address is proven first; with a taken one everything looks the same from outside, and
 * its owner gets a friendly mail or text. @throws Refusal `rate_limited`, `invalid_identifier`, `invalid_request` for the
 * field `channel`
 */
export async function startRegistration(
  context: Context,
  identifier: Identifier,
  origin: Origin,
  channel?: Channel,
): Promise<Started> {
  requireProvable(context, identifier);
  return startProof(context, 'registration', identifier, origin, undefined, channel);
}
