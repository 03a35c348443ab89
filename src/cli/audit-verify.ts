/** `regain audit verify`: whether the audit events are the ones that were sealed, and if not, which is the first. */
import { parseArgs } from 'node:util';
import { type AuditReport, type Expected, verifyAudit } from '../actions/verify-audit.ts';
import { type ChainPoint, formatPoint, readPoint } from '../rules/audit-chain.ts';
import type { Finding } from '../rules/audit-verdict.ts';
import { AUDIT_KEPT_MS } from '../rules/limits.ts';
import { refuseUsage, withAudit } from './audit.ts';
import { errorText } from './outside-error.ts';
import { count, shown } from './shown.ts';

/** A worker seals twice a minute; with less than this there is nothing to say about it. */
const UNSEALED_WARNED_MS = 10 * 60_000;
const DAY_MS = 86_400_000;

/** @returns 0, or 1 where a part could not be checked, 2 for a wrong call, 3 where the chain is broken */
export async function runVerify(args: string[], environment: Record<string, string | undefined>): Promise<number> {
  let expect: string | undefined;
  try {
    expect = parseArgs({ args, options: { expect: { type: 'string' } }, allowPositionals: false }).values.expect;
  } catch (error) {
    return refuseUsage(errorText(error));
  }
  const expected = expect === undefined ? undefined : readPoint(expect);
  if (expect !== undefined && !expected)
    return refuseUsage(`${shown(expect)} is not a head; one looks like 4711:9f3c... with 64 digits and letters`);
  return withAudit(environment, async (context) => {
    const report = await verifyAudit(context, expected);
    const lines = report.findingCount > 0 ? broken(report) : intact(report);
    const now = context.clock.now();
    const about = [...lines, ...aroundIt(report, now), ...(expected ? besideIt(report.expected, expected) : [])];
    process.stdout.write(about.map((line) => `${line}\n`).join(''));
    return exitCode(report);
  });
}

function exitCode({ findingCount, expected, unchecked }: AuditReport): number {
  if (findingCount > 0 || expected === 'cut-off' || expected === 'rewritten') return 3;
  return unchecked || expected === 'purged' ? 1 : 0;
}

function intact(report: AuditReport): string[] {
  const { events, batches, firstAt, lastAt, head, unchecked } = report;
  if (!head) return ['No event is sealed yet.'];
  const times = firstAt === undefined || lastAt === undefined ? '' : `, ${iso(firstAt)} to ${iso(lastAt)}`;
  const what = unchecked ? 'Nothing wrong was found, but not everything could be checked' : 'The audit chain is intact';
  return [
    `${what}: ${plural(events, 'event')} in ${plural(batches, 'batch', 'batches')}${times}.`,
    `  head: ${formatPoint(head)}`,
    '  Keep the head where nobody who can write to the database can; --expect HEAD shows later that its end was not cut off.',
  ];
}

function broken({ findings, findingCount }: AuditReport): string[] {
  const [first, ...others] = findings;
  const more = findingCount - findings.length;
  return [
    'THE AUDIT CHAIN IS BROKEN.',
    ...(first ? [`  ${describe(first)}`] : []),
    ...others.map((finding) => `  then: ${describe(finding)}`),
    ...(more > 0 ? [`  and ${count(more)} more.`] : []),
    '  Regain never changes an event, so something else wrote to the database: a person, another program, or a restore.',
    '  What to do: keep a copy of the database as it is, compare it with your export or a backup, and see who had access.',
    '  See docs/how-to/audit.md#when-the-chain-is-broken.',
  ];
}

function describe(finding: Finding): string {
  switch (finding.kind) {
    case 'altered':
      return `position ${finding.position}, event ${finding.id}: altered. It does not say what it said when it was sealed.`;
    case 'reordered':
      return `position ${finding.position}, event ${finding.id}: out of order. What was sealed here now stands at position ${finding.foundAt}.`;
    case 'missing':
      return `position ${finding.position}, event ${finding.id}: missing. It was sealed, and its row is gone.`;
    case 'seal-missing':
      return `position ${finding.position}: missing. Its row in audit_seals is gone.`;
    case 'added':
      return `event ${finding.id}: added. It stands among sealed events and was never sealed${finding.count > 1 ? `, and so do ${count(finding.count - 1)} others` : ''}.`;
    case 'batch-altered':
      return `batch ${finding.batch}, from position ${finding.position} on: its record in audit_batches was altered.`;
    case 'batch-missing':
      return `batch ${finding.batch}, from position ${finding.position} on: its record in audit_batches is missing.`;
    case 'unbatched':
      return `position ${finding.position}: the record of its batch, and of every later one, is missing.`;
    case 'purge-unsigned':
      return `before position ${finding.position}: everything is gone, and it was not Regain that removed it for its age.`;
  }
}

/** What is neither right nor wrong with the chain, but belongs to the picture. */
function aroundIt(report: AuditReport, now: number): string[] {
  const { purged, unchecked, unsealed, sealedLate } = report;
  const lines: string[] = [];
  if (purged)
    lines.push(
      `  purged by policy: everything up to position ${purged.position}, on ${iso(purged.at)} (events are kept for ${AUDIT_KEPT_MS / DAY_MS} days)`,
    );
  if (unchecked)
    lines.push(
      `  not checked: ${plural(unchecked.count, 'batch', 'batches')} between positions ${unchecked.firstPosition} and ${unchecked.lastPosition}, sealed with ${unchecked.keyIds.length === 1 ? 'a secret that is' : 'secrets that are'} not in REGAIN_SECRET (${unchecked.keyIds.map(shown).join(', ')}). Put ${unchecked.keyIds.length === 1 ? 'it' : 'them'} at the end of the list to check.`,
    );
  if (sealedLate)
    lines.push(
      `  sealed late: ${plural(sealedLate.count, 'event')} an hour or more after they happened, first at position ${sealedLate.firstPosition} in batch ${sealedLate.batch}. Where a worker ran at that time, somebody removed earlier seals: check with --expect.`,
    );
  if (unsealed.count > 0)
    lines.push(`  not yet sealed: ${plural(unsealed.count, 'event')}${whyUnsealed(unsealed.oldestAt, now)}`);
  return lines;
}

function whyUnsealed(oldestAt: number | null, now: number): string {
  if (oldestAt === null || now - oldestAt < UNSEALED_WARNED_MS) return '; a worker seals them within a minute';
  return `, the oldest of ${iso(oldestAt)}. No worker seals: start 'regain work', or look for audit-broken and audit-seal-fault in its log.`;
}

function besideIt(found: Expected | undefined, { position }: ChainPoint): string[] {
  switch (found) {
    case 'there':
      return [
        `  expected head: found at position ${position}; nothing before it was cut off or rewritten since you noted it.`,
      ];
    case 'purged':
      return [
        `  expected head: position ${position} was purged by policy and can't be compared any more. Note a newer one.`,
      ];
    case 'cut-off':
      return [
        `THE END OF THE CHAIN IS MISSING: you expect position ${position}, and the chain ends before it.`,
        '  The newest events were removed, or an older backup was restored.',
      ];
    default:
      return [
        `THE CHAIN WAS REWRITTEN: position ${position} is not the one you noted.`,
        '  Something at or before it was changed and sealed anew: by somebody with REGAIN_SECRET, or by removing seals.',
      ];
  }
}

function iso(at: number): string {
  return Math.abs(at) <= 8.64e15 ? new Date(at).toISOString() : 'an impossible time';
}

function plural(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}
