/** A connection to an SMS centre by SMPP 3.4: one transceiver that is kept bound, within the window that was agreed on. */
import { isIP } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import smpp, { type Pdu, type Session } from 'smpp';
import type { Clock, Log, Random } from './ports.ts';
import type { SendOutcome } from './rules/delivery.ts';
import { asksToSlowDown, outcomeOfStatus, statusName } from './rules/smpp.ts';
import type { SmppUrl } from './rules/sms-urls.ts';

/** A server that says no farewell does not keep a stopping program. */
const UNBIND_TIMEOUT_MS = 1_000;
/** Between attempts to bind; half as much again at random, so that many processes do not knock at once. */
const RECONNECT_WAITS_MS = [1_000, 2_000, 5_000, 10_000, 30_000, 60_000] as const;
/** A send does not wait for the next attempt, but makes one, if the last was not just now. */
const RECONNECT_MIN_MS = 1_000;
/** So many times as long as a send waits for it, an answer is expected; then it holds no place in the window any more. */
const OVERDUE_AFTER_TIMEOUTS = 2;

export interface SmppLineOptions {
  clock: Clock;
  random: Random;
  log: Log;
  answerTimeoutMs: number;
  /** Shorter in tests. */
  reconnectWaitsMs?: readonly number[];
  /** What the server brings. Where it fails, the server is asked to say it again later. */
  onDeliver(pdu: Pdu): Promise<void>;
}

/** One message on its way. It is submitted once, however often it is sent while the answer is expected. */
export interface Attempt {
  to: string;
  usefulUntil: number;
  /** Some of it left. */
  handed: boolean;
  /** Its sender went elsewhere before any of it left. */
  givenUp: boolean;
  /** How many of its parts should have been answered long ago. The answers count all the same, should they come. */
  overdue: number;
  outcome: Promise<SendOutcome>;
}

interface Submit {
  pdu: Pdu;
  attempt: Attempt;
  settle(outcome: SendOutcome): void;
}

/** The connection: bound when it is needed, bound again when it is lost, until it is closed. */
export class SmppLine {
  readonly #settings: SmppUrl;
  readonly #options: SmppLineOptions;
  #session: Session | undefined;
  /** Not bound yet. */
  #opening: Session | undefined;
  /** Undefined result: bound. */
  #binding: Promise<SendOutcome | undefined> | undefined;
  #failure: SendOutcome = { kind: 'temporary', reason: 'closed' };
  #failures = 0;
  #triedAt = Number.NEGATIVE_INFINITY;
  #again: NodeJS.Timeout | undefined;
  #closed = false;
  readonly #queue: Submit[] = [];
  readonly #outstanding = new Set<Submit>();
  /** Some servers lose an answer and go on: what waits for those must not fill the window. */
  readonly #overdue = new Set<Submit>();
  /** Of the window, what the other side keeps up with: halved when it asks to slow down, regained answer by answer. */
  #pace: number;

  constructor(settings: SmppUrl, options: SmppLineOptions) {
    this.#settings = settings;
    this.#options = options;
    this.#pace = settings.window;
  }

