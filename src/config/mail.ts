/** The mail server, and what comes back. */
import { BOUNCE_LOCAL_MAX } from '../rules/bounce-addresses.ts';
import { type MailReports, readMailReports } from '../rules/mail-reports.ts';
import { UrlRefused } from '../rules/provider-urls.ts';
import { parseSmtpUrl, type SmtpUrl } from '../rules/smtp-urls.ts';
import { type Given, looksLikeAddress } from './given.ts';
import { problemOfUrl } from './logins.ts';

export interface MailSettings extends SmtpUrl {
  url: string;
  /** `Shop <no-reply@shop.example>` */
  from: string;
}

export interface MailConfig {
  mail: MailSettings | undefined;
  /** Where mail that can't be delivered comes back to: `bounces@shop.example`; a token is set behind the local part. */
  bounceAddress: string | undefined;
  /** Who reports on our mails. */
  mailReports: MailReports[];
}

/** What a sender is made of where none was given. */
interface Sender {
  brandName: string;
  hostName: string;
  production: boolean;
}

export function readMail(given: Given, sender: Sender): MailConfig {
  const { text, refuse } = given;
  return {
    mail: parseMail(given, sender),
    bounceAddress: parseBounceAddress(text('bounceAddress'), (problem) => refuse('bounceAddress', problem)),
    mailReports: readMailReports(text('mailReports') ?? '', (problem) => refuse('mailReports', problem)),
  };
}

function parseMail({ text, refuse }: Given, { brandName, hostName, production }: Sender): MailSettings | undefined {
  const [smtpUrl, from] = [text('smtpUrl'), text('mailFrom')];
  if (from !== undefined && !looksLikeMailbox(from)) refuse('mailFrom', `'${from}' is not a mailbox`);
  if (smtpUrl === undefined) {
    if (production) refuse('smtpUrl', 'is missing; without a mail server nobody gets a code');
    return undefined;
  }
  if (from === undefined && production) refuse('mailFrom', 'is missing');
  const problem = /^smtps?:\/\//.test(smtpUrl) ? problemOfUrl(smtpUrl) : undefined;
  if (problem !== undefined) return refuse('smtpUrl', problem);
  try {
    return { url: smtpUrl, from: from ?? `${brandName} <no-reply@${hostName}>`, ...parseSmtpUrl(smtpUrl) };
  } catch (error) {
    if (!(error instanceof UrlRefused)) throw error;
    return refuse('smtpUrl', error.message, error.example);
  }
}

function parseBounceAddress(value: string | undefined, refuse: (problem: string) => undefined): string | undefined {
  if (value === undefined) return undefined;
  const local = value.slice(0, value.lastIndexOf('@'));
  if (!/^[\w.-]+@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?$/.test(value))
    return refuse(`'${value}' is not a plain email address`);
  if (local.length > BOUNCE_LOCAL_MAX)
    return refuse(`'${local}' is longer than ${BOUNCE_LOCAL_MAX} characters, so that no token fits behind it`);
  return value;
}

function looksLikeMailbox(value: string): boolean {
  const inBrackets = /^[^<>\r\n]*<([^<>]+)>$/.exec(value);
  return looksLikeAddress(inBrackets?.[1] ?? value);
}
