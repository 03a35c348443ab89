/** Text messages by SMPP 3.4: what is submitted, and what comes back. The connection itself is `smpp-line.ts`. */
import smpp, { type Pdu } from 'smpp';
import type { ChannelEvent, Clock, Log, OutgoingText, Random, TextChannel } from '../ports.ts';
import type { SendOutcome } from '../rules/delivery.ts';
import { eventOf, isOf, SentTexts } from '../rules/smpp-events.ts';
import { submitFields } from '../rules/smpp-submit.ts';
import type { SmppUrl } from '../rules/sms-urls.ts';
import { type Attempt, SmppLine, tryBind, within } from '../smpp-line.ts';

/** An answer to a bind, to a submit, or to "are you there". */
const ANSWER_TIMEOUT_MS = 10_000;
/** Messages whose ids are remembered, for receipts and for answers that came too late. */
const REMEMBERED = 10_000;
/** SMPP 3.4, 5.1.3; the first is what many servers say to any bad bind. */
const BAD_LOGIN = ['ESME_RBINDFAIL', 'ESME_RINVPASWD', 'ESME_RINVSYSID'];

export interface SmppOptions {
  clock: Clock;
  random: Random;
  log: Log;
  /** Receipts, and what people answer. Where it fails, the server is asked to say it again later. */
  onEvent(event: ChannelEvent): void | Promise<void>;
  /** Shorter in tests. */
  answerTimeoutMs?: number;
  reconnectWaitsMs?: readonly number[];
}

export interface SmppChannel extends TextChannel {
  /** Binds, so that receipts come in before the first message leaves. Sending does so, too. */
  connect(): void;
}

/**
 * Submits each message once. SMPP has no key for repeated submits, so a send that times out leaves its submit outstanding:
 * the next send of the same message waits for that answer, or finds it, and submits again only when the connection is
 * lost, or the answer is long overdue. Then the first outcome was `maybeSent`, and the second message has the same code.
 */
export function createSmppChannel(settings: SmppUrl, options: SmppOptions): SmppChannel {
  const answerTimeoutMs = options.answerTimeoutMs ?? ANSWER_TIMEOUT_MS;
  const attempts = new Map<string, Attempt>();
  const sent = new SentTexts(REMEMBERED);
  const line = new SmppLine(settings, { ...options, answerTimeoutMs, onDeliver: (pdu) => deliver(pdu) });
  let reference = options.random.below(256);

  async function send(text: OutgoingText): Promise<SendOutcome> {
    if (!/^\+[1-9]\d{6,14}$/.test(text.to)) return { kind: 'unreachable', reason: 'not_e164' };
    if (options.clock.now() >= text.usefulUntil) return { kind: 'temporary', reason: 'useless_by_now' };
    const running = attempts.get(text.id);
    const attempt = running === undefined || running.overdue > 0 ? start(text) : running;
    const outcome = await within(answerTimeoutMs, attempt.outcome, () => undefined);
    if (outcome) {
      attempts.delete(text.id);
      return outcome;
    }
    // What is still in our own queue will not leave any more; what left is asked for again by the next send.
    if (!attempt.handed) attempt.givenUp = true;
    return { kind: 'temporary', reason: 'ETIMEDOUT', ...(attempt.handed ? { maybeSent: true } : {}) };
  }

  function start(text: OutgoingText): Attempt {
    const { to, usefulUntil } = text;
    const attempt: Attempt = { to, usefulUntil, handed: false, givenUp: false, overdue: 0, outcome: NOT_STARTED };
    attempts.set(text.id, attempt);
    if (attempts.size > REMEMBERED) attempts.delete(attempts.keys().next().value as string);
    attempt.outcome = submit(text, attempt).then((outcome) => {
      if (outcome.kind !== 'accepted' && attempts.get(text.id) === attempt) attempts.delete(text.id);
      return outcome;
    });
    return attempt;
  }

  async function submit(text: OutgoingText, attempt: Attempt): Promise<SendOutcome> {
    const failure = await line.bound();
    if (failure) return failure;
    reference = (reference + 1) % 256;
    const parts = submitFields(settings, { ...text, leftMs: text.usefulUntil - options.clock.now() }, reference);
    const answers = await Promise.all(parts.map((fields) => line.submit(new smpp.PDU('submit_sm', fields), attempt)));
    const refused = answers.find((answer) => answer.kind !== 'accepted');
    const taken = answers.filter((answer) => answer.kind === 'accepted');
    if (refused) return refused.kind === 'temporary' && taken.length > 0 ? { ...refused, maybeSent: true } : refused;
    const ids = taken.map(({ providerId }) => providerId).filter((id) => id !== '');
    const providerId = ids[0] ?? text.id;
    sent.keep({ messageId: text.id, providerId, to: text.to }, ids);
    return { kind: 'accepted', providerId };
  }

  /**
   * Some servers send a receipt before, or together with, the answer to the submit that it is about. It waits for texts to
   * that number alone: an answer that was lost must not hold up what is reported of everybody else's. Only a receipt that is
   * of no text we know waits for the others, too: its number may be written in a way that nobody foresaw.
   */
  async function deliver(pdu: Pdu): Promise<void> {
    const [same, others] = [awaited((to) => isOf(pdu, to)), awaited((to) => !isOf(pdu, to))];
    await within(answerTimeoutMs, Promise.all(same), () => undefined);
    const told = read(pdu);
    const event = told && isOfNoText(told) ? await readAfterOne(others, pdu, told) : told;
    if (event) await options.onEvent(event);
  }

  function awaited(fits: (to: string) => boolean): Promise<SendOutcome>[] {
    return [...attempts.values()].filter(({ to, overdue }) => overdue === 0 && fits(to)).map(({ outcome }) => outcome);
  }

  function read(pdu: Pdu): ChannelEvent | undefined {
    return eventOf(pdu, sent, options.clock.now());
  }

  /** @param told what it says as long as nobody knows its text */
  async function readAfterOne(
    answers: readonly Promise<SendOutcome>[],
    pdu: Pdu,
    told: ChannelEvent,
  ): Promise<ChannelEvent> {
    const known = answers.map(async (answer) => {
      await answer;
      const event = read(pdu);
      if (event === undefined || isOfNoText(event)) throw new Error('of another text');
      return event;
    });
    return within(answerTimeoutMs, Promise.any(known), () => told).catch(() => told);
  }

  return {
    provider: 'smpp',
    reports: true,
    connect: () => void line.bound(),
    send,
    async standing() {
      const reason = await tryBind(settings, answerTimeoutMs);
      // Another process of ours holds the line, and there may be no more than one.
      if (reason === undefined || reason === 'ESME_RALYBND') return { letIn: true, name: settings.systemId };
      const why = BAD_LOGIN.includes(reason) ? 'login' : reason.startsWith('ESME_') ? 'other' : 'unreachable';
      return { letIn: false, why, reason };
    },
    close: () => line.close(),
  };
}

function isOfNoText(event: ChannelEvent): boolean {
  return event.type === 'receipt' && event.messageId === undefined;
}

const NOT_STARTED: Promise<SendOutcome> = Promise.resolve({ kind: 'temporary', reason: 'not_started' });
