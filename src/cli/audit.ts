/** `regain audit verify` and `regain audit export`: what happened, and whether that is still what the database says. */
import type { Context } from '../actions/context.ts';
import { createKeys } from '../keys.ts';
import { systemClock } from '../system.ts';
import { asksForHelp, tellUsage } from './help.ts';
import { loadConfig } from './load-config.ts';
import { withDatabase } from './open-database.ts';

const USAGE = `Usage:
  regain audit verify [--expect HEAD]
  regain audit export [--since TIME] [--until TIME] [--after POSITION]

  --expect HEAD      a head that an earlier verify printed, or "position:digest" of an exported event
  --since, --until   ISO 8601 with a time zone, like 2026-03-01 or 2026-03-01T12:00:00Z; until is left out itself
  --after POSITION   only what was sealed after this position: the last one you have

Neither writes to the database. Exit codes: 0 fine, 1 not everything could be checked or read, 2 a wrong call,
3 the chain is broken. See docs/how-to/audit.md.
`;

export type AuditContext = Pick<Context, 'store' | 'keys' | 'clock'>;

export async function run(args: string[], environment: Record<string, string | undefined>): Promise<number> {
  const [name, ...rest] = args;
  if (asksForHelp(args) || asksForHelp(rest)) return tellUsage(USAGE);
  if (name === 'verify') return (await import('./audit-verify.ts')).runVerify(rest, environment);
  if (name === 'export') return (await import('./audit-export.ts')).runExport(rest, environment);
  return refuseUsage(name === undefined ? 'say verify or export' : `there is no '${name}' here`);
}

/** @returns the exit code of a command that was called wrongly */
export function refuseUsage(problem: string): 2 {
  process.stderr.write(`regain audit: ${problem}\n\n${USAGE}`);
  return 2;
}

/**
 * Runs `work` on the database of this installation: a look at the evidence must not change it.
 * @returns the exit code of `work`
 * @throws NoDatabase where there is none of this version
 */
export async function withAudit(
  environment: Record<string, string | undefined>,
  work: (context: AuditContext) => Promise<number>,
): Promise<number> {
  const config = await loadConfig(environment);
  const keys = createKeys(config.secrets);
  return withDatabase(config, (store) => work({ store, keys, clock: systemClock }));
}
