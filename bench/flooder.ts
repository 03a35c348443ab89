/**
 * An attacker, as a process of its own: mixes what a stranger may ask, from as many client addresses as it is told, on a
 * bounded number of connections, until the time is over. Tells its parent how often each answer came.
 */
import { type Call, timedRequest } from './timed-request.ts';

/** Accounts that the attacker knows, of people who are not recovering just then. */
export const BYSTANDERS = 997;

export function bystander(index: number): string {
  return `bystander${index}@mail.example`;
}

export interface Flood {
  origin: string;
  addresses: number;
  seconds: number;
  /** Requests at once. */
  connections: number;
}
export interface FloodReport {
  /** "POST /api/v1/sessions 503" and how often. */
  answers: Record<string, number>;
}

process.once('message', async (flood: Flood) => {
  const answers: Record<string, number> = {};
  const endsAt = performance.now() + flood.seconds * 1000;
  let sent = 0;
  const connection = async (): Promise<void> => {
    let token = 'none';
    while (performance.now() < endsAt) {
      sent += 1;
      const call = attack(sent, token, addressOf(sent % flood.addresses));
      const { status, body } = await timedRequest(flood.origin, call);
      if (status === 202) token = (JSON.parse(body) as { token: string }).token;
      const kind = `${call.method} ${call.path} ${status}`;
      answers[kind] = (answers[kind] ?? 0) + 1;
    }
  };
  await Promise.all(Array.from({ length: flood.connections }, connection));
  process.send?.({ answers } satisfies FloodReport);
  process.disconnect?.();
});

/** Identifiers are the attacker's own inventions and, every other time, accounts of people who are not recovering now. */
function attack(turn: number, token: string, from: string): Call {
  const known = turn % 8 < 4;
  const identifier = known ? bystander(turn % BYSTANDERS) : `nobody${turn}@mail.example`;
  const call = (path: string, json: object): Call => ({ method: 'POST', path: `/api/v1${path}`, json, from });
  switch (turn % 4) {
    case 0:
      return call('/recovery', { identifier });
    case 1:
      return call('/recovery/verify', { token, code: String(turn % 1_000_000).padStart(6, '0') });
    case 2:
      return call('/sessions', { identifier, password: 'a guess like any other' });
    default:
      return call('/registration', { identifier });
  }
}

/** Of 198.18.0.0/15, which RFC 2544 keeps for benchmarks. */
function addressOf(index: number): string {
  return `198.18.${index >> 8}.${index & 255}`;
}
