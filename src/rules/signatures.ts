/** What a provider shows to prove that it is the caller, compared in constant time. */
import { createHmac, timingSafeEqual } from 'node:crypto';

/** Whatever the lengths: `timingSafeEqual` needs equal ones, so MACs of both are compared. */
export function isSameSecret(given: string, expected: string): boolean {
  const mac = (text: string): Buffer => createHmac('sha256', expected).update(text).digest();
  return timingSafeEqual(mac(given), mac(expected));
}

/** Whether this is written like a MAC of 256 bits. */
export function mayBeMac(hex: string): boolean {
  return /^[0-9a-f]{64}$/i.test(hex);
}

/** Whether `hex` spells out this MAC, in either case. */
export function isSameMac(hex: string, mac: Buffer): boolean {
  return hex.length === mac.length * 2 && /^[0-9a-f]+$/i.test(hex) && timingSafeEqual(Buffer.from(hex, 'hex'), mac);
}

/** How far the clock of a signed call may be from ours; within it a call may come again. */
const SIGNED_AGE_MAX_S = 300;

/**
 * `Regain-Signature: t=<unix>,v1=<hex HMAC-SHA-256 of "t.body">`, ours and of whoever calls us in the same way. While a key is
 * changed, the other side may sign with both: any right `v1` is enough.
 */
export function isSignedCall(secret: string, header: string, body: Uint8Array, nowMs: number): boolean {
  const { at, macs } = signatureIn(header, nowMs);
  // The number as it was written: "007" was signed as such.
  const mac = createHmac('sha256', secret).update(`${at}.`).update(body).digest();
  return macs.some((given) => isSameMac(given, mac));
}

/** Whether a body is worth reading: for no body is a header right that this refuses. */
export function mayBeSignedCall(header: string, nowMs: number): boolean {
  return signatureIn(header, nowMs).macs.length > 0;
}

/** Without a MAC where the time is none, or too far from ours. */
function signatureIn(header: string, nowMs: number): { at: string; macs: string[] } {
  const fields = header.length > 1024 ? [] : header.split(',').map((field) => field.trim());
  const at = fields.find((field) => /^t=\d{1,12}$/.test(field))?.slice(2) ?? '';
  if (at === '' || Math.abs(Math.floor(nowMs / 1000) - Number(at)) > SIGNED_AGE_MAX_S) return { at, macs: [] };
  const macs = fields.filter((field) => field.startsWith('v1=')).map((field) => field.slice(3));
  return { at, macs: macs.filter(mayBeMac) };
}
