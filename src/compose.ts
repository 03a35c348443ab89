/** Picks the adapters and wires them: the only file that knows all of them. */
import { availableParallelism } from 'node:os';
import { ownAccounts } from './accounts/own.ts';
import { completeHeldPasswords } from './actions/complete-held-passwords.ts';
import type { Context } from './actions/context.ts';
import { deliverMessage } from './actions/deliver-message.ts';
import type { Delivery } from './actions/delivery.ts';
import { purge } from './actions/purge.ts';
import { recordChatEvent } from './actions/record-chat-event.ts';
import { recordReceipt } from './actions/record-receipt.ts';
import { type Remembered, sealAudit } from './actions/seal-audit.ts';
import { tellSupport } from './actions/tell-support.ts';
import { createInbox, type Inbox } from './channels/inbox.ts';
import { createInboxChats, type InboxChats } from './channels/inbox-chats.ts';
import type { InboundOptions } from './channels/mail-reports/inbound.ts';
import type { SesOptions } from './channels/mail-reports/ses.ts';
import { paced } from './channels/paced-texts.ts';
import { telegramWays } from './channels/telegram-ways.ts';
import { type Config, ConfigError, type MailSettings, SETTINGS, type SmsSettings } from './config.ts';
import { createKeys } from './keys.ts';
import { createLog } from './log.ts';
import { render } from './messages/render.ts';
import { renderText } from './messages/render-text.ts';
import { createHasher, hashConcurrency } from './passwords/hasher.ts';
import { createPasswordKnowledge } from './passwords/knowledge.ts';
import type {
  ChannelEvent,
  Clock,
  Keys,
  LinkedChannel,
  Log,
  MailChannel,
  PasswordKnowledge,
  Random,
  Received,
  TextChannel,
  WebhookCall,
} from './ports.ts';
import { bounceAddress, messageOfBounceAddress } from './rules/bounce-addresses.ts';
import { type Channel, isMessenger, MESSENGERS, type Messenger } from './rules/delivery.ts';
import { HASH_QUEUE_MAX, HASH_STRANGERS_MAX } from './rules/limits.ts';
import type { MailReports } from './rules/mail-reports.ts';
import { settingsOf } from './settings.ts';
import { grouped } from './store/grouped.ts';
import { openStore } from './store/open.ts';
import { systemClock, systemRandom } from './system.ts';
import { createApp } from './web/app.ts';
import { answerHeaders } from './web/guard.ts';
import type { Peer } from './web/request.ts';
import type { Receivers } from './web/webhooks.ts';
import { createWork } from './work.ts';
import { startCoolOff } from './workers/cool-off.ts';
import { startWorker, type Worker } from './workers/loop.ts';
import { startPurging } from './workers/purging.ts';
import { startRegistering } from './workers/registering.ts';
import { startSealing } from './workers/sealing.ts';

export type { Peer } from './web/request.ts';

export interface World {
  /** Towards providers. */
  fetch?: typeof fetch;
  clock?: Clock;
  random?: Random;
  log?: Log;
}

/** The whole program, not yet working on the outbox. */
export interface Composed {
  config: Config;
  context: Context;
  mail: MailChannel;
  /** In development: every message that left. */
  inbox: Inbox | undefined;
  /** In development: the chats of messengers. */
  chats: InboxChats | undefined;
  /** Answers one request. `peer` is the address of the socket. */
  fetch(request: Request, peer?: Peer): Promise<Response>;
  /** Security headers, for what a server answers to bytes that are no request. */
  answerHeaders: Readonly<Record<string, string>>;
  /** Loads what judges passwords; without it that happens a second after the worker's start, in between requests. */
  warm(): Promise<void>;
  startWorker(options?: { otherProcesses?: boolean | 'seldom' }): Promise<Worker>;
  /** Ends connections. Stop the worker first. */
  close(): Promise<void>;
}

/** The estimator's dictionaries take 240 ms of CPU to load: after the first answers, and before somebody needs them. */
const WARMED_AFTER_MS = 1_000;

