/**
 * What each error code of the WhatsApp Cloud API means for a code on its way. Codes, never titles: Meta changes its sentences
 * (https://developers.facebook.com/documentation/business-messaging/whatsapp/support/error-codes).
 */
import type { SendOutcome } from './delivery.ts';
import { doubtOf } from './http-outcomes.ts';

/**
 * person: this person is not reached by WhatsApp. wait: try again after so many milliseconds. slow: the same, and every send
 * of this number waits along. doubt: as wait, and the message may have been taken. operator: nothing goes out until the operator acts. ours: this very message will never be
 * taken, and the operator should know why.
 */
type Meaning = { is: 'person' } | { is: 'operator' } | { is: 'ours' } | { is: 'wait' | 'slow' | 'doubt'; ms: number };

const PERSON: Meaning = { is: 'person' };
const OPERATOR: Meaning = { is: 'operator' };
const OURS: Meaning = { is: 'ours' };

const MEANINGS: Record<number, Meaning> = {
  // Unknown and passing troubles of theirs.
  1: { is: 'wait', ms: 2_000 },
  2: { is: 'wait', ms: 5_000 },
  131000: { is: 'wait', ms: 2_000 },
  131016: { is: 'wait', ms: 5_000 },
  131057: { is: 'slow', ms: 30_000 },
  133004: { is: 'wait', ms: 5_000 },
  // Limits. One message in 6 seconds to one person; 80 a second for a number; the app's and the account's calls per hour.
  131056: { is: 'wait', ms: 6_000 },
  130429: { is: 'slow', ms: 2_000 },
  4: { is: 'slow', ms: 30_000 },
  80007: { is: 'slow', ms: 30_000 },
  // Login, permissions, account, payment: 200 to 299 are below.
  0: OPERATOR,
  3: OPERATOR,
  10: OPERATOR,
  190: OPERATOR,
  368: OPERATOR,
  131005: OPERATOR,
  131031: OPERATOR,
  131037: OPERATOR,
  131042: OPERATOR,
  131045: OPERATOR,
  131048: OPERATOR,
  133010: OPERATOR,
  // Undeliverable: no WhatsApp, an old one, terms not accepted, a code to who shows no number; a block may look the same.
  131026: PERSON,
  131021: PERSON,
  131062: PERSON,
  131049: PERSON,
  131050: PERSON,
  130472: PERSON,
  130497: PERSON,
  // Requests, templates, the 24-hour window, and numbers that a test account may not write to.
  33: OURS,
  100: OURS,
  131008: OURS,
  131009: OURS,
  131030: OURS,
  131047: OURS,
  131051: OURS,
};

export interface WhatsAppVerdict {
  outcome: Exclude<SendOutcome, { kind: 'accepted' }>;
  /** Somebody must act: the number of the error is worth an alert. */
  alert: boolean;
  /** How long all sends of this number should wait. */
  pauseMs: number;
}

/** @param code of `error.code`; undefined where the answer had none, and `status` decides */
export function whatsAppVerdict(code: number | undefined, status: number): WhatsAppVerdict {
  const meaning = code === undefined ? meaningOfStatus(status) : (meaningOf(code) ?? meaningOfStatus(status));
  const reason = String(code ?? status);
  if (meaning.is === 'person') return { outcome: { kind: 'unreachable', reason }, alert: false, pauseMs: 0 };
  if (meaning.is === 'operator') return { outcome: { kind: 'temporary', reason }, alert: true, pauseMs: 0 };
  if (meaning.is === 'ours') return { outcome: { kind: 'permanent', reason }, alert: true, pauseMs: 0 };
  return {
    outcome: {
      kind: 'temporary',
      reason,
      retryAfterMs: meaning.ms,
      ...(meaning.is === 'doubt' && { maybeSent: true }),
    },
    alert: false,
    pauseMs: meaning.is === 'slow' ? meaning.ms : 0,
  };
}

function meaningOf(code: number): Meaning | undefined {
  if (code >= 200 && code <= 299) return OPERATOR;
  // 132xxx is about templates: missing, paused, disabled, or with other parameters than approved.
  if (code >= 132000 && code <= 132999) return OURS;
  return MEANINGS[code];
}

function meaningOfStatus(status: number): Meaning {
  if (status === 429) return { is: 'slow', ms: 5_000 };
  if (status === 401 || status === 403) return OPERATOR;
  if (status >= 400 && status < 500) return OURS;
  return { is: doubtOf(status).maybeSent ? 'doubt' : 'wait', ms: 2_000 };
}
