/** The doctor on what is in the database, whatever the engine: tables, outbox and the other side's clock. */
import type { Config } from '../../config.ts';
import { advisedBusyHour, BUSY_DAYS, usualBusyHour } from '../../rules/busy-hours.ts';
import { openStore } from '../../store/open.ts';
import type { Store } from '../../store/store.ts';
import { systemClock } from '../../system.ts';
import { errorText } from '../outside-error.ts';
import { count } from '../shown.ts';
import type { Finding } from './finding.ts';

const DRIFT_WARNED_MS = 2_000;
/** Codes live ten minutes; who waits for one so long has given up. */
const QUEUED_WARNED_MS = 120_000;
const DAY_MS = 86_400_000;
const LOST_WARNED_MS = DAY_MS;
export const OLDEST_QUEUED = `select min(created_at) as oldest from outbox where status = 'queued'`;

/** What only the store knows, and whether it can be written to. */
export async function checkStore(
  config: Config,
  engine: string,
  oldestQueuedAt: number | undefined,
): Promise<Finding[]> {
  let store: Store | undefined;
  try {
    store = await openStore(config.database);
    const pending = await store.pendingMigrations();
    if (pending.length > 0)
      return [
        database(
          'warn',
          `${engine}, not at this version yet: ${pending.join(', ')}`,
          "run 'regain migrate', or start 'regain serve'",
        ),
      ];
    await tryWriting(store);
    const now = systemClock.now();
    const { accounts, hours, ...messages } = await store.transaction(async (tx) => ({
      accounts: await tx.accounts.count(),
      queued: await tx.outbox.count('queued'),
      failed: await tx.outbox.count('failed'),
      lost: await tx.outbox.countLost(0),
      lostLately: await tx.outbox.countLost(now - LOST_WARNED_MS),
      hours: await tx.messages.codesByHour(now - BUSY_DAYS * DAY_MS),
    }));
    const people = accounts === 1 ? '1 account' : `${count(accounts)} accounts`;
    return [
      database('ok', `${engine}, ${people}, tables up to date, writable`),
      outbox({ ...messages, oldestMs: oldestQueuedAt === undefined ? 0 : now - oldestQueuedAt }),
      busyHour(usualBusyHour(hours, now), config.busyHourSends),
    ];
  } catch (error) {
    return [
      database(
        'FAIL',
        `${engine}: ${errorText(error)}`,
        'let this user write to it, or see docs/how-to/check-an-installation.md',
      ),
    ];
  } finally {
    await store?.close();
  }
}

class Undo extends Error {}

/** Takes the writer's lock and writes, and takes it back: nothing stays. */
async function tryWriting(store: Store): Promise<void> {
  const writing = store.transaction(async (tx) => {
    await tx.limits.charge('doctor', { burst: 1, refillMs: 1 }, systemClock.now());
    throw new Undo();
  });
  await writing.catch((error: unknown) => {
    if (!(error instanceof Undo)) throw error;
  });
}

interface OutboxCounts {
  queued: number;
  oldestMs: number;
  failed: number;
  /** Expired, so that somebody waited in vain: of all that are kept, and of the last day. */
  lost: number;
  lostLately: number;
}

function outbox({ queued, oldestMs, failed, lost, lostLately }: OutboxCounts): Finding {
  const waiting = queued === 0 ? 'nothing waits' : `${count(queued)} queued, the oldest for ${age(oldestMs)}`;
  const lately = lostLately === 0 ? '' : `, ${count(lostLately)} of them in the last day`;
  const text = `${waiting}; ${count(failed)} failed and ${count(lost)} expired unsent in the last 30 days${lately}`;
  const mends = [
    ...(queued > 0 && oldestMs >= QUEUED_WARNED_MS
      ? ["see that 'regain serve' or 'regain work' runs and the mail server answers"]
      : []),
    ...(lostLately > 0 ? ["'regain messages list --status expired --since 2d' says what held them up"] : []),
  ];
  if (mends.length === 0) return { level: 'ok', name: 'Outbox', text };
  return { level: 'warn', name: 'Outbox', text, mend: mends.join('; ') };
}

/** The breaker's size is a setting, because one that followed the traffic could be led by it (decision 0019). */
function busyHour(usual: number, setting: number): Finding {
  const name = 'Busy hour';
  const text = `${count(usual)} ${usual === 1 ? 'code' : 'codes'} in the busiest hour of a usual day; the breaker on sends expects ${count(setting)}`;
  const advised = advisedBusyHour(usual, setting);
  if (advised === undefined) return { level: 'ok', name, text };
  const trouble = `${text}: on a good day it would make unknown browsers work or wait`;
  return { level: 'warn', name, text: trouble, mend: `set REGAIN_BUSY_HOUR_SENDS=${advised}` };
}

export function clock(driftMs: number, other: string): Finding {
  const name = 'Clock';
  const seconds = (Math.abs(driftMs) / 1000).toFixed(1);
  if (Math.abs(driftMs) <= DRIFT_WARNED_MS)
    return { level: 'ok', name, text: `agrees with that of ${other} (${seconds} s)` };
  const text = `is ${seconds} s ${driftMs > 0 ? 'behind' : 'ahead of'} that of ${other}: codes expire at the wrong time`;
  return { level: 'warn', name, text, mend: 'set both by NTP' };
}

/** "40 seconds", "12 minutes", "3 hours", "2 days" */
function age(ms: number): string {
  const units = [
    ['day', 86_400_000],
    ['hour', 3_600_000],
    ['minute', 60_000],
    ['second', 1_000],
  ] as const;
  const [name, size] = units.find(([, unit]) => ms >= unit) ?? units[3];
  const whole = Math.floor(Math.max(0, ms) / size);
  return `${whole} ${name}${whole === 1 ? '' : 's'}`;
}

export function database(level: Finding['level'], text: string, mend?: string): Finding {
  return { level, name: 'Database', text, ...(mend === undefined ? {} : { mend }) };
}
