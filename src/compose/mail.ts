/** Opens the mail server, and whoever reports on our mails. */
import type { Context } from '../actions/context.ts';
import { createInbox, type Inbox } from '../channels/inbox.ts';
import type { InboundOptions } from '../channels/mail-reports/inbound.ts';
import type { SesOptions } from '../channels/mail-reports/ses.ts';
import { type Config, ConfigError, type MailSettings, SETTINGS } from '../config.ts';
import type { CallReader, Clock, Keys, MailChannel, StandIn } from '../ports.ts';
import { bounceAddress, messageOfBounceAddress } from '../rules/bounce-addresses.ts';
import type { MailReports } from '../rules/mail-reports.ts';
import { messageIdOf } from '../rules/retry.ts';
import type { Receivers } from '../web/webhooks.ts';
import { recorderOf } from './recorder.ts';

/** In development every message is also kept in the inbox; in production there is none. */
export async function mailOf(
  config: Config,
  context: Context,
  standIn: StandIn,
): Promise<{ mail: MailChannel; inbox: Inbox | undefined }> {
  const smtp = config.mail && (await openSmtp(config, config.mail, { keys: context.keys, standIn }));
  if (config.mode === 'development') {
    const tell = recorderOf(context);
    const inbox = createInbox('.regain/inbox.jsonl', context.clock, { carrier: smtp, tell });
    return { mail: inbox, inbox };
  }
  if (!smtp) throw new Error('a mail server is needed in production');
  return { mail: smtp, inbox: undefined };
}

/** Imported where it is used: a newcomer's first start has no mail server, and reading nodemailer is a tenth of it. */
async function openSmtp(
  config: Config,
  settings: MailSettings,
  { keys, standIn }: { keys: Keys; standIn: StandIn },
): Promise<MailChannel> {
  const { createSmtpChannel } = await import('../channels/smtp.ts');
  const { bounceAddress: setting, mailReports, brand } = config;
  const postmark = mailReports.some(({ provider }) => provider === 'postmark');
  return createSmtpChannel(settings, {
    brand: brand.name,
    standIn,
    ...(setting === undefined ? {} : { returnPath: (id) => bounceAddress(setting, messageIdOf(id), keys) }),
    ...(postmark ? { reportHeaders: (id) => ({ 'X-PM-Metadata-regain-message': messageIdOf(id) }) } : {}),
  });
}

/** Each read only where it is asked for: few shops have more than one provider. */
export async function mailReceivers(
  config: Config,
  keys: Keys,
  clock: Clock,
  fetchThere: typeof fetch,
): Promise<Receivers> {
  const { bounceAddress: setting } = config;
  const messageOf = (address: string): string | undefined =>
    setting === undefined ? undefined : messageOfBounceAddress(setting, address, keys);
  const receivers: Receivers = {};
  for (const reports of config.mailReports)
    receivers[reports.provider] = {
      channel: 'email',
      ...(await openReports(reports, { clock, messageOf, fetch: fetchThere })),
    };
  return receivers;
}

async function openReports(reports: MailReports, options: InboundOptions & SesOptions): Promise<CallReader> {
  switch (reports.provider) {
    case 'inbound':
      return (await import('../channels/mail-reports/inbound.ts')).createInboundReports(reports, options);
    case 'ses':
      return (await import('../channels/mail-reports/ses.ts')).createSesReports(reports, options);
    case 'postmark':
      return (await import('../channels/mail-reports/postmark.ts')).createPostmarkReports(reports, options);
    case 'sendgrid': {
      const { createSendGridReports } = await import('../channels/mail-reports/sendgrid.ts');
      try {
        return createSendGridReports(reports, options);
      } catch {
        const { variable } = SETTINGS.mailReports;
        throw new ConfigError([
          `${variable}: the key of sendgrid:// is no public key; copy it anew from SendGrid's page`,
        ]);
      }
    }
  }
}
