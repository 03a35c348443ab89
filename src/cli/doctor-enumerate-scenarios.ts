/** What a stranger could try to learn who has an account: each scenario is walked by identifiers of all kinds in step. */
import { RESEND_WAITS_MS, TRIES_PER_CODE } from '../rules/limits.ts';
import type { Ask } from './doctor-client.ts';
import { type Kind, SCRATCH_PASSWORD } from './doctor-kinds.ts';
import type { Mood } from './doctor-mail-server.ts';

/** What earlier answers gave one identifier. */
export interface Held {
  token: string;
  code: { format: string; length: number };
  cookies: Map<string, string>;
}

export type Step =
  | { name: string; ask(identifier: string, held: Held): Ask; onlyFor?: readonly Kind[] }
  /** Lets time pass for everybody. */
  | { name: string; passMs: number }
  /** What the mail server does from now on. */
  | { name: string; mail: Mood | 'down' };

export interface Scenario {
  name: string;
  steps: readonly Step[];
}

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const WRONG_PASSWORD = 'not the password of anybody here';

export const SCENARIOS: readonly Scenario[] = [
  {
    name: 'recovery by the API',
    steps: [
      start(),
      status(),
      pass(3 * SECOND),
      status(),
      verify('x', 'what is no code'),
      ...repeat(TRIES_PER_CODE + 1, 'a wrong code', (name) => verify(undefined, name)),
      status(),
      setPassword(),
      resend(),
      status(),
      start(),
      pass(3 * SECOND),
      status(),
    ],
  },
  {
    name: 'recovery on the pages',
    steps: [
      page('/recover'),
      form('/recover/from-sign-in'),
      form('/recover'),
      page('/recover/code'),
      page('/recover/status'),
      pass(3 * SECOND),
      page('/recover/status'),
      page('/recover/code'),
      page('/recover/another-way'),
      page('/recover/password'),
      form('/recover/password', () => ({ password: WRONG_PASSWORD, password2: WRONG_PASSWORD })),
      form('/recover/password/judge', () => ({ password: WRONG_PASSWORD })),
      ...repeat(TRIES_PER_CODE + 1, 'a wrong code', (name) =>
        form('/recover/code', ({ code }) => ({ code: wrongCode(code) }), name),
      ),
      page('/recover/code'),
      form('/recover/resend', () => ({})),
      page('/recover/code?sent=again'),
      form('/recover'),
      pass(3 * SECOND),
      page('/recover/status'),
    ],
  },
  {
    name: 'sending again',
    steps: [
      start(),
      resend('send again, too early'),
      pass(RESEND_WAITS_MS[0] + SECOND),
      resend(),
      status(),
      resend('send again, too early'),
      ...RESEND_WAITS_MS.slice(1).flatMap((waitMs) => [pass(waitMs + SECOND), resend(), status()]),
      resend('send again, too early'),
    ],
  },
  {
    name: 'the sending limit',
    steps: [
      ...repeat(22, 'start a recovery', start),
      form('/recover'),
      register(),
      form('/register'),
      pass(7 * MINUTE),
      start(),
      start(),
      pass(60 * MINUTE),
      ...repeat(12, 'an hour later, start a recovery', start),
    ],
  },
  {
    name: 'expiry',
    steps: [
      start(),
      form('/recover'),
      pass(9 * MINUTE),
      verify(),
      pass(2 * MINUTE),
      verify(),
      status(),
      page('/recover/code'),
      resend(),
      status(),
      pass(60 * MINUTE),
      verify(),
      status(),
      resend(),
      page('/recover/code'),
      page('/recover/status'),
    ],
  },
  {
    name: 'codes that grow',
    steps: Array.from({ length: 7 }, (_, at) => [
      start(`start recovery ${at + 1}`),
      ...repeat(TRIES_PER_CODE, `a wrong code of recovery ${at + 1}`, (name) => verify(undefined, name)),
    ]).flat(),
  },
  {
    name: 'registration',
    steps: [
      register(),
      status('registration'),
      pass(3 * SECOND),
      status('registration'),
      ...repeat(TRIES_PER_CODE + 1, 'a wrong code', (name) => verify(undefined, name, 'registration')),
      resend('send again', 'registration'),
      page('/register'),
      form('/register'),
      page('/register/code'),
      page('/register/status'),
      form('/register/code', ({ code }) => ({ code: wrongCode(code) })),
      form('/register/resend', () => ({})),
      page('/register/complete'),
      start('then, a recovery'),
      pass(3 * SECOND),
      status(),
    ],
  },
  {
    name: 'signing in',
    steps: [
      page('/sign-in'),
      ...repeat(24, 'a wrong password', signIn),
      form('/sign-in', (_, identifier) => ({ identifier, password: WRONG_PASSWORD })),
      pass(7 * MINUTE),
      form('/sign-in', (_, identifier) => ({ identifier, password: WRONG_PASSWORD })),
      signIn(),
      pass(60 * MINUTE),
      form('/sign-in', (_, identifier) => ({ identifier, password: '' })),
      signIn('a password too long to be one', '0'.repeat(1_100)),
    ],
  },
  {
    name: 'signing in with a password that was right once',
    steps: [
      {
        ...signIn('the password of the account', SCRATCH_PASSWORD),
        onlyFor: ['unknown', 'blocked', 'unconfirmed', 'passwordless', 'unknown-phone', 'shared-phone'],
      },
    ],
  },
  ...(['take', 'later', 'refuse', 'down'] as const).map(liveLine),
];

