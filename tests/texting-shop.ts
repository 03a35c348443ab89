/** The whole program inside the test's process, with a service of the shop's own that takes its texts. */
import type { Settings } from '../src/config.ts';
import type { ENGINES } from './engines.ts';
import { type InProcess, startInProcess } from './in-process.ts';
import { startWebhookReceiver, type WebhookReceiver } from './webhook-receiver.ts';

/** What texts and reports are signed with. */
export const TEXTS_SECRET = 'a key of the shop';

export interface TextingShop {
  program: InProcess;
  /** What was texted, in order, and how it shall misbehave. */
  receiver: WebhookReceiver;
  close(): Promise<void>;
}

/** @param env beside the address of the receiver and the country US */
export async function startTextingShop(
  engine: keyof typeof ENGINES,
  env: Record<string, string> = {},
  file: Settings = {},
): Promise<TextingShop> {
  const receiver = await startWebhookReceiver(TEXTS_SECRET, () => Math.floor(program.now() / 1000));
  const url = `${receiver.url}/send?secret=${encodeURIComponent(TEXTS_SECRET)}`;
  const program: InProcess = await startInProcess(
    engine,
    { REGAIN_SMS_URL: url, REGAIN_SMS_COUNTRIES: 'US', ...env },
    file,
  );
  return {
    program,
    receiver,
    async close() {
      await program.close();
      await receiver.stop();
    },
  };
}
