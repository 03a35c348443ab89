/** Lease, run, acknowledge. Wakes when something was queued or falls due; finishes what is in flight when stopped. */
import { setImmediate as nextTick } from 'node:timers/promises';
import type { Clock, Log } from '../ports.ts';
import { LEASE_MS, LEASE_RENEWED_EVERY_MS } from '../rules/limits.ts';
import { IN_FLIGHT, type PerUrgency, URGENCIES } from '../rules/urgency.ts';
import type { Message, Store } from '../store/store.ts';

export interface WorkerOptions {
  store: Store;
  clock: Clock;
  log: Log;
  deliver(message: Message): Promise<void>;
  /** Messages in flight at once. */
  inFlightMax?: PerUrgency;
  /** Whether messages may also be queued by other processes than this one. */
  otherProcesses?: boolean | 'seldom';
}

export interface Worker {
  /** Looks at the outbox now. */
  wake(): void;
  /** Resolves when nothing is due and nothing is in flight; retries may be due later. */
  idle(): Promise<void>;
  /** Takes nothing new and resolves when what is in flight has ended. */
  stop(): Promise<void>;
}

/** However the clocks stand, the outbox is looked at this often: a lost notification delays, it never loses. */
const LONGEST_SLEEP_MS = 30_000;
/** After a failure of the database itself. */
const FAULT_PAUSE_MS = 1_000;

export async function startWorker(options: WorkerOptions): Promise<Worker> {
  const { store, clock, log, deliver, inFlightMax = IN_FLIGHT, otherProcesses = true } = options;
  const inFlight = new Map<string, { urgency: Message['urgency']; run: Promise<void> }>();
  let idleWaiters: (() => void)[] = [];
  let timer: NodeJS.Timeout | undefined;
  /** Settles when nothing is looked for any more. */
  let looking: Promise<void> | undefined;
  let lookAgain = false;
  let stopped = false;

  const unsubscribe = await store.onQueued(wake, { otherProcesses });
  const renewing = setInterval(renewLeases, LEASE_RENEWED_EVERY_MS);
  wake();
  return { wake, idle, stop };

  function wake(): void {
    if (stopped) return;
    lookAgain = true;
    looking ??= look();
  }

  async function look(): Promise<void> {
    clearTimeout(timer);
    let sleepMs = LONGEST_SLEEP_MS;
    while (lookAgain && !stopped) {
      lookAgain = false;
      try {
        sleepMs = await takeWhatIsDue();
      } catch (error) {
        log.error('worker-fault', { error: String(error) });
        sleepMs = FAULT_PAUSE_MS;
      }
    }
    looking = undefined;
    if (stopped) return;
    timer = setTimeout(wake, sleepMs);
    settleIdle();
  }

  /** Returns how long nothing will be due. */
  async function takeWhatIsDue(): Promise<number> {
    // Messages that ended together are replaced together.
    await nextTick();
    if (stopped) return LONGEST_SLEEP_MS;
    const now = clock.now();
    const { messages, nextDueAt } = await store.transaction(async (tx) => {
      const free = freePlaces();
      const leased = await tx.outbox.lease(free, now, now + LEASE_MS);
      // Where all places are taken now, the next one is looked for when one of them gets free.
      const open = URGENCIES.filter((of) => leased.filter(({ urgency }) => urgency === of).length < free[of]);
      return { messages: leased, nextDueAt: await tx.outbox.nextDueAt(open) };
    });
    for (const message of messages) {
      // The clock was set forward, or the machine slept, past the lease of what is in our own hands.
      if (inFlight.has(message.id)) continue;
      const run = deliver(message)
        // The lease runs out and the message is taken again; what was half done was rolled back.
        .catch((error: unknown) => log.error('delivery-fault', { id: message.id, error: String(error) }))
        .finally(() => {
          inFlight.delete(message.id);
          wake();
        });
      inFlight.set(message.id, { urgency: message.urgency, run });
    }
    return nextDueAt === undefined
      ? LONGEST_SLEEP_MS
      : Math.min(LONGEST_SLEEP_MS, Math.max(1, nextDueAt - clock.now()));
  }

  function freePlaces(): PerUrgency {
    const free = { ...inFlightMax };
    for (const { urgency } of inFlight.values()) free[urgency] -= 1;
    return free;
  }

  function renewLeases(): void {
    if (inFlight.size === 0) return;
    store
      .transaction((tx) => tx.outbox.renew([...inFlight.keys()], clock.now() + LEASE_MS))
      .catch((error: unknown) => log.error('worker-fault', { error: String(error) }));
  }

  /** A look that took nothing, with nothing in flight: what is left is due later. */
  function settleIdle(): void {
    if (inFlight.size > 0) return;
    const waiters = idleWaiters;
    idleWaiters = [];
    for (const resolve of waiters) resolve();
  }

  async function idle(): Promise<void> {
    // Nobody looks any more: what is in flight ends, and that is all.
    if (stopped) return allEnded();
    await new Promise<void>((resolve) => {
      idleWaiters.push(resolve);
      wake();
    });
  }

  async function stop(): Promise<void> {
    stopped = true;
    clearTimeout(timer);
    await unsubscribe();
    await looking;
    await allEnded();
    clearInterval(renewing);
  }

  async function allEnded(): Promise<void> {
    await Promise.all([...inFlight.values()].map(({ run }) => run));
  }
}
