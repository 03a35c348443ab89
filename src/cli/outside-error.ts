/** Failures of the database, the network and the file system: an operator's business, told in one line and not as a stack. */

/** The settings lead to no database that a command could work on; the message is one sentence. */
export class NoDatabase extends Error {}

/** Whether the error came from outside of the program; a mistake of our own is not to be dressed up as one. */
export function isFromOutside(error: unknown): error is Error {
  if (!(error instanceof Error)) return false;
  if (error instanceof AggregateError) return error.errors.some(isFromOutside);
  const { code, errcode, syscall } = error as NodeJS.ErrnoException & { errcode?: number };
  if (errcode !== undefined || syscall !== undefined) return true;
  // An SQLSTATE, and what pg says of a connection without one.
  return /^[0-9A-Z]{5}$/.test(code ?? '') || /^Connection terminated|timeout exceeded/.test(error.message);
}

/** What went wrong, in one line. A failed connection to several addresses of a host has its reasons inside only. */
export function errorText(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return errorText(error.errors[0]);
  const { message = String(error), code } = error as NodeJS.ErrnoException;
  const line = message.split('\n')[0]?.trim() || 'no reason was given';
  return /^E[A-Z]+$/.test(code ?? '') && !line.includes(code as string) ? `${line} (${code})` : line;
}