/** Opens the store and brings its tables to this version. */
export async function compose(config: Config, world: World = {}): Promise<Composed> {
  const clock = world.clock ?? systemClock;
  const random = world.random ?? systemRandom;
  const log = world.log ?? createLog(config.logLevel);
  const knowledge = createPasswordKnowledge(
    config.leakedPasswordsFile ? { leakedFile: config.leakedPasswordsFile } : {},
  );
  if (config.leakedPasswordsFile !== undefined) requireReadable(knowledge, config.leakedPasswordsFile);
  const store = await openStore(config.database, clock);
  // A program that can't start ends at once: PostgreSQL's idle connections would hold it for ten seconds.
  await store.migrate().catch(async (error: unknown) => {
    await store.close();
    throw error;
  });
  const keys = createKeys(config.secrets);
  const context: Context = {
    store,
    accounts: ownAccounts(random),
    hasher: createHasher({
      concurrency: hashConcurrency(availableParallelism()),
      queueMax: HASH_QUEUE_MAX,
      strangersMax: HASH_STRANGERS_MAX,
    }),
    knowledge,
    keys,
    work: createWork(keys, random),
    risk: config.risk,
    clock,
    random,
    log,
    settings: settingsOf(config),
  };
  const { mail, inbox } = await mailOf(config, context);
  const chats = inbox && chatsOf(inbox, config, context);
  const messengers = await messengersOf(config, context, chats);
  const { texts, gateway, connect } = await textsOf(config, { context, inbox }, messengers);
  const { brand, origin } = config;
  const delivery: Delivery = {
    mail,
    texts: Object.fromEntries(
      Object.entries(texts).map(([channel, provider]) => [
        channel,
        paced(provider, config.sms !== undefined || channel === 'telegram'),
      ]),
    ),
    render: (kind, params, locale) => render(kind, params, { locale, brand, origin }),
    renderText: (kind, params, locale) => renderText(kind, params, { locale, brand, origin }),
    origin,
  };
  const receivers = {
    ...(await mailReceivers(config, keys, clock, world.fetch ?? fetch)),
    ...textReceivers(config, texts, gateway),
    ...chatReceivers(messengers),
  };
  const app = createApp({ context, config, inbox, chats, receivers, messengers });

  return {
    config,
    context,
    mail,
    inbox,
    chats,
    fetch: async (request, peer = {}) => app.fetch(request, peer),
    answerHeaders: answerHeaders(config),
    warm: () => knowledge.warm(),
    async startWorker(options = {}) {
      // SQLite has one writer, for whose turns the worker would wait once a statement.
      const working = store.engine === 'sqlite' ? { ...context, store: grouped(store) } : context;
      const worker = await startWorker({
        store: working.store,
        clock,
        log,
        otherProcesses: options.otherProcesses ?? true,
        deliver: (message) =>
          message.kind === 'support-bounce'
            ? tellSupport(working, { ...delivery, supportAddress: config.brand.supportAddress }, message)
            : deliverMessage(working, delivery, message),
      });
      // The handshake with the mail server is over before somebody waits for a code.
      void mail.probe();
      connect();
      const stopRegistering = startRegistering(Object.values(messengers), log);
      const stopPurging = startPurging(() => purge(context), log);
      const sealing = startSealing<Remembered>((known) => sealAudit(context, known), log);
      const stopCoolOff = startCoolOff(() => completeHeldPasswords(context), log);
      const warming = setTimeout(() => {
        knowledge.warm().catch((error: unknown) => log.error('warm-up', { error: String(error) }));
      }, WARMED_AFTER_MS);
      return {
        ...worker,
        async stop() {
          clearTimeout(warming);
          stopPurging();
          stopRegistering();
          await stopCoolOff();
          await worker.stop();
          await sealing.stop();
        },
      };
    },
    async close() {
      for (const provider of Object.values(texts)) await provider.close();
      await mail.close();
      await store.close();
    },
  };
}

/** A list that is named and can't be read would only be noticed by the first person who sets a password. */
function requireReadable(knowledge: PasswordKnowledge, file: string): void {
  try {
    knowledge.isLeaked('');
  } catch (error) {
    const { variable, example } = SETTINGS.leakedPasswords;
    throw new ConfigError([
      `${variable}: '${file}' can't be used: ${(error as Error).message}. Example: ${variable}=${example}`,
    ]);
  }
}

