/** A provider of codes by text, with decoys that keep the worker as long as real ones do. */
import { setTimeout as pause } from 'node:timers/promises';
import { Pace } from '../pace.ts';
import type { CodeTexts, TextChannel } from '../ports.ts';
import type { Channel } from '../rules/delivery.ts';

/**
 * Nobody is written to for a decoy, and no provider can be asked whether it would take a message without sending one. So a
 * decoy takes its time, and its place in the worker, and asks nobody.
 */
export function paced(channel: TextChannel, paid: boolean): CodeTexts {
  const pace = new Pace();
  return {
    provider: channel.provider,
    reports: channel.reports,
    paid,
    async send(text) {
      const startedAt = performance.now();
      const outcome = await channel.send(text);
      pace.remember(performance.now() - startedAt);
      return outcome;
    },
    async probe() {
      await pause(pace.recall());
      return { kind: 'accepted', providerId: '' };
    },
    close: () => channel.close(),
  };
}

export function pacedEach<C extends Channel>(
  providers: Partial<Record<C, TextChannel>>,
  isPaid: (channel: C) => boolean,
): Partial<Record<C, CodeTexts>> {
  const found: Partial<Record<C, CodeTexts>> = {};
  for (const [channel, provider] of Object.entries(providers) as [C, TextChannel][])
    found[channel] = paced(provider, isPaid(channel));
  return found;
}
