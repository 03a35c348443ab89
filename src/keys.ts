/**
 * Keys per purpose, derived from the root secrets by HKDF (RFC 5869), so that no key serves two ends. Rotation: put a new
 * secret in front of the list; the first signs, all verify.
 */
import { createHash, createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import type { KeyPurpose, Keys } from './ports.ts';

const MAC_BYTES = 16;

/** @param secrets one or more root secrets, newest first */
export function createKeys(secrets: readonly string[]): Keys {
  const roots = secrets.map((secret) => ({
    id: createHash('sha256').update('regain key id\0').update(secret).digest('hex').slice(0, 8),
    keys: Object.fromEntries(PURPOSES.map((purpose) => [purpose, derive(secret, purpose)])) as Record<
      KeyPurpose,
      Buffer
    >,
  }));
  const newest = roots[0];
  const oldest = roots.at(-1);
  if (!newest || !oldest) throw new Error('at least one root secret is needed');
  const mac = (key: Buffer, text: string): Buffer =>
    createHmac('sha256', key).update(text).digest().subarray(0, MAC_BYTES);

  return {
    codeKey: () => ({ id: newest.id, key: newest.keys.code }),
    codeKeyById: (id) => roots.find((root) => root.id === id)?.keys.code,
    identifierMac: ({ kind, canonical }) => mac(oldest.keys.identifier, `${kind}\0${canonical}`).toString('hex'),
    mailboxMac: (mailbox) => mac(oldest.keys.identifier, `mailbox\0${mailbox}`).toString('hex'),
    workSecrets: () => roots.map(({ keys }) => keys.work.toString('hex')),
    macs: (purpose, text) => roots.map(({ keys }) => mac(keys[purpose], text)),
    auditKeys: () => roots.map(({ id, keys }) => ({ id, key: keys.audit })),
    sign: (purpose, text) =>
      `${Buffer.from(text).toString('base64url')}.${mac(newest.keys[purpose], text).toString('base64url')}`,
    open(purpose, signed) {
      const [encoded = '', signature = '', ...rest] = signed.split('.');
      const given = Buffer.from(signature, 'base64url');
      const text = Buffer.from(encoded, 'base64url').toString();
      if (rest.length > 0 || given.length !== MAC_BYTES) return undefined;
      return roots.some((root) => timingSafeEqual(mac(root.keys[purpose], text), given)) ? text : undefined;
    },
  };
}

const PURPOSES: readonly KeyPurpose[] = [
  'code',
  'identifier',
  'cancel',
  'not-me',
  'device',
  'confirm',
  'work',
  'audit',
  'operator',
  'bounce',
];

function derive(secret: string, purpose: KeyPurpose): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, 'regain', `regain ${purpose} v1`, 32));
}
