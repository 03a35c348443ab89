/** Whether an operator may have a message sent again. Pure: what is asked of the accounts comes as an answer. */
import type { MessageStatus } from './delivery.ts';
import { isWorthSending, type ProofTimes, type State, stateAt } from './recovery-flow.ts';

export type RetryRefusal =
  | { why: 'waits_already' }
  | { why: 'nobody' }
  /** The provider has it, or it arrived. */
  | { why: 'not_failed'; status: 'sent' | 'delivered' }
  | { why: 'too_late' }
  | { why: 'recovery_gone' }
  | { why: 'recovery_over'; state: State }
  | { why: 'code_dead' }
  | { why: 'newer_code' }
  | { why: 'address_gone' }
  /** Somebody said that it is in wrong hands: no code goes there. */
  | { why: 'address_stopped' }
  | { why: 'account_changed' };

export interface Retried {
  message: {
    status: MessageStatus;
    kind: string;
    /** Null: it tells of something that no proof stands behind, as a notice of an added address does. */
    proofId: string | null;
    epoch: number | null;
    usefulUntil: number;
  };
  /** Undefined where it is gone, or there never was one. */
  proof:
    | (ProofTimes & { epoch: number; accountGeneration: number | null; resolution: 'known' | 'decoy' | 'pending' })
    | undefined;
  /**
   * For a message that goes to an account's stored address: that account as it is now, undefined where the address is no
   * longer one of its own. Null for any other message.
   */
  account: { generation: number; isStopped: boolean } | undefined | null;
  evenIfDelivered: boolean;
}

/**
 * The id that a provider knows a message by. It is the same for every try of one asking, so that what was taken before a lost
 * answer is not taken twice; an operator's retry asks for one more message, and would else be taken for a repeated try: our
 * contract tells services of texts to send an id once, and mailboxes may drop a second mail with a Message-ID that they have.
 */
export function handedId({ id, retries }: { id: string; retries: number }): string {
  return retries === 0 ? id : `${id}.${retries + 1}`;
}

/** Our own id of the message that was handed over under this one. */
export function messageIdOf(handed: string): string {
  return handed.replace(/\.\d+$/, '');
}

/** @returns undefined where it may be queued again. The worker asks once more before it sends. */
export function whyNotRetried(retried: Retried, now: number): RetryRefusal | undefined {
  const { message, evenIfDelivered } = retried;
  const { status } = message;
  if (status === 'queued') return { why: 'waits_already' };
  if (message.kind === 'decoy' || status === 'suppressed') return { why: 'nobody' };
  const useless = whyUseless(retried, now);
  if (useless) return useless;
  if ((status === 'sent' || status === 'delivered') && !evenIfDelivered) return { why: 'not_failed', status };
  return undefined;
}

function whyUseless({ message, proof, account }: Retried, now: number): RetryRefusal | undefined {
  if (!proof && message.proofId !== null) return { why: 'recovery_gone' };
  // A notice tells what happened, so the recovery may be over; only its own time ends it.
  if (!proof || message.epoch === null) return now >= message.usefulUntil ? { why: 'too_late' } : undefined;
  const state = stateAt(proof, now);
  if (state !== 'code_sent' && state !== 'code_expired') return { why: 'recovery_over', state };
  if (message.epoch !== proof.epoch) return { why: 'newer_code' };
  if (state === 'code_expired' || !isWorthSending(proof.codeExpiresAt, now) || now >= message.usefulUntil)
    return { why: 'code_dead' };
  // Its owner signed in, or recovered otherwise: it goes on as a decoy, and there is nobody to send to any more (decision 0047).
  if (message.kind === 'recovery-code' && proof.resolution === 'decoy') return { why: 'account_changed' };
  if (account === null) return undefined;
  if (!account) return { why: 'address_gone' };
  if (account.isStopped) return { why: 'address_stopped' };
  return account.generation === proof.accountGeneration ? undefined : { why: 'account_changed' };
}
