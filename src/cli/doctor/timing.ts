/**
 * `regain doctor timing`: measures whether anybody can tell by the time of the answers what stands behind an identifier.
 * It runs the whole program as a scratch installation, or asks a running one, and compares times by their ranks.
 */
import { parseArgs } from 'node:util';
import { systemRandom } from '../../system.ts';
import { asksForHelp, tellUsage } from '../help.ts';
import { count } from '../shown.ts';
import { CALL_OPTIONS, type Installation, namedBy, readInstallation, runCall, wholeNumber } from './call.ts';
import { openClient } from './client.ts';
import { isKind, KINDS, type Kind, makeSubjects, REFERENCE_OF, type Subject } from './kinds.ts';
import { type RunningInstallation, requireOperator } from './operator.ts';
import { startScratch } from './scratch.ts';
import { type Measured, measure } from './timing-measure.ts';
import { timingReport } from './timing-report.ts';
import { TIMED_REQUESTS, type TimedRequest } from './timing-requests.ts';

const USAGE = `Usage:
  regain doctor timing [--count 2000] [--kinds known,unconfirmed,blocked] [--only WORD]
                       [--mail-delay-ms 0] [--postgres URL] [--seed N]
      measures a scratch installation on this machine, with a mail server of its own; no message leaves it
  regain doctor timing --url URL --identifiers FILE --yes-send-messages [--only WORD] [--pace-ms 250] [--seed N]
      measures your running installation with identifiers of yours, one kind=identifier a line, or
      --identifier known=you@shop.example --identifier unknown=nobody@shop.example ...; real messages go to them

See docs/how-to/check-an-installation.md.
`;
const DEFAULT_COUNT = 2_000;
const COUNT_BOUNDS = { least: 10, most: 20_000 };
const DEFAULT_KINDS = 'known,unconfirmed,blocked';
/** A start, and per request some ten times what the slowest one takes: then something hangs. */
const START_TIMEOUT_MS = 240_000;
const REQUEST_TIMEOUT_MS = 150;
/** Requests with which the program's own code gets compiled before anything counts. */
const WARM_UP_EACH = 100;

interface Call extends Installation {
  count: number;
  kinds: Kind[];
  requests: TimedRequest[];
  seed: number;
}

/** @returns 0, or 1 where something differs or could not be measured, or 2 for a wrong call */
export async function runTiming(args: string[], environment: Record<string, string | undefined>): Promise<number> {
  if (asksForHelp(args)) return tellUsage(USAGE);
  return runCall(
    'timing',
    USAGE,
    () => parseCall(args),
    longest,
    async (call, signal) => {
      const measured = await (call.running ? measureRunning : measureScratch)(call, environment, signal);
      const title = call.running?.origin ?? scratchTitle(call);
      const { text, alike } = timingReport(measured, { title, seed: call.seed });
      process.stdout.write(text);
      return alike ? 0 : 1;
    },
  );
}

function parseCall(args: string[]): Call {
  const options = {
    ...CALL_OPTIONS,
    count: { type: 'string' },
    kinds: { type: 'string' },
    seed: { type: 'string' },
  } as const;
  const { values } = parseArgs({ args, options, strict: true, allowPositionals: false });
  const { least, most } = COUNT_BOUNDS;
  return {
    ...readInstallation(values, ['count', 'kinds']),
    count: wholeNumber(values.count, 'count', least, most) ?? DEFAULT_COUNT,
    kinds: readKinds(values.kinds ?? DEFAULT_KINDS),
    requests: requestsNamed(values.only),
    seed: wholeNumber(values.seed, 'seed', 1, 2 ** 31) ?? 1 + systemRandom.below(2 ** 31),
  };
}

/** The kinds asked for, with those that they are compared with. */
function readKinds(text: string): Kind[] {
  const named = text.split(',').map((name) => name.trim());
  const wrong = named.find((name) => !isKind(name));
  if (wrong !== undefined) throw new Error(`--kinds: '${wrong}' is none of ${KINDS.join(', ')}`);
  return [...new Set(named.flatMap((kind) => [kind as Kind, REFERENCE_OF[kind as Kind]]))];
}

/** Requests that give others their token are asked even where they are not named. */
function requestsNamed(words: string[] | undefined): TimedRequest[] {
  const named = namedBy(words, TIMED_REQUESTS, 'request');
  return TIMED_REQUESTS.filter(
    (request) => named.includes(request) || (request.keep && named.some(({ needs }) => needs)),
  );
}

function longest({ running, count: each, kinds, requests }: Call): number {
  const subjects = running ? running.subjects.length : each * kinds.length;
  const perRequestMs = REQUEST_TIMEOUT_MS + (running?.paceMs ?? 0);
  const asked = requests.reduce((sum, { behindMs = 0 }) => sum + 1 + behindMs / 10, 0);
  return START_TIMEOUT_MS + subjects * asked * perRequestMs;
}

async function measureScratch(
  call: Call,
  environment: Record<string, string | undefined>,
  signal: AbortSignal,
): Promise<Measured[]> {
  const make = (each: number): Subject[] => call.kinds.flatMap((kind) => makeSubjects(kind, each));
  const [subjects, warmUp] = [make(call.count), make(Math.min(call.count, WARM_UP_EACH))];
  process.stderr.write(`starting a scratch installation, ${count(call.count)} identifiers of each kind ...\n`);
  const scratch = await startScratch({ ...call, subjects: [...subjects, ...warmUp], environment, signal });
  const client = openClient(scratch.origin, { signal });
  try {
    return await measure({ ...call, client, subjects, warmUp, signal, progress });
  } finally {
    client.close();
    await scratch.stop();
  }
}

async function measureRunning(
  call: Call,
  environment: Record<string, string | undefined>,
  signal: AbortSignal,
): Promise<Measured[]> {
  const { origin, subjects, paceMs } = call.running as RunningInstallation;
  const client = openClient(origin, { signal, paceMs });
  try {
    await requireOperator(client, environment);
    return await measure({ ...call, client, subjects, warmUp: [], signal, progress });
  } finally {
    client.close();
  }
}

function scratchTitle({ mailDelayMs, postgresUrl }: Call): string {
  const engine = postgresUrl === undefined ? 'SQLite' : 'PostgreSQL';
  return `A scratch installation on this machine, ${engine}, a mail server that takes ${mailDelayMs} ms`;
}

function progress(done: number, of: number): void {
  const line = `measured ${count(done)} of ${count(of)} requests`;
  process.stderr.write(process.stderr.isTTY ? `\r\x1b[K${line}${done === of ? '\n' : ''}` : `${line}\n`);
}
