/** Signing in. An unknown account costs the same hash and the same statements as a wrong password. */
import type { Account, HashTurn } from '../ports.ts';
import { Refusal } from '../rules/errors.ts';
import type { Identifier } from '../rules/identifiers.ts';
import { PASSWORD_MAX_BYTES, SESSION_LIFETIME_MS } from '../rules/limits.ts';
import { normalizePassword } from '../rules/passwords.ts';
import type { Session } from '../store/store.ts';
import { chargeLimits } from './charge-limits.ts';
import type { Context, Origin } from './context.ts';
import { isKnownDevice, rememberDevice } from './known-device.ts';
import { hasJustRecovered } from './recovered-here.ts';
import { digestToken, newId, newToken } from './tokens.ts';

export interface SignedIn {
  token: string;
  session: Session;
  /** Signed value of the device cookie, with this account added. */
  device: string;
}

/**
 * @param device the device cookie as the browser sent it
 * @param replaced token of the session that this browser had until now; it ends with the new one's beginning
 * @throws Refusal `invalid_credentials`, `rate_limited`, `unavailable`
 */
export async function signIn(
  context: Context,
  identifier: Identifier,
  typed: string,
  origin: Origin,
  device?: string,
  replaced?: string,
): Promise<SignedIn> {
  const mac = context.keys.identifierMac(identifier);
  const { account, proven } = await context.store.transaction(async (tx) => {
    const now = context.clock.now();
    const knownDevice = await isKnownDevice(context, tx, device, identifier);
    const known = knownDevice || (await hasJustRecovered(tx, mac, origin.source, now));
    const lane = known ? 'sign-in-known-device' : 'sign-in';
    await chargeLimits(tx, { 'sign-in-source': origin.source, [lane]: mac }, now);
    const found = await context.accounts.findByIdentifier(tx, identifier);
    return { account: found, proven: known };
  });
  const password = normalizePassword(typed);
  const usable = account && account.passwordBlockedAt === null ? (account.passwordHash ?? undefined) : undefined;
  const bounded = Buffer.byteLength(password) <= PASSWORD_MAX_BYTES ? password : '';
  const { right, outdated } = await context.hasher.verify(usable, bounded, turnOf(mac, proven, origin));
  if (!account || !right || usable === undefined || bounded !== password) {
    await refuse(context, identifier, account, origin);
    throw new Refusal('invalid_credentials');
  }
  // One request, one hash that others wait for: whoever floods with old accounts of his own gains nothing by it.
  const rehashed = outdated ? await context.hasher.hashIfIdle(password) : undefined;
  const opened = await openSession(context, account, usable, { rehashed, replaced }, origin);
  if (!opened) {
    await refuse(context, identifier, account, origin);
    throw new Refusal('invalid_credentials');
  }
  return { ...opened, device: rememberDevice(context, device, identifier) };
}

/** Strangers wait in the line of their network; where it tells nothing, in that of what they typed. */
function turnOf(mac: string, proven: boolean, origin: Origin): HashTurn {
  return proven ? { lane: 'proven', source: mac } : { lane: 'stranger', source: origin.source ?? mac };
}

/**
 * Without an account the event carries an id of the same form, which is nobody's, made of the identifier's MAC: an index
 * entry among the others' costs what theirs cost. `account` in the detail says which it was.
 */
async function refuse(
  context: Context,
  identifier: Identifier,
  account: Account | undefined,
  origin: Origin,
): Promise<void> {
  const nobodys = Buffer.from(context.keys.identifierMac(identifier), 'hex').toString('base64url');
  await context.store.transaction((tx) =>
    tx.audit.append({
      at: context.clock.now(),
      name: 'sign-in-refused',
      accountId: account?.id ?? nobodys,
      proofId: null,
      detail: { browser: origin.browser, account: account ? 'known' : 'none' },
    }),
  );
}

/** Undefined where the password was changed or blocked while it was compared. */
async function openSession(
  context: Context,
  account: Account,
  verifiedHash: string,
  { rehashed, replaced }: { rehashed: string | undefined; replaced: string | undefined },
  origin: Origin,
): Promise<Omit<SignedIn, 'device'> | undefined> {
  const now = context.clock.now();
  const { token, tokenDigest } = newToken(context.random);
  const session: Session = {
    id: newId(context.random),
    tokenDigest,
    accountId: account.id,
    browser: origin.browser,
    createdAt: now,
    lastSeenAt: now,
    expiresAt: now + SESSION_LIFETIME_MS,
  };
  return context.store.transaction(async (tx) => {
    // The hash took its time: a password that was changed or blocked meanwhile opens nothing. Locked, because whoever changes
    // it at this very moment ends the sessions that he sees, and would not see this one.
    const current = await context.accounts.get(tx, account.id, { lock: true });
    if (current?.passwordHash !== verifiedHash || current.passwordBlockedAt !== null) return undefined;
    const before = replaced === undefined ? undefined : await tx.sessions.byToken(digestToken(replaced), now);
    if (before) await tx.sessions.delete(before.id);
    await tx.sessions.insert(session);
    await tx.proofs.cancelAllOf(account.id);
    if (rehashed) await context.accounts.rehashPassword(tx, account.id, rehashed);
    await tx.audit.append({
      at: now,
      name: 'sign-in',
      accountId: account.id,
      proofId: null,
      detail: { browser: origin.browser },
    });
    return { token, session };
  });
}
