/** Asks the host's own risk hook, outside of any transaction and before anything of the account is known. */
import type { AssessRisk, Risk, RiskQuestion } from '../ports.ts';
import type { Channel } from '../rules/delivery.ts';
import type { Message, Proof } from '../store/store.ts';
import type { Context } from './context.ts';

const ANSWERS_WITHIN_MS = 1_000;

/**
 * Where the host says high, mails of this recovery carry a link from now on, and codes of earlier ones are void. Where a text
 * was on its way before the mailbox, the code of that text stays good.
 *
 * @returns what the host says of this message, `low` where it is not asked
 */
export async function assessRisk(context: Context, message: Message): Promise<Risk> {
  const { risk, store, log } = context;
  const { proofId, channel } = message;
  if (!risk || message.kind !== 'recovery-code' || proofId === null) return 'low';
  const proof = await store.transaction((tx) => tx.proofs.byId(proofId));
  if (proof?.state !== 'code_sent') return 'low';
  // It carries what `high` would have it carry, and whoever is to be told of a `high` was told at the first attempt.
  if (channel === 'email' && proof.carries === 'link' && message.attempts > 0) return 'low';
  const answer = await answerOf(risk, questionOf(proof, channel)).catch((error: unknown) => {
    log.error('risk-fault', { error: String(error) });
    return 'high';
  });
  if (answer === 'low') return 'low';
  if (proof.carries !== 'link') await store.transaction((tx) => tx.proofs.update(proofId, { carries: 'link' }));
  return 'high';
}

function questionOf(proof: Proof, channel: Channel): RiskQuestion {
  const { identifier, identifierKind, lane, browser, locale, network, createdAt } = proof;
  const asked = { browser, locale, network: network ?? undefined, askedAt: createdAt };
  return { identifier, kind: identifierKind, channel, lane, ...asked };
}

async function answerOf(risk: AssessRisk, question: RiskQuestion): Promise<string> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ANSWERS_WITHIN_MS} ms`)), ANSWERS_WITHIN_MS);
  });
  try {
    return await Promise.race([risk(question), tooLate]);
  } finally {
    clearTimeout(timer);
  }
}