/** Twice, because the second message to an identifier without an account is another one than the first. */
function liveLine(mail: Mood | 'down'): Scenario {
  const name = {
    take: 'takes mail',
    later: 'answers 451 to recipients',
    refuse: 'answers 550 to recipients',
    down: 'is down',
  };
  const watch = [status(), pass(3 * SECOND), status(), pass(30 * SECOND), status()];
  return {
    name: `the live line while the mail server ${name[mail]}`,
    steps: [
      { name: `the mail server ${name[mail]}`, mail },
      start(),
      ...watch,
      start('start a second recovery'),
      ...watch,
      form('/recover'),
      pass(3 * SECOND),
      page('/recover/status'),
      pass(11 * MINUTE),
      status(),
      page('/recover/status'),
      form('/recover'),
      start('start a third recovery'),
      pass(10 * SECOND),
      status(),
      page('/recover/status'),
      { name: 'the mail server takes mail again', mail: 'take' },
      pass(MINUTE),
      status(),
      page('/recover/status'),
      pass(5 * MINUTE),
      status(),
      page('/recover/status'),
      start('start another recovery'),
      pass(3 * SECOND),
      status(),
      pass(11 * MINUTE),
      status(),
    ],
  };
}

function start(name = 'start a recovery'): Step {
  return { name, ask: (identifier) => ({ method: 'POST', path: '/api/v1/recovery', body: { identifier } }) };
}

function register(): Step {
  return {
    name: 'start a registration',
    ask: (identifier) => ({ method: 'POST', path: '/api/v1/registration', body: { identifier } }),
  };
}

function status(purpose = 'recovery'): Step {
  const ask = (_: string, { token }: Held): Ask => ({
    method: 'GET',
    path: `/api/v1/${purpose}`,
    headers: { authorization: `Bearer ${token}` },
  });
  return { name: `GET /api/v1/${purpose}`, ask };
}

function verify(typed?: string, name = 'a wrong code', purpose = 'recovery'): Step {
  const ask = (_: string, { token, code }: Held): Ask => ({
    method: 'POST',
    path: `/api/v1/${purpose}/verify`,
    body: { token, code: typed ?? wrongCode(code) },
  });
  return { name, ask };
}

function resend(name = 'send again', purpose = 'recovery'): Step {
  const ask = (_: string, { token }: Held): Ask => ({
    method: 'POST',
    path: `/api/v1/${purpose}/resend`,
    body: { token },
  });
  return { name, ask };
}

function setPassword(): Step {
  const ask = (_: string, { token }: Held): Ask => ({
    method: 'POST',
    path: '/api/v1/recovery/password',
    body: { token, password: WRONG_PASSWORD },
  });
  return { name: 'set a password without a right code', ask };
}

function signIn(name = 'a wrong password', password = WRONG_PASSWORD): Extract<Step, { ask: unknown }> {
  return { name, ask: (identifier) => ({ method: 'POST', path: '/api/v1/sessions', body: { identifier, password } }) };
}

function page(path: string): Step {
  return { name: `GET ${path}`, ask: (_, held) => ({ method: 'GET', path, headers: cookieHeader(held) }) };
}

function form(
  path: string,
  fields: (held: Held, identifier: string) => Record<string, string> = (_, identifier) => ({ identifier }),
  name = `POST ${path}`,
): Step {
  const ask = (identifier: string, held: Held): Ask => ({
    method: 'POST',
    path,
    body: new URLSearchParams(fields(held, identifier)),
    headers: cookieHeader(held),
  });
  return { name, ask };
}

function pass(ms: number): Step {
  return { name: `${ms / SECOND} seconds pass`, passMs: ms };
}

function repeat(times: number, name: string, make: (name: string) => Step): Step[] {
  return Array.from({ length: times }, (_, at) => make(`${name}, ${at + 1} of ${times}`));
}

/** Right by a chance of one in a million or less, and then for one kind only. */
function wrongCode({ format, length }: Held['code']): string {
  return (format === 'letters' ? 'B' : '0').repeat(length);
}

function cookieHeader({ cookies }: Held): Record<string, string> {
  const text = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  return text === '' ? {} : { cookie: text };
}
