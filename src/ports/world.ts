/** What surrounds the program: time, chance, and where it writes down what happened. */

/** Milliseconds since 1970, UTC. */
export interface Clock {
  now(): number;
}

/** A cryptographically secure source. */
export interface Random {
  bytes(length: number): Buffer;
  /** Evenly distributed, 0 <= n < below; for waiting times, not for secrets. */
  below(below: number): number;
}

export interface Log {
  debug(event: string, fields?: Record<string, unknown>): void;
  info(event: string, fields?: Record<string, unknown>): void;
  warn(event: string, fields?: Record<string, unknown>): void;
  error(event: string, fields?: Record<string, unknown>): void;
}

/** A running database transaction: all that is done with it happens, or none of it. */
export interface Transaction {
  readonly transaction: true;
}