/** In development every message is also kept in the inbox; in production there is none. */
async function mailOf(config: Config, context: Context): Promise<{ mail: MailChannel; inbox: Inbox | undefined }> {
  const smtp = config.mail && (await openSmtp(config, config.mail, context.keys));
  if (config.mode === 'development') {
    const tell = recorderOf(context);
    const inbox = createInbox('.regain/inbox.jsonl', context.clock, { carrier: smtp, tell });
    return { mail: inbox, inbox };
  }
  if (!smtp) throw new Error('a mail server is needed in production');
  return { mail: smtp, inbox: undefined };
}

/** In development every messenger is there without a setting, as chats in the inbox. */
function chatsOf(inbox: Inbox, { brand, origin }: Config, context: Context): InboxChats {
  return createInboxChats(inbox, { clock: context.clock, origin, brand: brand.name, tell: recorderOf(context) });
}

/** Records what a phone tells: of a message or of a person. */
function recorderOf(context: Context): (channel: Channel, event: ChannelEvent) => Promise<void> {
  return async (channel, event) => {
    if (event.type === 'receipt') await recordReceipt(context, channel, event);
    else if (isMessenger(channel)) await recordChatEvent(context, channel, event);
  };
}

/** Imported where it is used: a newcomer's first start has no mail server, and reading nodemailer is a tenth of it. */
async function openSmtp(config: Config, settings: MailSettings, keys: Keys): Promise<MailChannel> {
  const { createSmtpChannel } = await import('./channels/smtp.ts');
  const { bounceAddress: setting, mailReports, brand } = config;
  const postmark = mailReports.some(({ provider }) => provider === 'postmark');
  return createSmtpChannel(settings, {
    brand: brand.name,
    ...(setting === undefined ? {} : { returnPath: (id) => bounceAddress(setting, id, keys) }),
    ...(postmark ? { reportHeaders: (id) => ({ 'X-PM-Metadata-regain-message': id }) } : {}),
  });
}

/** Each read only where it is asked for: few shops have more than one provider. */
async function mailReceivers(config: Config, keys: Keys, clock: Clock, fetchThere: typeof fetch): Promise<Receivers> {
  const { bounceAddress: setting } = config;
  const messageOf = (address: string): string | undefined =>
    setting === undefined ? undefined : messageOfBounceAddress(setting, address, keys);
  const receivers: Receivers = {};
  for (const reports of config.mailReports)
    receivers[reports.provider] = {
      channel: 'email',
      receive: await openReports(reports, { clock, messageOf, fetch: fetchThere }),
    };
  return receivers;
}

async function openReports(
  reports: MailReports,
  options: InboundOptions & SesOptions,
): Promise<(call: WebhookCall) => Promise<Received>> {
  switch (reports.provider) {
    case 'inbound':
      return (await import('./channels/mail-reports/inbound.ts')).createInboundReports(reports, options).receive;
    case 'ses':
      return (await import('./channels/mail-reports/ses.ts')).createSesReports(reports, options).receive;
    case 'postmark':
      return (await import('./channels/mail-reports/postmark.ts')).createPostmarkReports(reports, options).receive;
    case 'sendgrid': {
      const { createSendGridReports } = await import('./channels/mail-reports/sendgrid.ts');
      try {
        return createSendGridReports(reports, options).receive;
      } catch {
        const { variable } = SETTINGS.mailReports;
        throw new ConfigError([
          `${variable}: the key of sendgrid:// is no public key; copy it anew from SendGrid's page`,
        ]);
      }
    }
  }
}

interface Surroundings {
  context: Context;
  inbox: Inbox | undefined;
}

interface Texts {
  texts: Partial<Record<Exclude<Channel, 'email'>, TextChannel>>;
  /** Opens the lines that are kept open. */
  /** Telegram Gateway, whose reports come to an address of their own. */
  gateway?: TextChannel;
  connect(): void;
}

