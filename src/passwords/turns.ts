/**
 * Whose hash is computed next. Hashing is the dearest thing that a request can ask for, so those who have proven something
 * go before strangers, sources take turns within their lane, and a lane that is full gives up its longest line: whoever
 * floods it fills only his own share.
 */
import type { HashTurn } from '../ports.ts';
import { Refusal } from '../rules/errors.ts';
import { FairQueue } from '../rules/fair-queue.ts';

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

/** Who waits, and no more than there is room for. */
class Lane {
  readonly #room: number;
  readonly #waiting = new FairQueue<Waiter>();

  constructor(room: number) {
    this.#room = room;
  }

  get isEmpty(): boolean {
    return this.#waiting.size === 0;
  }

  wait(source: string): Promise<void> {
    if (this.#waiting.size >= this.#room && !this.#makeRoomFor(source)) throw busy();
    return new Promise((start, refuse) => this.#waiting.add(source, { start, refuse }));
  }

  next(): Waiter | undefined {
    return this.#waiting.next();
  }

  /** The last of the longest line has to go, unless the newcomer's own line would be as long. */
  #makeRoomFor(source: string): boolean {
    const last = this.#waiting.stealLongerThan(this.#waiting.lengthOf(source) + 1);
    last?.refuse(busy());
    return last !== undefined;
  }
}

function busy(): Refusal {
  return new Refusal('unavailable', { retryAfterSeconds: RETRY_AFTER_SECONDS });
}
