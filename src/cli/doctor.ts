/**
 * `regain doctor`: what is fine, and how to mend what is not. It makes no database, and prints of the settings only what is
 * no secret: hosts, users and codes, never a URL.
 */
import { fileURLToPath } from 'node:url';
import { type Config, ConfigError } from '../config.ts';
import { createPasswordKnowledge } from '../passwords/knowledge.ts';
import { readLeakedPasswords } from '../passwords/leaked.ts';
import { AUDIT_KEPT_MS, PROOF_KEPT_MS } from '../rules/limits.ts';
import { isLoopbackHost } from '../rules/loopback.ts';
import { type Finding, findingLine, summaryLine } from './doctor/finding.ts';
import { checkMailServer } from './doctor/mail.ts';
import { checkPostgres } from './doctor/postgres.ts';
import { checkProviders } from './doctor/providers.ts';
import { checkSender } from './doctor/sender.ts';
import { checkSqlite } from './doctor/sqlite.ts';
import { asksForHelp, refuseArgument, tellUsage } from './help.ts';
import { loadConfig } from './load-config.ts';
import { errorText } from './outside-error.ts';
import { count } from './shown.ts';

const USAGE = `Usage:
  regain doctor             check settings, database, mail server, providers, clock and password list
  regain doctor timing      measure whether the times of answers tell known from unknown identifiers
  regain doctor enumerate   compare everything that the answers say
  regain doctor spend       today's spend on messages, and what was held back

See docs/how-to/check-an-installation.md and docs/how-to/spend.md.
`;
/** Where `import.meta.main` works, types are stripped and node:sqlite needs no flag. */
const OLDEST_NODE = [24, 7] as const;
const DAY_MS = 86_400_000;
const SECRET_DISTINCT_CHARACTERS = 16;
const COMMON_WORDS = ['secret', 'password', 'passwort', 'changeme', 'change-me', 'change_me', 'regain', 'example'];
const MORE_COMMON_WORDS = ['default', 'qwerty', 'letmein', 'admin', '123456', 'test'];
/** The same two steps up from src/cli and from dist/cli. */
const BUNDLED_LIST = fileURLToPath(new URL('../../data/leaked-passwords.bin', import.meta.url));

const CHECKS: [name: string, check: (config: Config) => Promise<Finding[]>][] = [
  ['Database', checkDatabase],
  ['Mail server', checkMailServer],
  ['Sender', checkSender],
  ['Providers', checkProviders],
  ['Passwords', checkPasswords],
];

/** @returns 0, or 1 where a check fails, or 2 for a wrong call */
export async function run(args: string[], environment: Record<string, string | undefined>): Promise<number> {
  if (args[0] === 'timing') return (await import('./doctor/timing.ts')).runTiming(args.slice(1), environment);
  if (args[0] === 'enumerate') return (await import('./doctor/enumerate.ts')).runEnumerate(args.slice(1), environment);
  if (args[0] === 'spend') return (await import('./doctor/spend.ts')).runSpend(args.slice(1), environment);
  if (asksForHelp(args)) return tellUsage(USAGE);
  if (args[0] !== undefined) return refuseArgument('doctor', args[0], USAGE);
  const findings: Finding[] = [];
  const { config, found } = await readSettings(environment);
  const report = (more: Finding[]): void => {
    findings.push(...more);
    for (const finding of more) process.stdout.write(findingLine(finding));
  };
  report([checkNode(process.versions.node)]);
  report(found);
  if (config) {
    report([...checkNetwork(config), ...checkSecrets(config), checkOrigin(config), checkProxies(config)]);
    for (const [name, check] of CHECKS) report(await check(config).catch((error: unknown) => [troubleOf(name, error)]));
  }
  process.stdout.write(`\n${summaryLine(findings)}`);
  return findings.some(({ level }) => level === 'FAIL') ? 1 : 0;
}

/** A check that could not be made fails, so that nothing unknown counts as fine. */
function troubleOf(name: string, error: unknown): Finding {
  return {
    level: 'FAIL',
    name,
    text: `could not be checked: ${errorText(error)}`,
    mend: 'look at the setting behind it',
  };
}

async function readSettings(
  environment: Record<string, string | undefined>,
): Promise<{ config: Config | undefined; found: Finding[] }> {
  const name = 'Settings';
  try {
    const config = await loadConfig(environment);
    return { config, found: [{ level: 'ok', name, text: `${config.mode}, every setting is valid` }] };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const found = error.lines.map((text): Finding => ({ level: 'FAIL', name, text }));
    return {
      config: undefined,
      found: [...found, { level: 'skip', name: 'The rest', text: 'mend the settings first' }],
    };
  }
}

function checkDatabase(config: Config): Promise<Finding[]> {
  const { database } = config;
  return database.engine === 'sqlite' ? checkSqlite(config, database.file) : checkPostgres(config, database.url);
}