async function textsOf(config: Config, surroundings: Surroundings, chats: Messengers): Promise<Texts> {
  const { inbox, context } = surroundings;
  const { clock, log } = context;
  const { telegramGateway } = config;
  const { sms, connect } = config.sms ? await openSms(config.sms, config, surroundings) : NO_SMS;
  const shown = inbox ? inbox.texts(sms) : sms;
  const texts = { ...chats, ...(shown ? { sms: shown } : {}) };
  if (!telegramGateway) return { texts, connect };
  const { createTelegramGatewayChannel } = await import('./channels/telegram-gateway.ts');
  const webhookUrl = `${config.origin}/webhooks/telegram-gateway`;
  const numbers = createTelegramGatewayChannel(telegramGateway, { fetch, clock, log, webhookUrl });
  const telegram = telegramWays({ numbers, ...(chats.telegram ? { chats: chats.telegram } : {}) });
  return { texts: { ...texts, telegram }, gateway: numbers, connect };
}

const NO_SMS = { sms: undefined, connect: () => undefined };

/** Each adapter is read where it is used: the others, and the packages that they bring, cost nothing. */
async function openSms(
  settings: SmsSettings,
  { origin }: Config,
  { context }: Surroundings,
): Promise<{ sms: TextChannel; connect(): void }> {
  const { clock, random, log } = context;
  switch (settings.provider) {
    case 'twilio': {
      const { createTwilioChannel } = await import('./channels/twilio.ts');
      const webhookUrl = `${origin}/webhooks/twilio`;
      return { ...NO_SMS, sms: createTwilioChannel(settings, { fetch, clock, webhookUrl }) };
    }
    case 'webhook': {
      const { createSmsWebhookChannel } = await import('./channels/sms-webhook.ts');
      return { ...NO_SMS, sms: createSmsWebhookChannel(settings, { fetch, clock }) };
    }
    case 'smpp': {
      const { createSmppChannel } = await import('./channels/smpp.ts');
      const onEvent = async (event: ChannelEvent): Promise<void> => {
        if (event.type === 'receipt') await recordReceipt(context, 'sms', event);
      };
      const sms = createSmppChannel(settings, { clock, random, log, onEvent });
      return { sms, connect: () => sms.connect() };
    }
  }
}

type Messengers = Partial<Record<Messenger, LinkedChannel>>;

/** Each read only where it is asked for. */
async function messengersOf(
  config: Config,
  { clock, log }: Context,
  chats: InboxChats | undefined,
): Promise<Messengers> {
  const { origin, brand, telegram, whatsapp, viber } = config;
  const messengers: Messengers = {};
  if (telegram) {
    const { createTelegramChannel } = await import('./channels/telegram.ts');
    messengers.telegram = createTelegramChannel(telegram, {
      fetch,
      clock,
      log,
      webhookUrl: `${origin}/webhooks/telegram`,
    });
  }
  if (whatsapp) {
    const { createWhatsAppChannel } = await import('./channels/whatsapp.ts');
    messengers.whatsapp = createWhatsAppChannel(whatsapp, { fetch, clock, log });
  }
  if (viber) {
    const { createViberChannel } = await import('./channels/viber.ts');
    const webhookUrl = `${origin}/webhooks/viber`;
    messengers.viber = createViberChannel(viber, { fetch, log, brand: brand.name, webhookUrl });
  }
  if (chats)
    for (const messenger of MESSENGERS) messengers[messenger] = chats.channel(messenger, messengers[messenger]);
  return messengers;
}

/** What people do in their chats, and reports on what was sent there. */
function chatReceivers(messengers: Messengers): Receivers {
  const receivers: Receivers = {};
  for (const messenger of MESSENGERS) {
    const { receive } = messengers[messenger] ?? {};
    if (receive) receivers[messenger] = { channel: messenger, receive };
  }
  return receivers;
}

/** Reports on texts, by what the provider's address is called. */
function textReceivers({ sms }: Config, { sms: carrier }: Texts['texts'], gateway: Texts['gateway']): Receivers {
  const receivers: Receivers = {};
  if (carrier?.receive && sms)
    receivers[sms.provider === 'twilio' ? 'twilio' : 'sms'] = { channel: 'sms', receive: carrier.receive };
  if (gateway?.receive) receivers['telegram-gateway'] = { channel: 'telegram', receive: gateway.receive };
  return receivers;
}
