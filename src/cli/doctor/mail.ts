/** The doctor on the mail server, and on what other mail servers find about the sender. */
import { Resolver } from 'node:dns/promises';
import { isIP } from 'node:net';
import { domainToASCII } from 'node:url';
import { createSmtpChannel } from '../../channels/smtp.ts';
import type { Config, MailSettings } from '../../config.ts';
import { isLoopbackHost } from '../../rules/loopback.ts';
import type { Finding } from './finding.ts';

const PROBE_TIMEOUT_MS = 10_000;
const DNS_TIMEOUT_MS = 2_000;
/** Names that no public DNS has (RFC 6761, RFC 2606). */
const PRIVATE_DOMAIN = /(^|\.)(localhost|local|internal|test|example|invalid)$|^[^.]+$/;

export async function checkMailServer({ mail, brand }: Config): Promise<Finding[]> {
  const name = 'Mail server';
  if (!mail) return [{ level: 'ok', name, text: 'none in development; messages go to /dev/inbox' }];
  const channel = createSmtpChannel(mail, { brand: brand.name, sendTimeoutMs: PROBE_TIMEOUT_MS });
  try {
    const outcome = await channel.probe();
    if (outcome.kind !== 'accepted') return [{ level: 'FAIL', name, ...smtpTrouble(outcome.reason, mail) }];
    const text = `${serverOf(mail)} lets us in (${welcomeOf(mail)})`;
    if (new URL(mail.url).searchParams.get('insecure') !== '1') return [{ level: 'ok', name, text }];
    const mend = 'take insecure=1 out of REGAIN_SMTP_URL';
    return [{ level: 'warn', name, text: `${text}; TLS is not insisted on and certificates are not checked`, mend }];
  } finally {
    await channel.close();
  }
}

function serverOf({ url, host }: MailSettings): string {
  const { protocol, port } = new URL(url);
  return `${host}:${port || (protocol === 'smtps:' ? 465 : 587)}`;
}

function welcomeOf({ url, host }: MailSettings): string {
  const { protocol, username } = new URL(url);
  const local = isLoopbackHost(host) ? 'this machine, TLS not needed' : 'STARTTLS';
  return `${protocol === 'smtps:' ? 'TLS' : local}, ${username ? 'user and password accepted' : 'without a user'}`;
}

/** `reason` is a code of the network, of nodemailer or of the server (channels/smtp.ts). */
function smtpTrouble(reason: string, mail: MailSettings): { text: string; mend: string } {
  const at = serverOf(mail);
  const correct = 'correct REGAIN_SMTP_URL';
  if (reason === 'ECONNREFUSED')
    return { text: `nothing listens at ${at}`, mend: `start the mail server, or ${correct}` };
  if (['ENOTFOUND', 'EDNS', 'EAI_AGAIN'].includes(reason))
    return { text: `the host ${mail.host} has no address (${reason})`, mend: correct };
  if (reason === 'ETIMEDOUT' || reason === 'EHOSTUNREACH' || reason === 'ENETUNREACH')
    return { text: `${at} does not answer (${reason})`, mend: `see that no firewall stands between, or ${correct}` };
  if (/^(530|534|535|538)\b/.test(reason) || reason === 'EAUTH' || reason === 'ENOAUTH')
    return {
      text: `${at} refuses the user or the password (${reason})`,
      mend: `percent-encode special characters, or ${correct}`,
    };
  if (/CERT|SELF_SIGNED|UNABLE_TO|ALTNAME|SSL|TLS/.test(reason))
    return {
      text: `no safe connection to ${at} (${reason})`,
      mend: 'give the server a valid certificate for this name',
    };
  return { text: `${at} answers ${reason}`, mend: "look at the mail server's log" };
}

/** SPF and DMARC of the sender's domain: without them, much of the mail ends in spam folders. */
export async function checkSender({ mail }: Config): Promise<Finding[]> {
  if (!mail) return [];
  const name = 'Sender';
  const from = /<([^<>]+)>\s*$/.exec(mail.from)?.[1] ?? mail.from;
  const domain = domainToASCII(from.slice(from.lastIndexOf('@') + 1).trim()).toLowerCase();
  if (isIP(domain) !== 0 || domain === '' || PRIVATE_DOMAIN.test(domain))
    return [{ level: 'skip', name, text: `${domain || from} is no public domain; SPF and DMARC were not looked for` }];
  const { spf, dmarc } = await lookUp(domain);
  if (spf === 'unknown' || dmarc === 'unknown')
    return [
      { level: 'skip', name, text: `DNS is out of reach from here; SPF and DMARC of ${domain} were not checked` },
    ];
  if (spf === 'no_domain') {
    const mend = 'correct REGAIN_MAIL_FROM, or ask from a machine that sees public DNS';
    return [{ level: 'warn', name, text: `the DNS that this machine asks has no domain ${domain}`, mend }];
  }
  const missing = [...(spf === 'found' ? [] : ['SPF']), ...(dmarc === 'found' ? [] : ['DMARC'])];
  if (missing.length === 0) return [{ level: 'ok', name, text: `${domain} has SPF and DMARC` }];
  const mend = 'publish what your mail provider tells you, or codes end in spam folders';
  return [{ level: 'warn', name, text: `${domain} has no ${missing.join(' and no ')} record`, mend }];
}

type LookedUp = 'found' | 'none' | 'no_domain' | 'unknown';

async function lookUp(domain: string): Promise<{ spf: LookedUp; dmarc: LookedUp }> {
  const resolver = new Resolver({ timeout: DNS_TIMEOUT_MS, tries: 1 });
  const timer = setTimeout(() => resolver.cancel(), DNS_TIMEOUT_MS);
  try {
    const policies = upwards(domain).map((parent) => `_dmarc.${parent}`);
    const [spf, ...dmarcs] = await Promise.all([
      lookFor(resolver, domain, /^v=spf1(\s|$)/i),
      ...policies.map((name) => lookFor(resolver, name, /^v=DMARC1\s*(;|$)/i)),
    ]);
    const dmarc = (['found', 'unknown'] as const).find((wanted) => dmarcs.includes(wanted)) ?? 'none';
    return { spf: spf ?? 'unknown', dmarc };
  } finally {
    clearTimeout(timer);
  }
}

/** A domain inherits the policy of those above it (RFC 7489 section 6.6.3): "a.b.c" -> "a.b.c", "b.c". */
function upwards(domain: string): string[] {
  const labels = domain.split('.');
  return labels.slice(0, -1).map((_, at) => labels.slice(at).join('.'));
}

async function lookFor(resolver: Resolver, name: string, record: RegExp): Promise<LookedUp> {
  try {
    const texts = (await resolver.resolveTxt(name)).map((chunks) => chunks.join(''));
    return texts.some((text) => record.test(text)) ? 'found' : 'none';
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENODATA') return 'none';
    // Time-outs, refusals and the lack of a network all mean the same.
    return code === 'ENOTFOUND' ? 'no_domain' : 'unknown';
  }
}
