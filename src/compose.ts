/** Picks the adapters and wires them. Only this file and those of `compose/` know all of them. */
import { availableParallelism } from 'node:os';
import { ownAccounts } from './accounts/own.ts';
import { completeHeldPasswords } from './actions/complete-held-passwords.ts';
import type { Context } from './actions/context.ts';
import { deliverMessage } from './actions/deliver-message.ts';
import type { Delivery } from './actions/delivery.ts';
import { purge } from './actions/purge.ts';
import { type Remembered, sealAudit } from './actions/seal-audit.ts';
import type { Inbox } from './channels/inbox.ts';
import type { InboxChats } from './channels/inbox-chats.ts';
import { pacedEach } from './channels/paced-texts.ts';
import { mailOf, mailReceivers } from './compose/mail.ts';
import { chatReceivers, chatsOf, messengersOf } from './compose/messengers.ts';
import { textReceivers, textsOf } from './compose/texts.ts';
import { type Config, ConfigError, SETTINGS } from './config.ts';
import { createKeys } from './keys.ts';
import { createLog } from './log.ts';
import { render } from './messages/render.ts';
import { renderText } from './messages/render-text.ts';
import { createHasher, hashConcurrency } from './passwords/hasher.ts';
import { createPasswordKnowledge } from './passwords/knowledge.ts';
import type { Clock, Log, MailChannel, PasswordKnowledge, Random } from './ports.ts';
import { HASH_QUEUE_MAX, HASH_STRANGERS_MAX } from './rules/limits.ts';
import { settingsOf } from './settings.ts';
import { createStandIn } from './stand-in.ts';
import { openStore } from './store/open.ts';
import type { Store, StoreTransaction } from './store/store.ts';
import { systemClock, systemRandom } from './system.ts';
import { createApp } from './web/app.ts';
import { answerHeaders } from './web/guard.ts';
import { createOpenStreams } from './web/open-streams.ts';
import type { Peer } from './web/request.ts';
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
  /** Ends the answers that are never done, so that a server can stop. */
  endStreams(): void;
  /** Ends connections. Stop the worker first. */
  close(): Promise<void>;
}

/** The estimator's dictionaries take 240 ms of CPU to load: after the first answers, and before somebody needs them. */
const WARMED_AFTER_MS = 1_000;

/** Opens the store and brings its tables to this version. */
export async function compose(config: Config, world: World = {}): Promise<Composed> {
  const clock = world.clock ?? systemClock;
  const random = world.random ?? systemRandom;
  const fetchThere = world.fetch ?? fetch;
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
  const standIn = createStandIn((url, init) => fetch(url, init));
  const { mail, inbox } = await mailOf(config, context, standIn);
  const chats = inbox && chatsOf(inbox, config, context);
  const messengers = await messengersOf(config, { context, chats, fetch: fetchThere });
  const { texts, connect } = await textsOf(config, { context, inbox, fetch: fetchThere });
  const { brand, origin } = config;
  const delivery: Delivery = {
    mail,
    texts: pacedEach(texts, { isPaid: (channel) => config.sms !== undefined || channel === 'telegram', standIn }),
    chats: pacedEach(messengers, {
      // A bot of Telegram's is free.
      isPaid: (messenger) => messenger !== 'telegram' && config[messenger] !== undefined,
      standIn,
    }),
    render: (kind, params, locale) => render(kind, params, { locale, brand, origin }),
    renderText: (kind, params, locale, over) => renderText(kind, params, { locale, brand, origin }, over),
    origin,
  };
  const receivers = {
    ...(await mailReceivers(config, keys, clock, fetchThere)),
    ...textReceivers(config, texts),
    ...chatReceivers(messengers),
  };
  const streams = createOpenStreams();
  const app = createApp({ context, config, inbox, chats, receivers, messengers, streams });

  return {
    config,
    context,
    mail,
    inbox,
    chats,
    fetch: async (request, peer = {}) => app.fetch(request, peer),
    answerHeaders: answerHeaders(config),
    endStreams: () => streams.endAll(),
    warm: () => knowledge.warm(),
    async startWorker(options = {}) {
      const working = { ...context, store: goingAhead(store) };
      const worker = await startWorker({
        store: working.store,
        clock,
        log,
        otherProcesses: options.otherProcesses ?? true,
        deliver: (message) => deliverMessage(working, delivery, message),
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
      streams.endAll();
      for (const provider of [...Object.values(texts), ...Object.values(messengers)]) await provider.close();
      await standIn.close();
      await mail.close();
      await store.close();
    },
  };
}

/** People wait by mail for what a worker's transactions would wait for behind a crowd of requests. */
function goingAhead(store: Store): Store {
  const transaction = <T>(work: (tx: StoreTransaction) => Promise<T>): Promise<T> =>
    store.transaction(work, { ahead: true });
  return { ...store, transaction };
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
