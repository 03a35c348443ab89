/** `regain messages show`: everything that is known of one message. */
import { type MessageView, type RecoveryOfMessage, showMessage } from '../actions/show-message.ts';
import type { Config, SmsSettings } from '../config.ts';
import type { Channel } from '../rules/delivery.ts';
import type { MessageEvent } from '../store/store.ts';
import { print, readId, refuseId, refuseUsage, withMessages } from './messages.ts';
import { viewAsJson } from './messages-json.ts';
import { reasonInWords, SHOWN_IN_WORDS, STATE_IN_WORDS } from './messages-words.ts';
import { duration, plain } from './shown.ts';

/** @returns 0, or 1 where there is no such message, 2 for a wrong call */
export async function runShow(args: string[], environment: Record<string, string | undefined>): Promise<number> {
  const asked = readId(args, ['--json']);
  if (typeof asked === 'string') return refuseUsage(asked);
  return withMessages(environment, async (context) => {
    const answer = await showMessage(context, asked.id);
    if (!answer.found) return refuseId(asked.id, answer.why);
    const view = answer.found;
    const provider = providerOf(view, context.config);
    const lines = asked.given.has('--json')
      ? [JSON.stringify(viewAsJson(view, provider), null, 2)]
      : describe(view, provider, context.clock.now());
    print(lines.map((line) => `${line}\n`).join(''));
    return 0;
  });
}

/** By the settings of today: which one took a message is not stored. */
function providerOf({ channel }: MessageView, config: Config): string | null {
  return providersOf(config)[channel] ?? (config.mode === 'development' ? 'inbox' : null);
}

function providersOf(config: Config): Record<Channel, string | undefined> {
  const { mail, sms, whatsapp, telegram, telegramGateway, viber } = config;
  const telegrams = [telegram && 'telegram', telegramGateway && 'telegram-gateway'].filter(Boolean);
  return {
    email: mail && `smtp ${mail.host}`,
    sms: sms && nameOfSms(sms),
    whatsapp: whatsapp && 'whatsapp',
    // A linked chat is the bot's and a number the Gateway's; which it was, the message does not say.
    telegram: telegrams.join(' or ') || undefined,
    viber: viber && 'viber',
  };
}

function nameOfSms(sms: SmsSettings): string {
  if (sms.provider === 'twilio') return 'twilio';
  return sms.provider === 'smpp' ? `smpp ${sms.host}` : `webhook ${new URL(sms.url).host}`;
}

function describe(view: MessageView, provider: string | null, now: number): string[] {
  const facts: [name: string, value: string][] = [
    ['what', `${view.kind} by ${view.channel}`],
    ['to', view.nobody ? 'nobody to send to' : plain(view.to ?? 'looked up when it is sent')],
    ['status', withReason(view.status, view.reason)],
    ['attempts', String(view.attempts)],
    ...(view.nextTryAt === null ? [] : [['next try', moment(view.nextTryAt, now)] as [string, string]]),
    ['useful until', moment(view.usefulUntil, now)],
    ['provider', plain(provider ?? 'not known')],
    ["provider's id", plain(view.providerId ?? 'none')],
    ['account', plain(view.accountId ?? 'none')],
    ...(view.recovery ? aboutRecovery(view.recovery, now) : []),
  ];
  return [
    `Message ${view.id}`,
    ...facts.map(([name, value]) => `  ${name.padEnd(14)} ${value}`),
    '  history',
    ...(view.history.length === 0
      ? ['    none is kept']
      : view.history.map((event, at) => `    ${line(event, view.history[at - 1])}`)),
  ];
}

function aboutRecovery(recovery: RecoveryOfMessage, now: number): [string, string][] {
  const { purpose, id, askedFor, state, shown } = recovery;
  return [
    [purpose, `${id}, asked for ${plain(askedFor)}: ${STATE_IN_WORDS[state] ?? state}`],
    ['it ends', moment(recovery.expiresAt, now)],
    ['claimant sees', shown ? SHOWN_IN_WORDS[shown] : 'nothing of this message'],
  ];
}

function line({ at, status, reason, attempt }: MessageEvent, before: MessageEvent | undefined): string {
  const waited = before ? ` (${duration(at - before.at)} later)` : '';
  const tried = before && attempt > before.attempt ? `, attempt ${attempt}` : '';
  return `${new Date(at).toISOString()}  ${withReason(`${status}${tried}${waited}`, reason)}`;
}

function withReason(text: string, reason: string | null): string {
  return reason === null ? text : `${text}: ${reasonInWords(reason)}`;
}

function moment(at: number, now: number): string {
  const when = at > now ? `in ${duration(at - now)}` : `${duration(now - at)} ago`;
  return `${new Date(at).toISOString()} (${when})`;
}
