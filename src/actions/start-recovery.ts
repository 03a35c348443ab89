import type { Channel } from '../rules/delivery.ts';
import type { Identifier } from '../rules/identifiers.ts';
import type { Context, Origin } from './context.ts';
import { type Started, startProof } from './start-proof.ts';

/** Somebody says that he forgot the password of the account with this identifier. @throws as `startProof` does */
export function startRecovery(
  context: Context,
  identifier: Identifier,
  origin: Origin,
  channel?: Channel,
): Promise<Started> {
  return startProof(context, 'recovery', identifier, origin, undefined, channel);
}
