/** What is timed, in the order in which a claimant meets it. */
import { type Answered, type Ask, cookieOf } from './client.ts';

/** What earlier answers gave this identifier, for the requests that need it. */
export interface Held {
  /** The claimant's handle of the API, and how long its code is. */
  token?: string;
  codeLength?: number;
  /** A channel that was offered beside the one that the code travels by. */
  otherWay?: string;
  /** `performance.now()` from which "send again" is taken. */
  resendAt?: number;
  /** The cookie of the pages. */
  cookie?: string;
}

export interface TimedRequest {
  name: string;
  /** What an unhindered answer says; 429 beyond these means that a limit ends the row. */
  expects: readonly number[];
  /** Undefined where an earlier answer gave nothing to ask with. */
  ask(identifier: string, held: Held): Ask | undefined;
  /** Keeps what later requests need. */
  keep?(answer: Answered, held: Held): void;
  /**
   * Milliseconds. Not this answer is timed, but the small requests that follow it for so long, each on average: what the work
   * after the answer costs others.
   */
  behindMs?: number;
  /** Asks with what earlier answers gave. */
  needs?: true;
  /** Not before "send again" is taken. */
  waitsForResend?: true;
}

const WRONG_PASSWORD = 'not the password of anybody here';
/** Longer than a message waits before it leaves (SEND_JITTER_MS), and is worked on then. By number, a fast machine was done before. */
const BEHIND_MS = 60;

export const TIMED_REQUESTS: readonly TimedRequest[] = [
  {
    name: 'POST /api/v1/recovery',
    expects: [202],
    ask: (identifier) => post('/api/v1/recovery', { identifier }),
    keep: keepRecovery,
  },
  {
    name: 'GET /api/v1/recovery, the live status',
    expects: [200],
    needs: true,
    ask: (_, { token }) =>
      token === undefined
        ? undefined
        : { method: 'GET', path: '/api/v1/recovery', headers: { authorization: `Bearer ${token}` } },
  },
  {
    name: 'POST /api/v1/recovery/verify, a wrong code',
    expects: [422],
    needs: true,
    ask: (_, { token, codeLength = 6 }) =>
      token === undefined ? undefined : post('/api/v1/recovery/verify', { token, code: '0'.repeat(codeLength) }),
  },
  {
    name: 'POST /recover, the form',
    expects: [303],
    ask: (identifier) => form('/recover', { identifier }),
    keep(answer, held) {
      const cookie = cookieOf(answer, 'recovery');
      if (cookie !== undefined) held.cookie = cookie;
    },
  },
  {
    name: 'GET /recover/status, the live line',
    expects: [200],
    needs: true,
    ask: (_, { cookie }) =>
      cookie === undefined ? undefined : { method: 'GET', path: '/recover/status', headers: { cookie } },
  },
  {
    name: 'POST /recover/code, a wrong code',
    expects: [422],
    needs: true,
    ask: (_, { cookie, codeLength = 6 }) =>
      cookie === undefined ? undefined : form('/recover/code', { code: '0'.repeat(codeLength) }, { cookie }),
  },
  {
    name: 'POST /api/v1/sessions, a wrong password',
    expects: [401],
    ask: (identifier) => post('/api/v1/sessions', { identifier, password: WRONG_PASSWORD }),
  },
  {
    name: 'POST /sign-in, a wrong password',
    expects: [401],
    ask: (identifier) => form('/sign-in', { identifier, password: WRONG_PASSWORD }),
  },
  {
    name: 'POST /api/v1/registration',
    expects: [202],
    ask: (identifier) => post('/api/v1/registration', { identifier }),
  },
  {
    name: 'POST /api/v1/recovery/resend',
    expects: [202],
    needs: true,
    waitsForResend: true,
    ask: (_, { token }) => (token === undefined ? undefined : post('/api/v1/recovery/resend', { token })),
  },
  {
    name: 'POST /api/v1/recovery/resend, too early',
    expects: [429],
    needs: true,
    ask: (_, { token }) => (token === undefined ? undefined : post('/api/v1/recovery/resend', { token })),
  },
  {
    name: 'POST /api/v1/recovery/resend, another way',
    expects: [202],
    needs: true,
    ask: (_, { token, otherWay }) =>
      token === undefined || otherWay === undefined
        ? undefined
        : post('/api/v1/recovery/resend', { token, channel: otherWay }),
  },
  {
    name: `requests right after a recovery, ${BEHIND_MS} ms`,
    expects: [202],
    behindMs: BEHIND_MS,
    ask: (identifier) => post('/api/v1/recovery', { identifier }),
  },
];

/** The small request behind another. It reads no database: only what the program itself does in that time shows. */
export const BEHIND: Ask = { method: 'GET', path: '/healthz' };

function keepRecovery(answer: Answered, held: Held): void {
  if (answer.status !== 202) return;
  const given = JSON.parse(answer.body) as {
    token: string;
    codeLength: number;
    resendAt: string;
    channel: string;
    channels: string[];
  };
  held.token = given.token;
  const otherWay = given.channels.find((channel) => channel !== given.channel);
  if (otherWay !== undefined) held.otherWay = otherWay;
  held.codeLength = given.codeLength;
  // By the server's own date: its clock need not be ours.
  const answeredAt = Date.parse(answer.headers.date ?? '');
  held.resendAt = performance.now() + (Date.parse(given.resendAt) - answeredAt) + 1_000;
}

function post(path: string, body: object): Ask {
  return { method: 'POST', path, body };
}

function form(path: string, fields: Record<string, string>, headers: Record<string, string> = {}): Ask {
  return { method: 'POST', path, body: new URLSearchParams(fields), headers };
}
