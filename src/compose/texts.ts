/** Opens whoever carries texts to numbers, and whoever reports on them. */
import type { Context } from '../actions/context.ts';
import { hearAnswer } from '../actions/hear-answer.ts';
import { recordReceipt } from '../actions/record-receipt.ts';
import type { Inbox } from '../channels/inbox.ts';
import type { Config, SmsSettings } from '../config.ts';
import type { ChannelEvent, TextChannel } from '../ports.ts';
import type { Receivers } from '../web/webhooks.ts';

interface Surroundings {
  context: Context;
  inbox: Inbox | undefined;
  fetch: typeof fetch;
}

interface Texts {
  /** Providers that write to numbers; Telegram's is the Gateway. */
  texts: { sms?: TextChannel; telegram?: TextChannel };
  /** Opens the lines that are kept open. */
  connect(): void;
}

export async function textsOf(config: Config, { inbox, context, fetch }: Surroundings): Promise<Texts> {
  const { clock, log } = context;
  const { telegramGateway } = config;
  const onEvent = async (event: ChannelEvent): Promise<void> => {
    if (event.type === 'receipt') await recordReceipt(context, 'sms', event);
    else hearAnswer(context, 'sms', event);
  };
  const { sms, connect } = config.sms ? await openSms(config.sms, config, { ...context, fetch, onEvent }) : NO_SMS;
  const shown = inbox ? inbox.texts(sms) : sms;
  const texts = shown ? { sms: shown } : {};
  if (!telegramGateway) return { texts, connect };
  const { createTelegramGatewayChannel } = await import('../channels/telegram-gateway.ts');
  const webhookUrl = `${config.origin}/webhooks/telegram-gateway`;
  const telegram = createTelegramGatewayChannel(telegramGateway, { fetch, clock, log, webhookUrl });
  return { texts: { ...texts, telegram }, connect };
}

const NO_SMS = { sms: undefined, connect: () => undefined };

/** Each adapter is read where it is used: the others, and the packages that they bring, cost nothing. */
export async function openSms(
  settings: SmsSettings,
  { origin }: Pick<Config, 'origin'>,
  {
    clock,
    random,
    log,
    fetch,
    onEvent,
  }: Pick<Context, 'clock' | 'random' | 'log'> & {
    fetch: typeof globalThis.fetch;
    /** What the provider tells on a line that is kept open. */
    onEvent(event: ChannelEvent): Promise<void>;
  },
): Promise<{ sms: TextChannel; connect(): void }> {
  switch (settings.provider) {
    case 'twilio': {
      const { createTwilioChannel } = await import('../channels/twilio.ts');
      const webhookUrl = `${origin}/webhooks/twilio`;
      return { ...NO_SMS, sms: createTwilioChannel(settings, { fetch, clock, webhookUrl }) };
    }
    case 'webhook': {
      const { createSmsWebhookChannel } = await import('../channels/sms-webhook.ts');
      return { ...NO_SMS, sms: createSmsWebhookChannel(settings, { fetch, clock }) };
    }
    case 'smpp': {
      const { createSmppChannel } = await import('../channels/smpp.ts');
      const sms = createSmppChannel(settings, { clock, random, log, onEvent });
      return { sms, connect: () => sms.connect() };
    }
  }
}

/** Reports on texts, by what the provider's address is called. */
export function textReceivers({ sms }: Config, { sms: carrier, telegram: gateway }: Texts['texts']): Receivers {
  const receivers: Receivers = {};
  if (carrier?.receive && sms) {
    const { receive, refuseUnread, callMaxBytes } = carrier;
    receivers[sms.provider === 'twilio' ? 'twilio' : 'sms'] = { channel: 'sms', receive, refuseUnread, callMaxBytes };
  }
  if (gateway?.receive) {
    const { receive, refuseUnread, callMaxBytes } = gateway;
    receivers['telegram-gateway'] = { channel: 'telegram', receive, refuseUnread, callMaxBytes };
  }
  return receivers;
}
