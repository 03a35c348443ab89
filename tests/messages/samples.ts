/** One set of parameters per kind of message. */
import type { MessageParams, TemplateKind } from '../../src/messages/catalog.ts';
import type { RenderContext } from '../../src/messages/render.ts';

export const ORIGIN = 'https://accounts.acme.example';
export const CONTEXT: RenderContext = {
  locale: 'en',
  brand: { name: 'Acme', color: '#b3401f', supportAddress: 'help@acme.example' },
  origin: ORIGIN,
};

const AT = Date.UTC(2026, 2, 14, 9, 12);
const token = 'Zm9vYmFyYmF6cXV4Zm9vYg.c2lnbmF0dXJlc2lnbmF0dXJl';

export const SAMPLES: MessageParams = {
  'recovery-code': {
    code: '482913',
    minutes: 9,
    requestedAt: AT,
    browser: 'Firefox on Windows',
    account: 'j***@example.com',
    confirmUrl: `${ORIGIN}/recover/confirm#${token}`,
    cancelUrl: `${ORIGIN}/recover/cancel/${token}`,
  },
  'recovery-link': {
    minutes: 9,
    requestedAt: AT,
    browser: 'Firefox on Windows',
    account: 'j***@example.com',
    confirmUrl: `${ORIGIN}/recover/confirm#${token}`,
    cancelUrl: `${ORIGIN}/recover/cancel/${token}`,
  },
  'no-account': {
    address: 'j***@example.com',
    requestedAt: AT,
    browser: 'Safari on iPhone',
    registerUrl: `${ORIGIN}/register`,
    recoverUrl: `${ORIGIN}/recover`,
  },
  'registration-code': {
    code: '48291370',
    minutes: 10,
    requestedAt: AT,
    browser: 'Chrome on Android',
    address: 'j***@example.com',
  },
  'registration-taken': {
    address: 'j***@example.com',
    requestedAt: AT,
    browser: 'Chrome on Android',
    signInUrl: `${ORIGIN}/sign-in`,
    recoverUrl: `${ORIGIN}/recover`,
  },
  'address-code': {
    code: '482913',
    minutes: 10,
    requestedAt: AT,
    browser: 'Firefox on Windows',
    address: 'w***@example.org',
    account: 'j***@example.com',
  },
  'address-taken': {
    address: 'w***@example.org',
    requestedAt: AT,
    browser: 'Firefox on Windows',
    signInUrl: `${ORIGIN}/sign-in`,
    recoverUrl: `${ORIGIN}/recover`,
  },
  'address-added': {
    what: 'email',
    account: 'j***@example.com',
    address: 'w***@example.org',
    at: AT,
    browser: 'Firefox on Windows',
    removedAt: undefined,
    recoverUrl: `${ORIGIN}/recover`,
  },
  'address-removed': {
    what: 'phone',
    address: '+1*****01',
    at: AT,
    browser: 'Firefox on Windows',
    removedAt: undefined,
    recoverUrl: `${ORIGIN}/recover`,
  },
  'address-thawed': {
    address: 'w***@example.org',
    at: AT,
    recoverUrl: `${ORIGIN}/recover`,
    removedAt: undefined,
  },
  'messenger-linked': {
    account: 'j***@example.com',
    messenger: 'Telegram',
    name: 'Jane Doe',
    at: AT,
    browser: 'Firefox on Windows',
    removedAt: undefined,
    recoverUrl: `${ORIGIN}/recover`,
  },
  'messenger-unlinked': {
    messenger: 'WhatsApp',
    name: 'Jane Doe',
    at: AT,
    browser: 'Firefox on Windows',
    removedAt: undefined,
    recoverUrl: `${ORIGIN}/recover`,
  },
  'number-shared': { phone: '+1*****01', at: AT, recoverUrl: `${ORIGIN}/recover` },
  'password-changed': {
    account: 'j***@example.com',
    changedAt: AT,
    browser: 'Firefox on Windows',
    by: ['email'],
    notMeUrl: `${ORIGIN}/recover/not-me/${token}`,
    notMeHours: 72,
    removedAt: undefined,
  },
  'password-blocked': {
    account: 'j***@example.com',
    at: AT,
    recovery: 'open',
    unlinked: ['Telegram', 'Viber'],
    recoverUrl: `${ORIGIN}/recover`,
  },
  'password-held': {
    account: 'j***@example.com',
    at: AT,
    browser: 'Firefox on Windows',
    completesAt: AT + 86_400_000,
    why: 'stale_number',
    soonerUrl: `${ORIGIN}/recover`,
    removedAt: undefined,
    cancelUrl: `${ORIGIN}/recover/cancel/${token}`,
  },
  'recovery-frozen': {
    address: 'j***@example.com',
    requestedAt: AT,
    browser: 'Firefox on Windows',
    recoverUrl: `${ORIGIN}/recover`,
  },
  'recovery-requested': {
    account: 'j***@example.com',
    by: 'text',
    to: '+1*****4567',
    requestedAt: AT,
    browser: 'Firefox on Windows',
    cancelUrl: `${ORIGIN}/recover/cancel/${token}`,
  },
  'support-not-me': {
    accountId: 'Xk3v9Qm2Tz7LwR4sYb8NfA',
    proofId: 'p0Jd6HcW1uEo5VgI3aKxZq',
    at: AT,
    addresses: ['j***@example.com', 'w***@example.org'],
    stopped: ['j***@example.com'],
    timeline: [
      { at: AT - 3_600_000, what: 'resolve-recovery', channel: 'email', browser: 'Firefox on Windows' },
      { at: AT - 3_000_000, what: 'set-password', channel: 'email', browser: 'Firefox on Windows' },
      { at: AT, what: 'freeze-address', address: 'j***@example.com' },
    ],
  },
  'support-bounce': { address: 'j***@example.com', heldBack: false, reason: '5.1.1', at: AT },
};

export const KINDS = Object.keys(SAMPLES) as TemplateKind[];
