/** Opens the messengers that people link to their account. */
import type { Context } from '../actions/context.ts';
import type { Inbox } from '../channels/inbox.ts';
import { createInboxChats, type InboxChats } from '../channels/inbox-chats.ts';
import type { Config } from '../config.ts';
import type { LinkedChannel } from '../ports.ts';
import { MESSENGERS, type Messenger } from '../rules/delivery.ts';
import type { Receivers } from '../web/webhooks.ts';
import { recorderOf } from './recorder.ts';

export type Messengers = Partial<Record<Messenger, LinkedChannel>>;

interface Surroundings {
  context: Pick<Context, 'clock' | 'log'>;
  /** In development, where each messenger is at least a phone in the inbox. */
  chats: InboxChats | undefined;
  fetch: typeof fetch;
}

/** In development every messenger is there without a setting, as chats in the inbox. */
export function chatsOf(inbox: Inbox, { brand, origin }: Config, context: Context): InboxChats {
  return createInboxChats(inbox, { clock: context.clock, origin, brand: brand.name, tell: recorderOf(context) });
}

/** Each read only where it is asked for. */
export async function messengersOf(config: Config, { context, chats, fetch }: Surroundings): Promise<Messengers> {
  const { origin, brand, telegram, whatsapp, viber } = config;
  const { clock, log } = context;
  const messengers: Messengers = {};
  if (telegram) {
    const { createTelegramChannel } = await import('../channels/telegram.ts');
    messengers.telegram = createTelegramChannel(telegram, {
      fetch,
      clock,
      log,
      webhookUrl: `${origin}/webhooks/telegram`,
    });
  }
  if (whatsapp) {
    const { createWhatsAppChannel } = await import('../channels/whatsapp.ts');
    messengers.whatsapp = createWhatsAppChannel(whatsapp, { fetch, clock, log });
  }
  if (viber) {
    const { createViberChannel } = await import('../channels/viber.ts');
    const webhookUrl = `${origin}/webhooks/viber`;
    messengers.viber = createViberChannel(viber, { fetch, log, brand: brand.name, webhookUrl });
  }
  if (chats)
    for (const messenger of MESSENGERS) messengers[messenger] = chats.channel(messenger, messengers[messenger]);
  return messengers;
}

/** What people do in their chats, and reports on what was sent there. */
export function chatReceivers(messengers: Messengers): Receivers {
  const receivers: Receivers = {};
  for (const messenger of MESSENGERS) {
    const { receive, refuseUnread, callMaxBytes } = messengers[messenger] ?? {};
    if (receive) receivers[messenger] = { channel: messenger, receive, refuseUnread, callMaxBytes };
  }
  return receivers;
}
