/** Asks the host's own risk hook, outside of any transaction and before anything of the account is known. */
import type { AssessRisk, RiskQuestion } from '../ports.ts';
import type { Message, Proof } from '../store/store.ts';
import type { Context } from './context.ts';

const ANSWERS_WITHIN_MS = 1_000;

/**
 * Where the host says high, mails of this recovery carry a link from now on, and codes of earlier ones are void. Where it was
 * asked for by text and the mailbox is the last rung, the code of the text stays good.
 */
export async function assessRisk(context: Context, message: Message): Promise<void> {
  const { risk, store, log } = context;
  const { proofId } = message;
  if (!risk || message.kind !== 'recovery-code' || message.channel !== 'email' || proofId === null) return;
  const proof = await store.transaction((tx) => tx.proofs.byId(proofId));
  if (proof?.state !== 'code_sent' || proof.carries === 'link') return;
  const answer = await answerOf(risk, questionOf(proof)).catch((error: unknown) => {
    log.error('risk-fault', { error: String(error) });
    return 'high';
  });
  if (answer !== 'low') await store.transaction((tx) => tx.proofs.update(proofId, { carries: 'link' }));
}

function questionOf(proof: Proof): RiskQuestion {
  const { identifier, identifierKind, lane, browser, locale, createdAt } = proof;
  return { identifier, kind: identifierKind, lane, browser, locale, askedAt: createdAt };
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
