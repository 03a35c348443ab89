/**
 * Owners recover through the API while an attacker floods it, first from one client address, then from ten thousand, with
 * the settings that an installation has by default. Fifty are strangers to it and do no work; the others have signed in on
 * their device before, or do a proof of work.
 *
 * `node bench/flood.ts 60` takes a minute and a little for each; a few seconds are the default. `--postgres` runs it on
 * PostgreSQL, `--mail-delay-ms 300` with a mail server that takes so long.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { solveChallenge } from 'altcha-lib';
import { deriveKey } from 'altcha-lib/algorithms/pbkdf2';
import { BUSY_HOUR_SENDS, WAITED_MS } from '../src/rules/limits.ts';
import { BYSTANDERS, bystander, type Flood, type FloodReport } from './flooder.ts';
import { addressOf, PASSWORD, type Program, type ProgramOptions, startProgram } from './program.ts';
import { percentile, type Row, table } from './table.ts';
import { timedRequest } from './timed-request.ts';

/** Who recovers, how many of them, and within what time the code has to come. */
const OWNERS = {
  stranger: { count: 50, mailTargetMs: WAITED_MS + 5_000 },
  device: { count: 10, mailTargetMs: 5_000 },
  worker: { count: 10, mailTargetMs: 5_000 },
} as const;
type OwnerKind = keyof typeof OWNERS;
const KINDS = Object.keys(OWNERS) as OwnerKind[];
const OWNERS_IN_ALL = KINDS.reduce((sum, kind) => sum + OWNERS[kind].count, 0);
/** Recoveries before the flood: code that has never run is several times as slow. */
const WARM_UP = 20;
const DEFAULT_SECONDS = 10;
const CONNECTIONS = 64;
const TARGET_MS = 1_000;
const NEW_PASSWORD = 'quiet meadow lantern 58';
/** The owners come within the first part of the flood, so that each meets it at its height. */
const ARRIVING_PART = 0.6;
/** Twice what a code lives. */
const LONGEST_WAIT_MS = 20 * 60_000;

type Options = Pick<ProgramOptions, 'engine' | 'mailDelayMs'> & { seconds: number };

export async function flood(options: Options = { seconds: DEFAULT_SECONDS }): Promise<Row[]> {
  const rows: Row[] = [];
  for (const addresses of [1, 10_000]) rows.push(...(await floodFrom(addresses, options)));
  return rows;
}

async function floodFrom(addresses: number, { seconds, ...options }: Options): Promise<Row[]> {
  const program = await startProgram({
    ...options,
    accounts: OWNERS_IN_ALL + WARM_UP,
    others: Array.from({ length: BYSTANDERS }, (_, index) => bystander(index)),
    env: { REGAIN_TRUST_PROXY: '1', REGAIN_BUSY_HOUR_SENDS: String(BUSY_HOUR_SENDS) },
  });
  const flooder = fork(join(import.meta.dirname, 'flooder.ts'));
  const owners: Owner[] = [];
  try {
    for (let account = OWNERS_IN_ALL; account < OWNERS_IN_ALL + WARM_UP; account += 1)
      await recover(program, account, 'stranger');
    const kinds = KINDS.flatMap((kind) => Array.from({ length: OWNERS[kind].count }, () => kind));
    const devices = new Map<number, string>();
    for (const [account, kind] of kinds.entries())
      if (kind === 'device') devices.set(account, await deviceOf(program, account));
    const told = once(flooder, 'message') as Promise<[FloodReport]>;
    const orders: Flood = { origin: program.origin, addresses, seconds, connections: CONNECTIONS };
    flooder.send(orders);
    const arriving = kinds.map(async (kind, account) => {
      await pause((rankAmong(kinds, account) / OWNERS[kind].count) * ARRIVING_PART * seconds * 1000);
      owners.push(await recover(program, account, kind, devices.get(account)));
    });
    await Promise.all(arriving);
    const [{ answers }] = await told;
    process.stdout.write(`${answersOf(answers, seconds)}\n`);
  } finally {
    flooder.kill();
    await program.stop();
  }
  for (const { failed } of owners) if (failed !== undefined) process.stdout.write(`  an owner failed: ${failed}\n`);
  const from = addresses === 1 ? '1 address' : `${addresses} addresses`;
  return KINDS.flatMap((kind) =>
    rowsOf(
      from,
      kind,
      owners.filter((owner) => owner.kind === kind),
    ),
  );
}

const CALLED: Record<OwnerKind, string> = {
  stranger: 'strangers',
  device: 'known devices',
  worker: 'strangers who work',
};

