/** The sessions of an account's owner. */
import type { Account } from '../ports.ts';
import { Refusal } from '../rules/errors.ts';
import { RECENT_RECOVERY_MS, SESSION_IDLE_MS } from '../rules/limits.ts';
import type { Session, StoreTransaction } from '../store/store.ts';
import type { Context } from './context.ts';
import { digestToken } from './tokens.ts';

/** Writing "last seen" more often than this would make every page view a write. */
const TOUCH_EVERY_MS = 5 * 60_000;

export interface CurrentSession {
  session: Session;
  account: Account;
}

export async function currentSession(context: Context, token: string | undefined): Promise<CurrentSession | undefined> {
  if (!token) return undefined;
  return context.store.transaction(async (tx) => {
    const now = context.clock.now();
    const current = await findSession(context, tx, token);
    if (current && now - current.session.lastSeenAt > TOUCH_EVERY_MS) await tx.sessions.touch(current.session.id, now);
    return current;
  });
}

/** @throws Refusal `invalid_credentials` without a living session */
export async function requireSession(context: Context, token: string | undefined): Promise<CurrentSession> {
  return living(await currentSession(context, token));
}

/**
 * Within a transaction that only reads.
 * @throws Refusal `invalid_credentials` without a living session
 */
export async function requireSessionToRead(
  context: Context,
  tx: StoreTransaction,
  token: string | undefined,
): Promise<CurrentSession> {
  return living(token === undefined ? undefined : await findSession(context, tx, token));
}

/**
 * Within a transaction that changes something in its name: the session lives until that has ended, or had ended before.
 * @throws Refusal `invalid_credentials` without a living session
 */
export async function requireSessionIn(
  context: Context,
  tx: StoreTransaction,
  token: string | undefined,
): Promise<CurrentSession> {
  return living(token === undefined ? undefined : await lockSession(context, tx, token));
}

function living(current: CurrentSession | undefined): CurrentSession {
  if (!current) throw new Refusal('invalid_credentials');
  return current;
}

/** The account first, as whoever sets a password does; only the session tells which, so that is looked at twice (decision 0021). */
async function lockSession(context: Context, tx: StoreTransaction, token: string): Promise<CurrentSession | undefined> {
  const now = context.clock.now();
  const seen = await livingSession(tx, token, now);
  const account = seen && (await context.accounts.get(tx, seen.accountId, { lock: true }));
  const session = account && (await livingSession(tx, token, now, { lock: true }));
  return session && { session, account };
}

async function findSession(context: Context, tx: StoreTransaction, token: string): Promise<CurrentSession | undefined> {
  const session = await livingSession(tx, token, context.clock.now());
  const account = session && (await context.accounts.get(tx, session.accountId));
  return session && account && { session, account };
}

/** Whether the password came by a recovery just now: the host asks again before what can't be taken back (R71). */
export async function wasRecoveredLately(context: Context, accountId: string): Promise<boolean> {
  const [latest] = await context.store.transaction((tx) => tx.audit.pageOf(accountId, ['set-password'], 1));
  return latest !== undefined && context.clock.now() < latest.at + RECENT_RECOVERY_MS;
}

export async function listSessions(context: Context, accountId: string): Promise<Session[]> {
  const now = context.clock.now();
  const sessions = await context.store.transaction((tx) => tx.sessions.ofAccount(accountId, now));
  return sessions.filter((session) => !isIdle(session, now));
}

/** Signing out twice is no error: the person wanted to be out, and is. */
export async function signOut(context: Context, token: string | undefined): Promise<void> {
  await endSessions(context, token, 'sign-out');
}

/** @throws Refusal `invalid_credentials` without a living session. Returns how many others ended. */
export async function signOutElsewhere(context: Context, token: string | undefined): Promise<number> {
  const ended = await endSessions(context, token, 'sign-out-elsewhere');
  if (ended === undefined) throw new Refusal('invalid_credentials');
  return ended;
}

async function endSessions(
  context: Context,
  token: string | undefined,
  name: 'sign-out' | 'sign-out-elsewhere',
): Promise<number | undefined> {
  if (!token) return undefined;
  return context.store.transaction(async (tx) => {
    const now = context.clock.now();
    const current = await lockSession(context, tx, token);
    if (!current) return undefined;
    const { session } = current;
    const ended = name === 'sign-out' ? 1 : await tx.sessions.deleteAllOf(session.accountId, session.id);
    if (name === 'sign-out') await tx.sessions.delete(session.id);
    await tx.audit.append({
      at: now,
      name,
      accountId: session.accountId,
      proofId: null,
      detail: { browser: session.browser, ended },
    });
    return ended;
  });
}

async function livingSession(
  tx: StoreTransaction,
  token: string,
  now: number,
  options?: { lock: boolean },
): Promise<Session | undefined> {
  const session = await tx.sessions.byToken(digestToken(token), now, options);
  return session && !isIdle(session, now) ? session : undefined;
}

/** Its row goes when its lifetime is over. */
function isIdle({ lastSeenAt }: Session, now: number): boolean {
  return now - lastSeenAt >= SESSION_IDLE_MS;
}
