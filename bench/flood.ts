/**
 * Fifty owners recover through the API while an attacker floods it, first from one client address, then from ten thousand.
 * `node bench/flood.ts 60` takes a minute for each; a few seconds are the default.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Flood, FloodReport } from './flooder.ts';
import { addressOf, type Program, startProgram } from './program.ts';
import { percentile, type Row, table } from './table.ts';
import { timedRequest } from './timed-request.ts';

const OWNERS = 50;
/** Recoveries before the flood: code that has never run is several times as slow. */
const WARM_UP = 20;
const DEFAULT_SECONDS = 10;
const CONNECTIONS = 64;
const TARGET_MS = 1_000;
/** Of the minute in which people want to be back. */
const MAIL_TARGET_MS = 30_000;
const PASSWORD = 'quiet meadow lantern 58';
/** The owners come within the first part of the flood, so that each has the time to finish in it. */
const ARRIVING_PART = 0.6;

export async function flood(seconds = DEFAULT_SECONDS): Promise<Row[]> {
  const rows: Row[] = [];
  for (const addresses of [1, 10_000]) rows.push(...(await floodFrom(addresses, seconds)));
  return rows;
}

async function floodFrom(addresses: number, seconds: number): Promise<Row[]> {
  const program = await startProgram({ accounts: OWNERS + WARM_UP, env: { REGAIN_TRUST_PROXY: '1' } });
  const flooder = fork(join(import.meta.dirname, 'flooder.ts'));
  const owners: Owner[] = [];
  try {
    for (let account = OWNERS; account < OWNERS + WARM_UP; account += 1) await recover(program, account);
    const told = once(flooder, 'message') as Promise<[FloodReport]>;
    const orders: Flood = { origin: program.origin, addresses, seconds, connections: CONNECTIONS };
    flooder.send(orders);
    const arriving = Array.from({ length: OWNERS }, async (_, account) => {
      await pause((account / OWNERS) * ARRIVING_PART * seconds * 1000);
      owners.push(await recover(program, account));
    });
    await Promise.all(arriving);
    const [{ answers }] = await told;
    process.stdout.write(`${answersOf(answers, seconds)}\n`);
  } finally {
    flooder.kill();
    await program.stop();
  }
  const finished = owners.filter(({ failed }) => failed === undefined).length;
  for (const { failed } of owners) if (failed !== undefined) process.stdout.write(`  an owner failed: ${failed}\n`);
  const from = addresses === 1 ? '1 address' : `${addresses} addresses`;
  const row = (what: string, values: number[], targetMs: number): Row => {
    const measuredMs = percentile(values, 0.99);
    // Who was kept out is no matter of milliseconds.
    const ratio = finished === OWNERS ? measuredMs / targetMs : Number.POSITIVE_INFINITY;
    return { what, measuredMs, referenceMs: targetMs, reference: 'target', ratio, atMost: 1 };
  };
  return [
    row(
      `flood from ${from}: ${finished} of ${OWNERS} owners signed in again; their requests, p99`,
      owners.flatMap(({ requestsMs }) => requestsMs),
      TARGET_MS,
    ),
    row(
      `flood from ${from}: waiting for the code, p99`,
      owners.map(({ mailMs }) => mailMs),
      MAIL_TARGET_MS,
    ),
  ];
}

interface Owner {
  requestsMs: number[];
  /** From the answer to the mail. */
  mailMs: number;
  /** The first answer that kept him out. */
  failed?: string;
}

async function recover(program: Program, account: number): Promise<Owner> {
  const identifier = addressOf(account);
  const from = `203.0.113.${account + 1}`;
  const requestsMs: number[] = [];
  let mailMs = Number.POSITIVE_INFINITY;
  const ask = async (path: string, json: object, expected: number): Promise<Record<string, string>> => {
    const answer = await timedRequest(program.origin, { method: 'POST', path: `/api/v1${path}`, json, from });
    requestsMs.push(answer.ms);
    if (answer.status !== expected) throw new Error(`POST ${path} answered ${answer.status}: ${answer.body}`);
    return JSON.parse(answer.body) as Record<string, string>;
  };
  try {
    const mail = program.nextMail(identifier);
    const { token = '' } = await ask('/recovery', { identifier }, 202);
    const askedAt = performance.now();
    const { code = '' } = await mail;
    mailMs = performance.now() - askedAt;
    await ask('/recovery/verify', { token, code }, 200);
    await ask('/recovery/password', { token, password: PASSWORD }, 200);
    await ask('/sessions', { identifier, password: PASSWORD }, 201);
    return { requestsMs, mailMs };
  } catch (error) {
    return { requestsMs, mailMs, failed: (error as Error).message };
  }
}

function answersOf(answers: Record<string, number>, seconds: number): string {
  const lines = Object.entries(answers).sort(([a], [b]) => a.localeCompare(b));
  return lines.map(([kind, count]) => `  ${kind}: ${Math.round(count / seconds)} a second`).join('\n');
}

if (import.meta.main) {
  const seconds = Number(process.argv[2] ?? DEFAULT_SECONDS);
  if (!(seconds >= 1 && seconds <= 600)) throw new Error('say for how many seconds, 1 to 600');
  process.stdout.write(table(await flood(seconds)));
}
