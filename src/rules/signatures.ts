/** What a provider shows to prove that it is the caller, compared in constant time. */
import { createHmac, timingSafeEqual } from 'node:crypto';

/** Whatever the lengths: `timingSafeEqual` needs equal ones, so MACs of both are compared. */
export function isSameSecret(given: string, expected: string): boolean {
  const mac = (text: string): Buffer => createHmac('sha256', expected).update(text).digest();
  return timingSafeEqual(mac(given), mac(expected));
}

/** Whether `hex` spells out this MAC, in either case. */
export function isSameMac(hex: string, mac: Buffer): boolean {
  return hex.length === mac.length * 2 && /^[0-9a-f]+$/i.test(hex) && timingSafeEqual(Buffer.from(hex, 'hex'), mac);
}
