/** The mail server, and what comes back. */
import { BOUNCE_LOCAL_MAX } from '../rules/bounce-addresses.ts';
import { type MailReports, readMailReports } from '../rules/mail-reports.ts';
import { type Given, looksLikeAddress } from './given.ts';

export interface MailSettings {
  url: string;
  host: string;
  /** `Shop <no-reply@shop.example>` */
  from: string;
  /** At once, at most. */
  connections: number;
}

/** What most servers take from one client: Exim on Debian 20 from everybody, Postfix 50 from one (smtpd_client_connection_count_limit). */
const CONNECTIONS = 10;
const CONNECTIONS_MAX = 100;
const PARAMETERS = ['connections', 'insecure'];

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
  if (!URL.canParse(smtpUrl)) return refuse('smtpUrl', 'is not a URL');
  const url = new URL(smtpUrl);
  if (url.protocol !== 'smtp:' && url.protocol !== 'smtps:')
    return refuse('smtpUrl', 'must start with smtp:// or smtps://');
  if (!url.hostname) return refuse('smtpUrl', 'names no host');
  const unknown = [...url.searchParams.keys()].find((name) => !PARAMETERS.includes(name));
  if (unknown !== undefined)
    return refuse('smtpUrl', `has an unknown parameter '${unknown.slice(0, 30)}'; known are ${PARAMETERS.join(', ')}`);
  const connections = parseConnections(url.searchParams.get('connections'));
  if (connections === undefined)
    return refuse('smtpUrl', `says connections=, which must be a whole number from 1 to ${CONNECTIONS_MAX}`);
  return { url: smtpUrl, host: url.hostname, from: from ?? `${brandName} <no-reply@${hostName}>`, connections };
}

function parseConnections(value: string | null): number | undefined {
  if (value === null) return CONNECTIONS;
  const connections = /^[1-9][0-9]{0,2}$/.test(value) ? Number(value) : undefined;
  return connections !== undefined && connections <= CONNECTIONS_MAX ? connections : undefined;
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
