/** JSON lines on standard output, for whatever the operator collects logs with. */
import { pino } from 'pino';
import type { Log } from './ports.ts';

export function createLog(level: 'silent' | 'error' | 'warn' | 'info' | 'debug'): Log {
  const logger = pino({ level, base: undefined, timestamp: pino.stdTimeFunctions.isoTime });
  return {
    debug: (event, fields) => logger.debug({ event, ...fields }),
    info: (event, fields) => logger.info({ event, ...fields }),
    warn: (event, fields) => logger.warn({ event, ...fields }),
    error: (event, fields) => logger.error({ event, ...fields }),
  };
}
