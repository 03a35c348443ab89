/**
 * What somebody answers to a text. Nothing follows from it but a line of the log: codes are sent to whoever asks for one, so
 * STOP takes nobody the way back to an account, and what carriers themselves hold back they say when it is sent.
 */
import type { ChannelEvent } from '../ports.ts';
import type { Channel } from '../rules/delivery.ts';
import { maskIdentifier } from '../rules/identifiers.ts';
import type { Context } from './context.ts';

type Answer = Exclude<ChannelEvent, { type: 'receipt' }>;

export function hearAnswer({ log }: Pick<Context, 'log'>, channel: Channel, { type, chat }: Answer): void {
  log.info('text-answered', { channel, event: type, from: maskSender(chat) });
}

/** Names and short codes have no end that could be shown. */
function maskSender(from: string): string {
  return /^\+?\d{7,15}$/.test(from) ? maskIdentifier({ kind: 'phone', canonical: from }) : '***';
}