function checkNode(version: string): Finding {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const recent = major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1]);
  const name = 'Node';
  if (recent) return { level: 'ok', name, text: version };
  const mend = `install Node ${OLDEST_NODE.join('.')} or newer`;
  return { level: 'FAIL', name, text: `${version} is too old`, mend };
}

/** Wanted or not: nobody who looks after a shop should read of this program that everything is fine. */
function checkNetwork({ mode, host, port, devOnNetwork }: Config): Finding[] {
  if (mode === 'production' || isLoopbackHost(host)) return [];
  const text = devOnNetwork
    ? `the development program listens on ${host}:${port}: whoever reaches it reads everybody's codes at /dev/inbox`
    : `the development program listens on ${host}:${port}, and is no shop for others`;
  const mend = 'set NODE_ENV=production, or HOST=127.0.0.1 to try it on this machine';
  return [{ level: 'FAIL', name: 'Network', text, mend }];
}

function checkSecrets({ secrets, mode }: Config): Finding[] {
  const name = 'Secret';
  const [codes, audit] = [Math.ceil(PROOF_KEPT_MS / DAY_MS), AUDIT_KEPT_MS / DAY_MS];
  const whenToDrop = `drop this one after ${codes} days, or after ${audit} to have 'regain audit verify' check everything`;
  const weak = secrets.flatMap((secret, at): Finding[] => {
    const why = weaknessOf(secret);
    const which = secrets.length > 1 ? `number ${at + 1} of ${secrets.length} ` : '';
    const mend = `put a new one in front of REGAIN_SECRET ("$(openssl rand -base64 32)"); ${whenToDrop}`;
    return why === undefined ? [] : [{ level: 'warn', name, text: `${which}${why}`, mend }];
  });
  const where =
    mode === 'development' ? '; development keeps its own in .regain/secret unless REGAIN_SECRET is set' : '';
  const several = secrets.length === 1 ? 'strong enough' : `${secrets.length} in the list, all strong enough`;
  return weak.length > 0 ? weak : [{ level: 'ok', name, text: `${several}${where}` }];
}

/** Guessing a secret is guessing every code. Says nothing that would help to guess it. */
function weaknessOf(secret: string): string | undefined {
  const lower = secret.toLowerCase();
  if ([...COMMON_WORDS, ...MORE_COMMON_WORDS].some((word) => lower.includes(word))) return 'has a common word in it';
  const distinct = new Set(secret).size;
  // 64 random hexadecimal digits lack one of the sixteen in a quarter of all cases; below 12, one in ten million.
  const enough = /^[0-9a-f]{64,}$/i.test(secret) ? 12 : SECRET_DISTINCT_CHARACTERS;
  return distinct < enough ? `has only ${distinct} different characters` : undefined;
}

function checkOrigin({ origin, mode }: Config): Finding {
  const name = 'Origin';
  const { protocol, hostname } = new URL(origin);
  if (mode === 'development' && !isLoopbackHost(hostname)) {
    const text = `${origin} leads to the development program, which is no shop for others`;
    return { level: 'warn', name, text, mend: 'set NODE_ENV=production, or take the tunnel down after trying' };
  }
  if (protocol === 'https:') return { level: 'ok', name, text: origin };
  if (mode === 'development') return { level: 'ok', name, text: `${origin}, this machine only` };
  const text = `${origin} is not https: passwords and codes travel in the open`;
  return { level: 'warn', name, text, mend: 'put TLS in front and set REGAIN_ORIGIN=https://...' };
}

function checkProxies({ trustedProxies, mode }: Config): Finding {
  const name = 'Proxies';
  if ('networks' in trustedProxies) return { level: 'ok', name, text: `trusted: ${trustedProxies.text}` };
  const { hops } = trustedProxies;
  if (hops > 0) return { level: 'ok', name, text: `${hops} trusted` };
  const text = 'none is trusted';
  if (mode === 'development') return { level: 'ok', name, text };
  return {
    level: 'warn',
    name,
    text: `${text}: if one stands in front, all visitors share its address, and the limits of one lock out all`,
    mend: 'set REGAIN_TRUST_PROXY to the number of proxies; without any, ignore this',
  };
}

async function checkPasswords({ leakedPasswordsFile }: Config): Promise<Finding[]> {
  const name = 'Passwords';
  try {
    const { keyCount } = readLeakedPasswords(leakedPasswordsFile ?? BUNDLED_LIST);
    await createPasswordKnowledge({ leakedFile: leakedPasswordsFile }).warm();
    const which = leakedPasswordsFile ?? 'the bundled list';
    return [
      { level: 'ok', name, text: `${count(keyCount)} leaked passwords known (${which}), strength estimator loads` },
    ];
  } catch (error) {
    const mend = leakedPasswordsFile
      ? 'correct REGAIN_LEAKED_PASSWORDS; see docs/how-to/bigger-leaked-list.md'
      : 'install the package again';
    return [{ level: 'FAIL', name, text: errorText(error), mend }];
  }
}
