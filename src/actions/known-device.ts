/**
 * The device cookie: which accounts this browser has signed in to, as MACs of the identifiers that were typed, signed.
 * It is compared with what is typed now, so that telling a known browser from a stranger's needs no look-up.
 */
import type { Identifier } from '../rules/identifiers.ts';
import { DEVICE_ACCOUNTS, DEVICE_LIFETIME_MS } from '../rules/limits.ts';
import type { Proof, StoreTransaction } from '../store/store.ts';
import type { Context } from './context.ts';

/**
 * Not by a sign-in from before an account gave the identifier up: it may be somebody else's by now. Asked of the store only
 * where the cookie names the identifier, by what was typed alone.
 */
export async function isKnownDevice(
  context: Context,
  tx: StoreTransaction,
  cookie: string | undefined,
  identifier: Identifier,
): Promise<boolean> {
  const entry = readDevice(context, cookie).find(({ mac }) => mac === context.keys.identifierMac(identifier));
  if (!entry) return false;
  const retiredAt = await tx.retiredIdentifiers.retiredAt(entry.mac);
  return retiredAt === undefined || entry.seconds * 1000 > retiredAt;
}

/** Between the request and this look an account gave the identifier up: the browser may be known to that one alone. */
export async function isKnownNoMore(tx: StoreTransaction, { identifierMac, createdAt }: Proof): Promise<boolean> {
  const retiredAt = await tx.retiredIdentifiers.retiredAt(identifierMac);
  return retiredAt !== undefined && retiredAt >= createdAt;
}

/** The cookie's next value: this account first, the oldest beyond the limit forgotten. */
export function rememberDevice(context: Context, cookie: string | undefined, identifier: Identifier): string {
  const mac = context.keys.identifierMac(identifier);
  const seconds = Math.floor(context.clock.now() / 1000);
  const entries = [{ mac, seconds }, ...readDevice(context, cookie).filter((entry) => entry.mac !== mac)];
  const text = entries
    .slice(0, DEVICE_ACCOUNTS)
    .map((entry) => `${entry.mac}:${entry.seconds}`)
    .join(',');
  return context.keys.sign('device', text);
}

interface DeviceEntry {
  mac: string;
  seconds: number;
}

function readDevice(context: Context, cookie: string | undefined): DeviceEntry[] {
  const text = cookie === undefined ? undefined : context.keys.open('device', cookie);
  if (!text) return [];
  const oldest = (context.clock.now() - DEVICE_LIFETIME_MS) / 1000;
  return text
    .split(',')
    .map((entry) => entry.split(':'))
    .map(([mac = '', seconds = '0']) => ({ mac, seconds: Number(seconds) }))
    .filter((entry) => entry.seconds > oldest);
}
