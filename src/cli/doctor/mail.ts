/** The doctor on the mail server. */
import { createSmtpChannel } from '../../channels/smtp.ts';
import type { Config, MailSettings } from '../../config.ts';
import { isLoopbackHost } from '../../rules/loopback.ts';
import type { Finding } from './finding.ts';

const PROBE_TIMEOUT_MS = 10_000;

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
