/** Statuses, reasons and refusals of messages in words. The codes stay in sight: they are what a provider's support asks for. */
import { lastWordOf, RETRIED, type ShownStatus } from '../rules/delivery.ts';
import type { State } from '../rules/recovery-flow.ts';
import type { RetryRefusal } from '../rules/retry.ts';
import { plain } from './shown.ts';

/** Enhanced status codes of mail servers, by RFC 3463; the class says whether it was for good. */
const BY_ENHANCED_CODE: readonly (readonly [RegExp, string])[] = [
  [/^5\.1\.[1236]$/, 'the mailbox does not exist'],
  [/^5\.1\.10$/, 'the domain takes no mail'],
  [/^5\.2\.1$/, 'the mailbox is closed'],
  [/^4\.2\.1$/, 'the mailbox takes nothing at the moment'],
  [/^[45]\.2\.2$/, 'the mailbox is full'],
  [/^[45]\.[23]\.[34]$/, 'the message is too big'],
  [/^[45]\.4\.\d+$/, 'the mail server could not reach the next one'],
  [/^4\.7\.\d+$/, 'the mail server wants us to wait, as greylisting does'],
  [/^5\.7\.(8|9|11)$/, 'the mail server does not let us in: check the login in REGAIN_SMTP_URL'],
  [/^5\.7\.\d+$/, 'the mail server refused it by its policy: check SPF, DKIM and the sender'],
];
const BY_CODE: Record<string, string> = {
  [RETRIED]: 'an operator had it sent again',
  waits_for_earlier: 'it waits with an earlier mail to the same address',
  key_missing: 'the secret that its code was made with is not in REGAIN_SECRET any more',
  no_address: 'it had no address',
  handed_over: 'it was handed to the provider, which has not answered yet',
  answer_lost: 'the connection or the process ended before the provider answered; it may have been sent',
  high_risk: "the host's risk hook spoke against this way; the mailbox takes its place",
  stale_number: 'the number was not confirmed for long; the mailbox is asked first',
  held_back: 'the guard of what may be spent held it back; see regain doctor spend',
  tried_before: 'another message brought the same code by this way, or was about to',
  arrived_before: 'the message before it arrived',
  code_entered: 'the code was entered before',
  cancelled: 'what it belongs to was stopped before',
  asked_again: 'the code was asked for again before',
  malformed_address: 'the address can not be written to',
  smtputf8_unsupported: 'the mail server takes no address with such letters',
  useless_by_now: 'too late to be of use',
  unreadable_answer: "the provider's answer could not be read; it may have been sent",
  paused: 'the provider asked us to pause',
  FLOOD_WAIT: 'the provider asked us to pause',
  ECONNREFUSED: 'nothing listens at the provider',
  ENOTFOUND: "the provider's name is not known to DNS",
  EDNS: "the provider's name could not be looked up",
  ETIMEDOUT: 'the provider did not answer in time',
  provider_hangs: 'not handed over: messages before it got no answer in time',
  ECONNRESET: 'the provider cut the connection',
  ECONNECTION: 'the connection to the provider failed',
  ESOCKET: 'the connection to the provider failed',
  ETLS: 'the encrypted connection to the provider failed',
  EAUTH: 'the provider does not let us in: check its login',
};

/** "the mailbox does not exist (550 5.1.1)" */
export function reasonInWords(reason: string): string {
  const last = lastWordOf(reason);
  if (last !== null && last !== reason) return `it may have been sent: ${reasonInWords(last)}`;
  const words = BY_CODE[reason] ?? wordsOfReply(reason);
  return words === undefined ? plain(reason) : reason === RETRIED ? words : `${words} (${plain(reason)})`;
}

function wordsOfReply(reason: string): string | undefined {
  const [, code = '', enhanced = ''] = /^(\d{3})(?: (\d\.\d+\.\d+))?$/.exec(reason) ?? [];
  const words = BY_ENHANCED_CODE.find(([pattern]) => pattern.test(enhanced))?.[1];
  if (words !== undefined) return words;
  if (code === '429') return 'the provider asked us to slow down';
  if (code.startsWith('4')) return 'the provider could not take it yet';
  return code.startsWith('5') ? 'the provider refused it' : undefined;
}

export const SHOWN_IN_WORDS: Record<ShownStatus, string> = {
  queued: 'waiting to leave',
  sent: 'handed to the provider',
  delivered: 'delivered',
  failed: 'could not be delivered',
};

/** States of other versions are shown as they are called. */
export const STATE_IN_WORDS: Record<State, string> & Partial<Record<string, string>> = {
  code_sent: 'waits for the code',
  code_expired: 'its code has expired; "send again" makes a new one',
  code_used_up: 'too many wrong codes were typed; "send again" makes a new one',
  choosing: 'the code was entered, and one of several accounts has to be chosen',
  verified: 'the right code was typed',
  held: 'the new password waits out the cool-off',
  completed: 'finished',
  cancelled: 'cancelled',
  ended: 'over, its time has passed',
};

/** Why a message is not queued again, and what helps instead. */
export function refusalInWords(refusal: RetryRefusal): string {
  switch (refusal.why) {
    case 'waits_already':
      return 'it waits to be sent already';
    case 'nobody':
      return 'there is nobody to send it to';
    case 'not_failed':
      return `${refusal.status === 'delivered' ? 'it was delivered' : 'the provider has it, and it may have arrived'}; --even-if-delivered sends it a second time`;
    case 'too_late':
      return 'its time has passed, and it would only puzzle';
    case 'recovery_gone':
      return 'what it belongs to was purged';
    case 'recovery_over':
      return `what it belongs to: ${STATE_IN_WORDS[refusal.state] ?? refusal.state}. The code would open nothing`;
    case 'code_dead':
      return 'the code in it has expired; the person can press "send again", or start anew';
    case 'newer_code':
      return 'a newer message with another code has taken its place';
    case 'address_gone':
      return 'the address is no longer one of the account';
    case 'address_stopped':
      return "recovery by its address is stopped, because somebody said that it is in wrong hands; 'regain accounts unfreeze' allows it again";
    case 'account_changed':
      return 'the account has changed since (a sign-in, a new password, or a report), which made the code void';
  }
}
