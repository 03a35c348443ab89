/** Secret handles: 256 random bits in the claimant's or owner's hands, and only their digest in the store. */
import { createHash } from 'node:crypto';
import type { Random } from '../ports.ts';

export function newToken(random: Random): { token: string; tokenDigest: string } {
  const token = random.bytes(32).toString('base64url');
  return { token, tokenDigest: digestToken(token) };
}

/** SHA-256, hex. A token has too much entropy to be searched for, so a fast hash is enough. */
export function digestToken(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

export function newId(random: Random): string {
  return random.bytes(16).toString('base64url');
}

/** Whether a text from outside can be an id. What can't be is not asked of the store: PostgreSQL fails on a text with a NUL. */
export function isId(text: string): boolean {
  return /^[\w-]{22}$/.test(text);
}
