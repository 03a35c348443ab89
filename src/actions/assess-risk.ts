/** Asks the host's own risk hook, outside of any transaction and before anything of the account is known. */
import type { AssessRisk, RiskQuestion } from '../ports.ts';
import type { Message, Proof } from '../store/store.ts';
import type { Context } from './context.ts';

const ANSWERS_WITHIN_MS = 1_000;

/** Where the host says high, this recovery is answered with a link from now on; what was sent before is void. */
export async function assessRisk(context: Context, message: Message): Promise<void> {
  const { risk, store, log } = context;
  const { proofId } = message;
  if (!risk || message.kind !== 'recovery-code' || message.channel !== 'email' || proofId === null) return;
  const proof = await store.transaction((tx) => tx.proofs.byId(proofId));
  // The mailbox as the last rung of a text is no request by mail: the code of the text stays good.
  if (proof?.state !== 'code_sent' || proof.carries === 'link' || proof.channel !== 'email') return;
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
