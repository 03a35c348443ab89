/** A provider of codes by text, with decoys that keep the worker as long and as busy as real ones do. */
import { setTimeout as pause } from 'node:timers/promises';
import { CircuitBreaker } from '../circuit-breaker.ts';
import type { CodeTexts, StandIn, TextChannel } from '../ports.ts';
import { Recent } from '../recent.ts';
import type { Channel, SendOutcome } from '../rules/delivery.ts';
import { SPARED } from '../rules/ladder.ts';

/** Of people whom a provider that hangs alone reaches. */
const PATIENT_MAX = 16;

/**
 * Nobody is written to for a decoy, and no provider can be asked whether it would take a message without sending one. So a
 * decoy takes as long as a recent text, and makes its call to a stand-in. Where the last text met trouble at the provider, so
 * does a decoy; what was said of a number is about that number, or anybody could have decoys refused by a dead one of his own.
 */
export function paced(channel: TextChannel, { paid, standIn }: { paid: boolean; standIn: StandIn }): CodeTexts {
  const breaker = new CircuitBreaker(PATIENT_MAX);
  const took = new Recent<number>();
  let trouble: SendOutcome | undefined;
  return {
    provider: channel.provider,
    reports: channel.reports,
    paid,
    send: (text, goesOn) =>
      breaker.call(async () => {
        const startedAt = performance.now();
        const outcome = await channel.send(text);
        took.remember(performance.now() - startedAt);
        trouble = outcome.kind === 'temporary' ? outcome : undefined;
        return outcome;
      }, goesOn),
    async probe(text) {
      // Not even where a call may be made: what nobody's would find out is nothing.
      if (breaker.isOpen) return SPARED;
      const tookMs = took.recall() ?? 0;
      if (text && channel.rehearse)
        await channel.rehearse(text, (taken, calls = 1) => standIn.answering(taken, tookMs / calls));
      else await pause(tookMs);
      return trouble ?? { kind: 'accepted', providerId: '' };
    },
    close: () => channel.close(),
  };
}

export function pacedEach<C extends Channel>(
  providers: Partial<Record<C, TextChannel>>,
  { isPaid, standIn }: { isPaid(channel: C): boolean; standIn: StandIn },
): Partial<Record<C, CodeTexts>> {
  const found: Partial<Record<C, CodeTexts>> = {};
  for (const [channel, provider] of Object.entries(providers) as [C, TextChannel][])
    found[channel] = paced(provider, { paid: isPaid(channel), standIn });
  return found;
}
