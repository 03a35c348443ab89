/**
 * A running installation as the doctor's object: whose it is, which identifiers, how fast. Whoever has no business there
 * gains nothing: the installation must prove that it holds the root secret of the settings at hand, requests are paced and
 * few, and every limit applies to them as to anybody.
 */
import { readFileSync } from 'node:fs';
import { createKeys } from '../../keys.ts';
import { isLoopbackHost } from '../../rules/loopback.ts';
import { systemRandom } from '../../system.ts';
import { loadConfig } from '../load-config.ts';
import { shown } from '../shown.ts';
import type { DoctorClient } from './client.ts';
import { isKind, KINDS, REFERENCE_OF, type Subject } from './kinds.ts';

export interface RunningValues {
  url?: string | undefined;
  identifier?: string[] | undefined;
  identifiers?: string | undefined;
  'pace-ms'?: string | undefined;
  'yes-send-messages'?: boolean | undefined;
}

export interface RunningInstallation {
  origin: string;
  subjects: Subject[];
  paceMs: number;
}

/** Four requests a second are a busy person; a server on the same machine needs no such care. */
const PACE_MS = { default: 250, least: 100, loopbackDefault: 0 } as const;

/**
 * @returns undefined where no `--url` was given
 * @throws Error that says what to give
 */
export function readRunning(values: RunningValues): RunningInstallation | undefined {
  const { url, identifier = [], identifiers: file } = values;
  if (url === undefined) {
    if (identifier.length > 0 || file !== undefined || values['pace-ms'] !== undefined)
      throw new Error('--identifier, --identifiers and --pace-ms belong to --url; without it, a scratch one is made');
    return undefined;
  }
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) throw new Error('--url must be a URL');
  const { origin, hostname, protocol } = new URL(url);
  const local = isLoopbackHost(hostname);
  if (protocol === 'http:' && !local) throw new Error('--url must be https, or http on this machine');
  const lines = file === undefined ? [] : readFileSync(file, 'utf8').split(/\r?\n/);
  const subjects = [...identifier, ...lines.map((line) => line.trim()).filter((line) => line !== '')].map(readSubject);
  if (new Set(subjects.map((subject) => subject.identifier)).size < subjects.length)
    throw new Error('an identifier is named twice');
  requireReferences(subjects);
  if (!values['yes-send-messages'])
    throw new Error(
      'this sends real messages to these identifiers, several each; say --yes-send-messages if you mean it',
    );
  return { origin, subjects, paceMs: readPace(values['pace-ms'], local) };
}

/** @throws Error where the installation does not hold the root secret and the origin of our own settings */
export async function requireOperator(
  client: DoctorClient,
  environment: Record<string, string | undefined>,
): Promise<void> {
  const { secrets, origin } = await loadConfig(environment);
  const challenge = systemRandom.bytes(24).toString('base64url');
  const answer = await client.ask({ method: 'GET', path: `/.well-known/regain/${challenge}` });
  if (answer.status !== 200 || createKeys(secrets).open('operator', answer.body) !== `${origin} ${challenge}`)
    throw new Error(
      'it does not prove to be yours. Run this with the settings of the installation (REGAIN_SECRET, REGAIN_ORIGIN), ' +
        'and see that what answers there is Regain of this version',
    );
}

/** `kind=identifier` */
function readSubject(text: string): Subject {
  const at = text.indexOf('=');
  const kind = text.slice(0, Math.max(0, at)).trim();
  const identifier = text.slice(at + 1).trim();
  if (!isKind(kind) || identifier === '')
    throw new Error(`${shown(text)} is not of the form kind=identifier, where kind is one of ${KINDS.join(', ')}`);
  return { kind, identifier };
}

function requireReferences(subjects: readonly Subject[]): void {
  const kinds = new Set(subjects.map(({ kind }) => kind));
  for (const kind of kinds)
    if (!kinds.has(REFERENCE_OF[kind]))
      throw new Error(`to compare ${kind} with, name identifiers that nobody has: ${REFERENCE_OF[kind]}=...`);
  if (![...kinds].some((kind) => REFERENCE_OF[kind] !== kind))
    throw new Error('name identifiers that exist, too: --identifier known=you@shop.example, or a file of such lines');
}

function readPace(text: string | undefined, local: boolean): number {
  if (text === undefined) return local ? PACE_MS.loopbackDefault : PACE_MS.default;
  const least = local ? 0 : PACE_MS.least;
  const pace = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (!(pace >= least)) throw new Error(`--pace-ms must be a whole number of milliseconds, ${least} or more`);
  return pace;
}
