/** One line of the doctor's report. */

/** `skip`: could not be looked at from here, which is nobody's fault. */
export type Level = 'ok' | 'skip' | 'warn' | 'FAIL';

export interface Finding {
  level: Level;
  /** What was looked at: "Database". */
  name: string;
  text: string;
  /** What to do about it; only for `warn` and `FAIL`. */
  mend?: string;
}

/** "FAIL  Database     nothing answers at db:5432 -> start PostgreSQL, or correct REGAIN_DATABASE_URL" */
export function findingLine({ level, name, text, mend }: Finding): string {
  const arrow = mend === undefined ? '' : ` -> ${mend}`;
  return `${level.padEnd(4)}  ${name.padEnd(11)}  ${`${text}${arrow}`.replace(/\p{Cc}+/gu, ' ')}\n`;
}

/** "1 check fails, 2 warn." */
export function summaryLine(findings: readonly Finding[]): string {
  const of = (level: Level): number => findings.filter((finding) => finding.level === level).length;
  const parts = [
    ...(of('FAIL') > 0 ? [`${of('FAIL')} ${of('FAIL') === 1 ? 'check fails' : 'checks fail'}`] : []),
    ...(of('warn') > 0 ? [`${of('warn')} ${of('warn') === 1 ? 'warning' : 'warnings'}`] : []),
    ...(of('skip') > 0 ? [`${of('skip')} skipped`] : []),
  ];
  return parts.length === 0 ? 'Everything is fine.\n' : `${parts.join(', ')}.\n`;
}
