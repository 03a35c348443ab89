/** The doctor on who carries texts and messengers: asks each what it thinks of us, and sends nothing. */
import { messengersOf } from '../../compose/messengers.ts';
import { openSms } from '../../compose/texts.ts';
import type { Config } from '../../config.ts';
import { createLog } from '../../log.ts';
import type { Standing, TextChannel } from '../../ports.ts';
import { systemClock, systemRandom } from '../../system.ts';
import { plain, shown } from '../shown.ts';
import type { Finding } from './finding.ts';

interface Provider {
  /** As it stands in the report. */
  name: string;
  /** What it is called in a sentence, where that is another name. */
  who?: string;
  setting: string;
  channel: TextChannel;
  /** Where the provider must report to; undefined where that is told with each message, or typed in at the provider. */
  webhook?: string;
}

const CARRIERS = { twilio: 'Twilio', smpp: 'the SMS centre', webhook: 'your service' };

export async function checkProviders(config: Config): Promise<Finding[]> {
  const providers = await openProviders(config);
  const findings = await Promise.all(
    providers.map(async (provider) => {
      try {
        return findingOf(provider, await provider.channel.standing?.());
      } finally {
        await provider.channel.close();
      }
    }),
  );
  return config.telegramGateway === undefined ? findings : [...findings, GATEWAY];
}

const GATEWAY: Finding = {
  level: 'skip',
  name: 'Gateway',
  text: "Telegram's Gateway charges for every question; the first code tells whether REGAIN_TELEGRAM_GATEWAY_URL is right",
};

async function openProviders(config: Config): Promise<Provider[]> {
  const world = { clock: systemClock, random: systemRandom, log: createLog('silent'), fetch };
  const providers: Provider[] = [];
  if (config.sms) {
    // What comes in meanwhile is for the server, which gets it when it is said again.
    const onEvent = (): Promise<void> => Promise.reject(new Error('the doctor keeps no receipts'));
    const { sms: channel } = await openSms(config.sms, config, { ...world, onEvent });
    providers.push({ name: 'Texts', who: CARRIERS[config.sms.provider], setting: 'REGAIN_SMS_URL', channel });
  }
  const { telegram, whatsapp, viber } = await messengersOf(config, { context: world, chats: undefined, fetch });
  const webhook = (provider: string): string => `${config.origin}/webhooks/${provider}`;
  if (telegram)
    providers.push({
      name: 'Telegram',
      setting: 'REGAIN_TELEGRAM_URL',
      channel: telegram,
      webhook: webhook('telegram'),
    });
  if (whatsapp) providers.push({ name: 'WhatsApp', setting: 'REGAIN_WHATSAPP_URL', channel: whatsapp });
  if (viber) providers.push({ name: 'Viber', setting: 'REGAIN_VIBER_URL', channel: viber, webhook: webhook('viber') });
  return providers;
}

function findingOf({ name, who = name, setting, webhook }: Provider, standing: Standing | undefined): Finding {
  if (!standing) return { level: 'skip', name, text: `${who} can't be asked without sending` };
  if (!standing.letIn) return { level: 'FAIL', name, ...troubleOf(who, standing, setting) };
  if (standing.setting !== undefined && standing.name !== standing.setting) {
    const text = `${setting} says ${standing.setting}, and ${who} calls us ${shown(standing.name ?? '')}: our links open somebody else's chat`;
    return { level: 'FAIL', name, text, mend: `correct ${setting}` };
  }
  if (standing.isTrial) {
    const text = `${who} lets us in with test credentials: it takes messages, and nobody gets them`;
    return { level: 'warn', name, text, mend: `put the live login into ${setting} before people need it` };
  }
  const as = standing.name === undefined ? '' : ` as ${plain(standing.name)}`;
  const text = `${who} lets us in${as}`;
  if (!standing.webhook || webhook === undefined) return { level: 'ok', name, text };
  const { url, reason } = standing.webhook;
  if (url !== webhook)
    return {
      level: 'warn',
      name,
      text: `${text}, but reports to ${url === '' ? 'nobody' : shown(url)}`,
      mend: `start regain serve, which tells it ${webhook}`,
    };
  if (reason === undefined) return { level: 'ok', name, text: `${text} and reports to us` };
  const mend = `see that ${webhook} can be reached from outside`;
  return { level: 'warn', name, text: `${text}, but its last report did not reach us: ${shown(reason)}`, mend };
}

function troubleOf(
  who: string,
  { why, reason }: Standing & { letIn: false },
  setting: string,
): { text: string; mend: string } {
  const code = plain(reason);
  switch (why) {
    case 'unreachable':
      return { text: `${who} can't be reached (${code})`, mend: `open the way out, or correct ${setting}` };
    case 'login':
      return { text: `${who} refuses our login (${code})`, mend: `correct the login in ${setting}` };
    case 'other':
      return { text: `${who} answers ${code}`, mend: `look this code up at the provider, or correct ${setting}` };
  }
}
