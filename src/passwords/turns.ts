/**
 * Whose hash is computed next. Hashing is the dearest thing that a request can ask for, so those who have proven something
 * go before strangers, sources take turns within their lane, and a lane that is full gives up its longest line: whoever
 * floods it fills only his own share.
 */
import type { HashTurn } from '../ports.ts';
import { Refusal } from '../rules/errors.ts';

/** Both lanes are gone by then, on a single core too. */
const RETRY_AFTER_SECONDS = 3;
/** One turn in four is a stranger's while any wait: a crowd of the proven slows a signing-in down and does not stop it. */
const PROVEN_IN_A_ROW_MAX = 3;

export interface Turns {
  /** Runs the task when its turn has come. @throws Refusal `unavailable` at once where the lane has no room */
  inTurn<T>(turn: HashTurn, task: () => Promise<T>): Promise<T>;
  /** Runs the task where a core is free and nobody waits; undefined where not. */
  ifIdle<T>(task: () => Promise<T>): Promise<T | undefined>;
}

/**
 * @param concurrency tasks that run at once
 * @param room how many may wait in each lane
 */
export function createTurns(concurrency: number, room: Record<HashTurn['lane'], number>): Turns {
  const lanes = { proven: new Lane(room.proven), stranger: new Lane(room.stranger) };
  let running = 0;
  let provenInARow = 0;

  async function run<T>(task: () => Promise<T>): Promise<T> {
    try {
      return await task();
    } finally {
      // A turn is handed on rather than given back: nobody who asks later can slip in between.
      const next = nextWaiter();
      if (next) next.start();
      else running -= 1;
    }
  }

  function nextWaiter(): Waiter | undefined {
    const strangersTurn = provenInARow >= PROVEN_IN_A_ROW_MAX && !lanes.stranger.isEmpty;
    const proven = strangersTurn ? undefined : lanes.proven.next();
    provenInARow = proven ? provenInARow + 1 : 0;
    return proven ?? lanes.stranger.next();
  }

  return {
    async inTurn({ lane, source }, task) {
      if (running < concurrency) running += 1;
      else await lanes[lane].wait(source);
      return run(task);
    },
    async ifIdle(task) {
      if (running >= concurrency) return undefined;
      running += 1;
      return run(task);
    },
  };
}

interface Waiter {
  start(): void;
  refuse(refusal: Refusal): void;
}

/** A line per source; the sources take turns, in the order in which their lines began. */
class Lane {
  readonly #room: number;
  readonly #lines = new Map<string, Waiter[]>();
  #waiting = 0;

  constructor(room: number) {
    this.#room = room;
  }

  get isEmpty(): boolean {
    return this.#waiting === 0;
  }

  wait(source: string): Promise<void> {
    const line = this.#lines.get(source) ?? [];
    if (this.#waiting >= this.#room && !this.#makeRoom(line.length)) throw busy();
    this.#waiting += 1;
    this.#lines.set(source, line);
    return new Promise((start, refuse) => line.push({ start, refuse }));
  }

  next(): Waiter | undefined {
    const [first] = this.#lines;
    if (!first) return undefined;
    const [source, line] = first;
    const waiter = line.shift();
    this.#waiting -= 1;
    this.#lines.delete(source);
    if (line.length > 0) this.#lines.set(source, line);
    return waiter;
  }

  /**
   * The last of the longest line has to go, unless the newcomer's own line would be as long: McKenney's buffer stealing,
   * "Stochastic Fairness Queuing", INFOCOM 1990.
   */
  #makeRoom(newcomersLine: number): boolean {
    let longest: [string, Waiter[]] | undefined;
    for (const entry of this.#lines) if (!longest || entry[1].length > longest[1].length) longest = entry;
    if (!longest || longest[1].length <= newcomersLine + 1) return false;
    longest[1].pop()?.refuse(busy());
    this.#waiting -= 1;
    return true;
  }
}

function busy(): Refusal {
  return new Refusal('unavailable', { retryAfterSeconds: RETRY_AFTER_SECONDS });
}