  /** Undefined when it is bound, or why it is not. */
  async bound(): Promise<SendOutcome | undefined> {
    if (this.#closed) return { kind: 'temporary', reason: 'closed' };
    if (this.#session) return undefined;
    if (!this.#binding && this.#options.clock.now() - this.#triedAt < RECONNECT_MIN_MS) return this.#failure;
    return this.#bind();
  }

  submit(pdu: Pdu, attempt: Attempt): Promise<SendOutcome> {
    if (!this.#session) return Promise.resolve(this.#failure);
    const { promise: outcome, resolve: settle } = Promise.withResolvers<SendOutcome>();
    this.#queue.push({ pdu, attempt, settle });
    this.#pump();
    return outcome;
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#again);
    this.#opening?.destroy();
    await this.#binding;
    const session = this.#session;
    if (!session) return;
    const gone = new Promise((resolve) => session.once('close', resolve));
    const unbound = Promise.race([ask(session, new smpp.PDU('unbind')), gone]);
    await within(Math.min(UNBIND_TIMEOUT_MS, this.#options.answerTimeoutMs), unbound, () => undefined);
    session.destroy();
    this.#lost(session, 'closed');
  }

  #bind(): Promise<SendOutcome | undefined> {
    clearTimeout(this.#again);
    this.#triedAt = this.#options.clock.now();
    this.#binding ??= this.#open().then((failure) => {
      this.#binding = undefined;
      if (failure) {
        this.#failure = { kind: 'temporary', reason: failure };
        this.#bindLater(failure);
        return this.#failure;
      }
      this.#failures = 0;
      return undefined;
    });
    return this.#binding;
  }

  /** What went wrong, or undefined. */
  async #open(): Promise<string | undefined> {
    const { session, failure, endedBy } = await bindAs(
      'bind_transceiver',
      this.#settings,
      this.#options.answerTimeoutMs,
      (opening) => {
        this.#opening = opening;
        // From the start: a server may send what waited for us in the same breath as its answer.
        opening.on('pdu', (pdu: Pdu) => this.#hear(opening, pdu));
      },
    );
    this.#opening = undefined;
    if (failure !== undefined || this.#closed) {
      session.destroy();
      return failure ?? 'closed';
    }
    session.once('close', () => this.#lost(session, endedBy()));
    this.#session = session;
    this.#options.log.info('smpp', { state: 'bound', host: this.#settings.host });
    void this.#keepAlive(session);
    return undefined;
  }

  #bindLater(reason: string): void {
    if (this.#closed) return;
    const waits = this.#options.reconnectWaitsMs ?? RECONNECT_WAITS_MS;
    const wait = waits[Math.min(this.#failures, waits.length - 1)] as number;
    this.#failures += 1;
    this.#options.log.warn('smpp', { state: 'unbound', reason, attempts: this.#failures });
    this.#again = setTimeout(() => void this.#bind(), wait + this.#options.random.below(Math.ceil(wait / 2)));
    this.#again.unref();
  }

  /** Everything that was handed over and not answered is in doubt; what still waited is not. */
  #lost(session: Session, reason: string): void {
    if (this.#session !== session) return;
    this.#session = undefined;
    this.#failure = { kind: 'temporary', reason };
    for (const { settle } of [...this.#outstanding, ...this.#overdue])
      settle({ kind: 'temporary', reason, maybeSent: true });
    for (const { settle } of this.#queue) settle(this.#failure);
    this.#outstanding.clear();
    this.#overdue.clear();
    this.#queue.length = 0;
    this.#bindLater(reason);
  }

  /** Asks whether the other side is there; a connection that answers nothing is given up. */
  async #keepAlive(session: Session): Promise<void> {
    const { enquireEveryMs } = this.#settings;
    while (true) {
      await pause(enquireEveryMs, undefined, { ref: false });
      if (this.#session !== session) return;
      const answer = ask(session, new smpp.PDU('enquire_link'));
      if (!(await within(this.#options.answerTimeoutMs, answer, () => undefined))) break;
    }
    if (this.#session !== session) return;
    session.destroy();
    this.#lost(session, 'dead_peer');
  }

  #pump(): void {
    while (this.#session && this.#outstanding.size < Math.floor(this.#pace) && this.#queue.length > 0) {
      const submit = this.#queue.shift() as Submit;
      const { attempt, settle } = submit;
      if (attempt.givenUp || this.#options.clock.now() >= attempt.usefulUntil)
        settle({ kind: 'temporary', reason: attempt.givenUp ? 'ETIMEDOUT' : 'useless_by_now' });
      else this.#hand(this.#session, submit);
    }
  }

  #hand(session: Session, submit: Submit): void {
    submit.attempt.handed = true;
    this.#outstanding.add(submit);
    const expectedMs = OVERDUE_AFTER_TIMEOUTS * this.#options.answerTimeoutMs;
    const expected = setTimeout(() => this.#expectNoMore(submit), expectedMs);
    expected.unref();
    void ask(session, submit.pdu).then((response) => {
      clearTimeout(expected);
      const isLate = this.#overdue.delete(submit);
      if (isLate) submit.attempt.overdue -= 1;
      // Answered already by the loss of the connection.
      if (!response || !(this.#outstanding.delete(submit) || isLate)) return;
      const { command_status: status, message_id: id = '' } = response;
      this.#pace = asksToSlowDown(status)
        ? Math.max(1, this.#pace / 2)
        : Math.min(this.#settings.window, this.#pace + 1 / this.#pace);
      if (response.command === 'generic_nack')
        submit.settle({ kind: 'temporary', reason: `nack ${statusName(status)}` });
      // The other side mixes its numbers up: whether it took this text is not known.
      else if (response.command !== 'submit_sm_resp')
        submit.settle({ kind: 'temporary', reason: `answered ${response.command}`, maybeSent: true });
      else submit.settle(status === 0 ? { kind: 'accepted', providerId: id } : outcomeOfStatus(status));
      this.#pump();
    });
  }

  #expectNoMore(submit: Submit): void {
    if (!this.#outstanding.delete(submit)) return;
    this.#overdue.add(submit);
    submit.attempt.overdue += 1;
    this.#options.log.warn('smpp', { state: 'answer_overdue', overdue: this.#overdue.size });
    this.#pump();
  }

  /** Every request is answered, or the other side stops sending. */
  #hear(session: Session, pdu: Pdu): void {
    if (pdu.isResponse() || pdu.command === 'alert_notification') return;
    if (pdu.command === 'deliver_sm' || pdu.command === 'data_sm') {
      this.#options.onDeliver(pdu).then(
        () => session.send(pdu.response()),
        (error: unknown) => {
          this.#options.log.error('smpp', { state: 'event_failed', error: String(error) });
          // ESME_RX_T_APPN: not now, say it again.
          session.send(pdu.response({ command_status: 0x64 }));
        },
      );
      return;
    }
    if (pdu.command !== 'enquire_link' && pdu.command !== 'unbind') {
      // ESME_RINVCMDID. Not by the package's `response()`, which throws for an outbind.
      session.send(new smpp.PDU('generic_nack', { command_status: 0x03, sequence_number: pdu.sequence_number }));
      return;
    }
    session.send(pdu.response());
    if (pdu.command === 'enquire_link') return;
    session.destroy();
    this.#lost(session, 'unbound_by_peer');
  }
}

interface Bound {
  session: Session;
  /** Why it is not bound: a code of the network or of the server. Undefined: it is. */
  failure: string | undefined;
  /** What a session that is over ended by. */
  endedBy(): string;
}

/** @param begun is given the session before it is connected */
async function bindAs(
  command: 'bind_transceiver' | 'bind_transmitter',
  { host, port, tls, verify, systemId, password, systemType }: SmppUrl,
  answerTimeoutMs: number,
  begun: (session: Session) => void = () => undefined,
): Promise<Bound> {
  const session = new smpp.Session({
    host,
    port,
    tls,
    rejectUnauthorized: verify,
    // A name, for servers that have several certificates; an address is none (RFC 6066 section 3).
    ...(tls && isIP(host) === 0 ? { servername: host } : {}),
  });
  let reason = 'closed';
  const gone = new Promise<void>((resolve) => session.once('close', resolve));
  session.on('error', (error: NodeJS.ErrnoException) => {
    reason = error.code ?? 'malformed_pdu';
    session.destroy();
  });
  begun(session);
  const bind = { system_id: systemId, password, system_type: systemType, interface_version: 0x34 };
  const answer = new Promise<Pdu | undefined>((resolve) => {
    session.once(tls ? 'secureConnect' : 'connect', () => resolve(ask(session, new smpp.PDU(command, bind))));
  });
  const response = await within(answerTimeoutMs, Promise.race([answer, gone]), () => 'ETIMEDOUT' as const);
  const isBound =
    typeof response === 'object' && response.command === `${command}_resp` && response.command_status === 0;
  const refusal = typeof response === 'object' ? statusName(response.command_status) : (response ?? reason);
  return { session, failure: isBound ? undefined : refusal, endedBy: () => reason };
}

/**
 * Binds and leaves again, as a transmitter: receipts go on to whoever is bound as a receiver.
 *
 * @returns why the server does not let us in, or undefined
 */
export async function tryBind(settings: SmppUrl, answerTimeoutMs: number): Promise<string | undefined> {
  const { session, failure } = await bindAs('bind_transmitter', settings, answerTimeoutMs);
  if (failure === undefined) await within(UNBIND_TIMEOUT_MS, ask(session, new smpp.PDU('unbind')), () => undefined);
  session.destroy();
  return failure;
}

/** Undefined where it can't be sent; where no answer comes, it waits with the session. */
function ask(session: Session, pdu: Pdu): Promise<Pdu | undefined> {
  return new Promise((resolve) => {
    if (!session.send(pdu, resolve)) resolve(undefined);
  });
}

/** What `work` comes to, or `otherwise` after `ms`; the timer goes with the work. */
export async function within<T, U>(ms: number, work: Promise<T>, otherwise: () => U): Promise<T | U> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<U>((resolve) => {
    timer = setTimeout(() => resolve(otherwise()), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
