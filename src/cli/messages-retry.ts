/** `regain messages retry`: queues one message again, or says why not. */
import { retryMessage } from '../actions/retry-message.ts';
import { print, readId, refuseId, refuseUsage, withMessages } from './messages.ts';
import { refusalInWords } from './messages-words.ts';

/** @returns 0 where it waits to be sent, 1 where it is not queued again, 2 for a wrong call */
export async function runRetry(args: string[], environment: Record<string, string | undefined>): Promise<number> {
  const asked = readId(args, ['--even-if-delivered']);
  if (typeof asked === 'string') return refuseUsage(asked);
  return withMessages(environment, async (context) => {
    const outcome = await retryMessage(context, asked.id, { evenIfDelivered: asked.given.has('--even-if-delivered') });
    if (outcome.id === undefined) return refuseId(asked.id, outcome.why);
    if (outcome.queued) {
      print(`Queued again. A worker sends it; 'regain messages show ${asked.id}' tells what becomes of it.\n`);
      return 0;
    }
    const { refusal } = outcome;
    if (refusal.why === 'waits_already') {
      print(`Nothing to do: ${refusalInWords(refusal)}.\n`);
      return 0;
    }
    process.stderr.write(`regain messages: not queued again: ${refusalInWords(refusal)}.\n`);
    return 1;
  });
}
