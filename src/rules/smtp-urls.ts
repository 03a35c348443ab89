/** What `REGAIN_SMTP_URL` says. Pure, so that the configuration can refuse a bad one at start. */
import { decoded, refuser, requireKnown, UrlRefused, wholeNumber } from './provider-urls.ts';

export interface SmtpUrl {
  host: string;
  /** At once, at most. */
  connections: number;
}

export const SMTP_URL_EXAMPLE = 'smtp://user:password@mail.shop.example:587';

/** Below what mail servers take from one client: Postfix 50 (smtpd_client_connection_count_limit), Exim 20 of all together (smtp_accept_max). */
export const SMTP_CONNECTIONS = 10;
const CONNECTIONS_MAX = 100;

/** @throws UrlRefused */
export function parseSmtpUrl(text: string): SmtpUrl {
  const refuse = refuser(SMTP_URL_EXAMPLE);
  if (!URL.canParse(text)) throw new UrlRefused('is not a URL', SMTP_URL_EXAMPLE);
  const url = new URL(text);
  if (url.protocol !== 'smtp:' && url.protocol !== 'smtps:') refuse('must start with smtp:// or smtps://');
  if (url.hostname === '') refuse('names no host');
  requireKnown(url, ['connections', 'insecure'], refuse);
  for (const part of [url.username, url.password]) decoded(part, refuse);
  const connections = wholeNumber(url, 'connections', SMTP_CONNECTIONS, 1, CONNECTIONS_MAX, refuse);
  return { host: url.hostname, connections };
}