function rowsOf(from: string, kind: OwnerKind, owners: readonly Owner[]): Row[] {
  const { count, mailTargetMs } = OWNERS[kind];
  const finished = owners.filter(({ failed }) => failed === undefined).length;
  const row = (what: string, values: number[], targetMs: number): Row => {
    const measuredMs = percentile(values, 0.99);
    // Who was kept out is no matter of milliseconds.
    const ratio = finished === count ? measuredMs / targetMs : Number.POSITIVE_INFINITY;
    const title = `flood from ${from}, ${CALLED[kind]}: ${what}`;
    return { what: title, measuredMs, referenceMs: targetMs, reference: 'target', ratio, atMost: 1 };
  };
  return [
    row(
      `${finished} of ${count} signed in again; requests, p99`,
      owners.flatMap(({ requestsMs }) => requestsMs),
      TARGET_MS,
    ),
    row(
      'waiting for the code, p99',
      owners.map(({ mailMs }) => mailMs),
      mailTargetMs,
    ),
  ];
}

interface Owner {
  kind: OwnerKind;
  requestsMs: number[];
  /** From the answer to the mail. */
  mailMs: number;
  /** The first answer that kept him out. */
  failed?: string;
}

async function recover(program: Program, account: number, kind: OwnerKind, device?: string): Promise<Owner> {
  const identifier = addressOf(account);
  const requestsMs: number[] = [];
  let mailMs = Number.POSITIVE_INFINITY;
  const ask = async (path: string, json: object, expected: number): Promise<Record<string, string>> => {
    const answer = await timedRequest(program.origin, {
      method: 'POST',
      path: `/api/v1${path}`,
      json,
      from: sourceOf(account),
    });
    requestsMs.push(answer.ms);
    if (answer.status !== expected) throw new Error(`POST ${path} answered ${answer.status}: ${answer.body}`);
    return JSON.parse(answer.body) as Record<string, string>;
  };
  try {
    const work = kind === 'worker' ? { work: await solved(await ask('/work', { identifier }, 200)) } : {};
    const mail = program.nextMail(identifier);
    const { token = '' } = await ask(
      '/recovery',
      { identifier, ...work, ...(device === undefined ? {} : { device }) },
      202,
    );
    const askedAt = performance.now();
    const { code = '' } = await within(LONGEST_WAIT_MS, mail);
    mailMs = performance.now() - askedAt;
    await ask('/recovery/verify', { token, code }, 200);
    await ask('/recovery/password', { token, password: NEW_PASSWORD }, 200);
    await ask('/sessions', { identifier, password: NEW_PASSWORD }, 201);
    return { kind, requestsMs, mailMs };
  } catch (error) {
    return { kind, requestsMs, mailMs, failed: (error as Error).message };
  }
}

/** What signing in gives a device. */
async function deviceOf(program: Program, account: number): Promise<string> {
  const json = { identifier: addressOf(account), password: PASSWORD };
  const call = { method: 'POST', path: '/api/v1/sessions', json, from: sourceOf(account) } as const;
  const { status, body } = await timedRequest(program.origin, call);
  if (status !== 201) throw new Error(`signing in answered ${status}: ${body}`);
  return (JSON.parse(body) as { device: string }).device;
}

async function solved(challenge: object): Promise<string> {
  type Challenge = Parameters<typeof solveChallenge>[0]['challenge'];
  const solution = await solveChallenge({ challenge: challenge as Challenge, deriveKey });
  return Buffer.from(JSON.stringify({ challenge, solution })).toString('base64');
}

/** An owner whose code expired waits for nothing: the benchmark ends all the same. */
async function within<T>(ms: number, promise: Promise<T>): Promise<T> {
  const late = new AbortController();
  const timeOut = pause(ms, undefined, { signal: late.signal }).then(() => {
    throw new Error(`no mail came within ${ms / 60_000} minutes`);
  });
  try {
    return await Promise.race([promise, timeOut]);
  } finally {
    late.abort();
    timeOut.catch(() => {});
  }
}

/** How many of the same kind come before. */
function rankAmong(kinds: readonly OwnerKind[], account: number): number {
  return kinds.slice(0, account).filter((kind) => kind === kinds[account]).length;
}

function sourceOf(account: number): string {
  return `203.0.113.${account + 1}`;
}

function answersOf(answers: Record<string, number>, seconds: number): string {
  const lines = Object.entries(answers).sort(([a], [b]) => a.localeCompare(b));
  return lines.map(([kind, count]) => `  ${kind}: ${Math.round(count / seconds)} a second`).join('\n');
}

if (import.meta.main) {
  const options = { postgres: { type: 'boolean' }, 'mail-delay-ms': { type: 'string' } } as const;
  const { values, positionals } = parseArgs({ options, allowPositionals: true });
  const seconds = Number(positionals[0] ?? DEFAULT_SECONDS);
  if (!(seconds >= 1 && seconds <= 600)) throw new Error('say for how many seconds, 1 to 600');
  const mailDelayMs = Number(values['mail-delay-ms'] ?? 0);
  process.stdout.write(
    table(await flood({ seconds, mailDelayMs, engine: values.postgres === true ? 'postgres' : 'sqlite' })),
  );
}
