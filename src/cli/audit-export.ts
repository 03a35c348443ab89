/** `regain audit export`: sealed events as JSON lines on the standard output. */
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { exportAudit } from '../actions/export-audit.ts';
import { type AuditContext, refuseUsage, withAudit } from './audit.ts';
import { errorText } from './outside-error.ts';
import { readTime } from './read-time.ts';
import { count, shown } from './shown.ts';

interface Asked {
  since: number | undefined;
  until: number | undefined;
  after: number;
}

/** @returns 0, or 2 for a wrong call */
export async function runExport(args: string[], environment: Record<string, string | undefined>): Promise<number> {
  const asked = readOptions(args);
  if (typeof asked === 'string') return refuseUsage(asked);
  return withAudit(environment, (context) => write(context, asked));
}

async function write(context: AuditContext, asked: Asked): Promise<number> {
  const output = process.stdout;
  // Whoever reads no more (`| head`) has what he wanted.
  let closed = false;
  output.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    closed = true;
    output.emit('drain');
  });
  for await (const events of exportAudit(context, asked)) {
    const flowing = output.write(events.map((event) => `${JSON.stringify(event)}\n`).join(''));
    if (!flowing && !closed) await once(output, 'drain');
    if (closed) return 0;
  }
  const unsealed = await context.store.transaction((tx) => tx.auditChain.outside({ afterId: 0 }));
  if (unsealed.count > 0)
    process.stderr.write(
      `${count(unsealed.count)} ${unsealed.count === 1 ? 'event is' : 'events are'} not sealed yet and will be in a later export.\n`,
    );
  return 0;
}

/** What was asked for, or what is wrong with it. */
function readOptions(args: string[]): Asked | string {
  let values: { since?: string; until?: string; after?: string };
  try {
    const options = { since: { type: 'string' }, until: { type: 'string' }, after: { type: 'string' } } as const;
    values = parseArgs({ args, options, allowPositionals: false }).values;
  } catch (error) {
    return errorText(error);
  }
  const { since, until, after = '0' } = values;
  for (const [name, text] of Object.entries({ since, until }))
    if (text !== undefined && readTime(text) === undefined)
      return `--${name}: ${shown(text)} is not a time like 2026-03-01 or 2026-03-01T12:00:00Z`;
  if (!/^\d{1,15}$/.test(after))
    return `--after: ${shown(after)} is not a position; take that of the last event you have`;
  return {
    since: since === undefined ? undefined : readTime(since),
    until: until === undefined ? undefined : readTime(until),
    after: Number(after),
  };
}
