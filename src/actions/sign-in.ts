/**
 * Signing in. An unknown account costs the same hashes and the same statements as a wrong password; a phone number costs as many
 * as the accounts that may share one, however many do.
 */
import type { Account, HashTurn } from '../ports.ts';
import { Refusal } from '../rules/errors.ts';
import type { Identifier } from '../rules/identifiers.ts';
import { LIMITS, PASSWORD_MAX_BYTES, SESSION_LIFETIME_MS } from '../rules/limits.ts';
import { normalizePassword } from '../rules/passwords.ts';
import { ACCOUNTS_PER_NUMBER } from '../rules/shared-numbers.ts';
import { waitFor } from '../rules/token-buckets.ts';
import type { Session, StoreTransaction } from '../store/store.ts';
import { chargeLimits, lookAt } from './charge-limits.ts';
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
  const { holders, proven } = await context.store.transaction(async (tx) => {
    const now = context.clock.now();
    const knownDevice = await isKnownDevice(context, tx, device, identifier);
    const known = knownDevice || (await hasJustRecovered(tx, mac, origin.source, now));
    const lane = known ? await laneOfKnown(tx, mac, now) : 'sign-in';
    await chargeLimits(tx, { 'sign-in-source': origin.source, [lane]: mac }, now);
    return { holders: await holdersOf(context, tx, identifier), proven: known };
  });
  const password = normalizePassword(typed);
  const fitting = await thoseThatFit(context, holders, password, turnOf(mac, proven, origin));
  const [fit] = fitting;
  // A password that two accounts have in common says nothing of which is meant, and the first match is nobody's choice.
  if (!fit || fitting.length > 1) {
    await refuse(context, identifier, holders, origin);
    throw new Refusal('invalid_credentials');
  }
  const { account, usable, outdated } = fit;
  // One request, one hash that others wait for: whoever floods with old accounts of his own gains nothing by it.
  const rehashed = outdated ? await context.hasher.hashIfIdle(password) : undefined;
  const opened = await openSession(context, account, identifier, usable, { rehashed, replaced }, origin);
  if (!opened) {
    await refuse(context, identifier, holders, origin);
    throw new Refusal('invalid_credentials');
  }
  return { ...opened, device: rememberDevice(context, device, identifier) };
}

/** Who shares a number is known for it, too, and may have spent what known browsers have: then this one fares as a stranger. */
async function laneOfKnown(
  tx: StoreTransaction,
  mac: string,
  now: number,
): Promise<'sign-in-known-device' | 'sign-in'> {
  const lane = 'sign-in-known-device';
  const key = `${lane}:${mac}`;
  const fullAt = await lookAt(tx, [[key, LIMITS[lane]]]);
  return waitFor(fullAt.get(key), LIMITS[lane], 1, now) === 0 ? lane : 'sign-in';
}

/** One place for each account that may have the identifier; a place without an account costs what the others cost. */
type Holders = readonly (Account | undefined)[];

async function holdersOf(context: Context, tx: StoreTransaction, identifier: Identifier): Promise<Holders> {
  const found = await context.accounts.findAllByIdentifier(tx, identifier);
  const places = identifier.kind === 'phone' ? ACCOUNTS_PER_NUMBER : 1;
  const known = found.length <= places ? found : [];
  return Array.from({ length: places }, (_, at) => known[at]);
}

interface Fit {
  account: Account;
  /** The hash that the password was right for. */
  usable: string;
  outdated: boolean;
}

async function thoseThatFit(context: Context, holders: Holders, password: string, turn: HashTurn): Promise<Fit[]> {
  const bounded = Buffer.byteLength(password) <= PASSWORD_MAX_BYTES ? password : '';
  const fitting: Fit[] = [];
  for (const account of holders) {
    const usable = account && account.passwordBlockedAt === null ? (account.passwordHash ?? undefined) : undefined;
    const { right, outdated } = await context.hasher.verify(usable, bounded, turn);
    if (account && right && usable !== undefined && bounded === password) fitting.push({ account, usable, outdated });
  }
  return fitting;
}

/** Strangers wait in the line of their network; where it tells nothing, in that of what they typed. */
function turnOf(mac: string, proven: boolean, origin: Origin): HashTurn {
  return proven ? { lane: 'proven', source: mac } : { lane: 'stranger', source: origin.source ?? mac };
}

/**
 * Without an account the event carries an id of the same form, which is nobody's, made of the identifier's MAC: an index
 * entry among the others' costs what theirs cost. `account` in the detail says which it was. The id is made for everybody: the
 * MAC's 27 µs told unknown from known, AUC 0.31 without the hash and 0.487 with it.
 */
async function refuse(context: Context, identifier: Identifier, holders: Holders, origin: Origin): Promise<void> {
  await context.store.transaction(async (tx) => {
    for (const [place, account] of holders.entries()) {
      const nobody = nobodys(context, identifier, place);
      await tx.audit.append({
        at: context.clock.now(),
        name: 'sign-in-refused',
        accountId: account?.id ?? nobody,
        proofId: null,
        detail: { browser: origin.browser, account: account ? 'known' : 'none' },
      });
    }
  });
}

function nobodys({ keys }: Context, { kind, canonical }: Identifier, place: number): string {
  const mac = keys.identifierMac({ kind, canonical: place === 0 ? canonical : `${canonical} ${place}` });
  return Buffer.from(mac, 'hex').toString('base64url');
}

/** Undefined where the password was changed or blocked, or the account gave up what was typed, while it was compared. */
async function openSession(
  context: Context,
  account: Account,
  { kind, canonical }: Identifier,
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
    if (!current.addresses.some((held) => held.kind === kind && held.canonical === canonical)) return undefined;
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
