/** Rows as the contract puts them in, and texts that a store may stumble over. */
import type { NewAccount } from '../../ports.ts';
import type { Guessed, Message, NewMessage, Proof, Session } from '../../store/store.ts';

/** Neither a multiple of a day nor within 32 bits. */
export const NOW = 1_790_000_123_456;

export const DAY = 86_400_000;

export function guessed(
  identifierMac: string,
  channel: Guessed['channel'],
  lane: Guessed['lane'] = 'stranger',
): Guessed {
  return { identifierMac, channel, lane };
}

export function proof(id: string, change: Partial<Proof> = {}): Proof {
  return {
    id,
    tokenDigest: `digest of ${id}`,
    purpose: 'recovery',
    channel: 'email',
    lane: 'stranger',
    carries: 'code',
    identifierKind: 'email',
    identifierTyped: 'Jane@Example.com',
    identifier: 'jane@example.com',
    identifierMac: 'mac',
    locale: 'en',
    browser: 'Firefox on Windows',
    network: null,
    state: 'code_sent',
    resolution: 'pending',
    accountId: null,
    accountGeneration: null,
    keyId: 'k1',
    epoch: 0,
    codeFormat: 'digits',
    codeLength: 6,
    triesLeft: 5,
    codeExpiresAt: NOW + 600_000,
    previousCodeExpiresAt: null,
    previousCodeFormat: null,
    previousCodeLength: null,
    resends: 0,
    resendAt: NOW + 30_000,
    messagesOf: null,
    createdAt: NOW,
    toldAt: null,
    textedAt: null,
    verifiedBy: null,
    verifiedExpiresAt: null,
    heldFor: null,
    completedAt: null,
    reportedAt: null,
    expiresAt: NOW + 3_600_000,
    ...change,
  };
}

export function message(id: string, change: Partial<NewMessage> = {}): NewMessage {
  return {
    id,
    kind: 'recovery-code',
    channel: 'email',
    proofId: 'p',
    epoch: 0,
    accountId: null,
    address: null,
    locale: 'en',
    createdAt: NOW,
    dueAt: NOW,
    usefulUntil: NOW + 600_000,
    ...change,
  };
}

/** How a new message is stored. */
export function queued(id: string, change: Partial<Message> = {}): Message {
  return {
    ...message(id),
    status: 'queued',
    attempts: 0,
    retries: 0,
    askedAt: null,
    leavesAt: null,
    ask: null,
    follows: null,
    urgency: 'asked',
    leasedUntil: null,
    sentAt: null,
    providerId: null,
    reason: null,
    retryAt: null,
    ...change,
  };
}

export function session(id: string, change: Partial<Session> = {}): Session {
  return {
    id,
    tokenDigest: `digest of ${id}`,
    accountId: 'a',
    browser: 'Safari on iOS',
    createdAt: NOW,
    lastSeenAt: NOW,
    expiresAt: NOW + DAY,
    ...change,
  };
}

export function account(change: Partial<NewAccount> = {}): NewAccount {
  return { name: null, birthday: null, locale: null, passwordHash: null, addresses: [], ...change };
}

export function email(canonical: string) {
  return { kind: 'email' as const, value: canonical.toUpperCase(), canonical, ...CONFIRMED };
}

export function phone(canonical: string) {
  return { kind: 'phone' as const, value: canonical, canonical, ...CONFIRMED };
}

export const CONFIRMED = { confirmedAt: NOW, provenAt: NOW, frozenAt: null, thawedAt: null };

/**
 * What must come back as it was given: quotes and comments of SQL, placeholders, wildcards, a backslash, line breaks,
 * surrounding space, composed and decomposed letters, scripts that run to the left, characters beyond 16 bits.
 */
export const HOSTILE = [
  `'; drop table proofs; --`,
  `" or 1=1 /* $1 ? :id @id {} */`,
  `%_\\\\ \\' E'\\x27' $$tag$$`,
  ' \t\r\n padded \n',
  'é e\u0301 ﬁ İıſ ß',
  'مرحبا \u202eabc\u202c 👩\u200d👩\u200d👧 𝒜 \u{10ffff} \ufeff',
].join('|');

/** Every text of a record becomes hostile, and different from the others. */
export function withHostileTexts<T extends object>(record: T): T {
  const hostile = Object.entries(record).map(([field, value]) => [
    field,
    typeof value === 'string' ? `${field}${HOSTILE}` : value,
  ]);
  return Object.fromEntries(hostile) as T;
}
