/** The steps that scenarios are made of: one request of one identifier, or time that passes for all. */
import type { Ask } from './client.ts';
import type { Kind } from './kinds.ts';
import type { Mood } from './mail-server.ts';

/** What earlier answers gave one identifier. */
export interface Held {
  token: string;
  code: { format: string; length: number };
  cookies: Map<string, string>;
  /** A channel that the last answer offered beside its own. */
  otherWay: string;
}

export type Step =
  /** `unseen`: what the owner does elsewhere, whose answer no stranger gets. */
  | { name: string; ask(identifier: string, held: Held): Ask; onlyFor?: readonly Kind[]; unseen?: true }
  /** Lets time pass for everybody. */
  | { name: string; passMs: number }
  /** What the mail server and the provider of texts do from now on. */
  | { name: string; mail: Mood | 'down' };

export interface Scenario {
  name: string;
  steps: readonly Step[];
}

export const SECOND = 1_000;
export const WRONG_PASSWORD = 'not the password of anybody here';

export function start(name = 'start a recovery'): Step {
  return { name, ask: (identifier) => ({ method: 'POST', path: '/api/v1/recovery', body: { identifier } }) };
}

export function register(): Step {
  return {
    name: 'start a registration',
    ask: (identifier) => ({ method: 'POST', path: '/api/v1/registration', body: { identifier } }),
  };
}

export function status(purpose = 'recovery'): Step {
  const ask = (_: string, { token }: Held): Ask => ({
    method: 'GET',
    path: `/api/v1/${purpose}`,
    headers: { authorization: `Bearer ${token}` },
  });
  return { name: `GET /api/v1/${purpose}`, ask };
}

export function verify(typed?: string, name = 'a wrong code', purpose = 'recovery'): Step {
  const ask = (_: string, { token, code }: Held): Ask => ({
    method: 'POST',
    path: `/api/v1/${purpose}/verify`,
    body: { token, code: typed ?? wrongCode(code) },
  });
  return { name, ask };
}

export function resend(name = 'send again', purpose = 'recovery'): Step {
  const ask = (_: string, { token }: Held): Ask => ({
    method: 'POST',
    path: `/api/v1/${purpose}/resend`,
    body: { token },
  });
  return { name, ask };
}

export function anotherWay(name = 'another way'): Step {
  const ask = (_: string, { token, otherWay }: Held): Ask => ({
    method: 'POST',
    path: '/api/v1/recovery/resend',
    body: { token, channel: otherWay },
  });
  return { name, ask };
}

export function setPassword(): Step {
  const ask = (_: string, { token }: Held): Ask => ({
    method: 'POST',
    path: '/api/v1/recovery/password',
    body: { token, password: WRONG_PASSWORD },
  });
  return { name: 'set a password without a right code', ask };
}

export function signIn(name = 'a wrong password', password = WRONG_PASSWORD): Extract<Step, { ask: unknown }> {
  return { name, ask: (identifier) => ({ method: 'POST', path: '/api/v1/sessions', body: { identifier, password } }) };
}

export function page(path: string): Step {
  return { name: `GET ${path}`, ask: (_, held) => ({ method: 'GET', path, headers: cookieHeader(held) }) };
}

export function form(
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

export function pass(ms: number): Step {
  return { name: `${ms / SECOND} seconds pass`, passMs: ms };
}

export function repeat(times: number, name: string, make: (name: string) => Step): Step[] {
  return Array.from({ length: times }, (_, at) => make(`${name}, ${at + 1} of ${times}`));
}

/** Right by a chance of one in a million or less, and then for one kind only. */
export function wrongCode({ format, length }: Held['code']): string {
  return (format === 'letters' ? 'B' : '0').repeat(length);
}

function cookieHeader({ cookies }: Held): Record<string, string> {
  const text = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  return text === '' ? {} : { cookie: text };
}
