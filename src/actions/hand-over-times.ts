/** How long codes to phones took lately to be handed over. Read once a day: nothing of today is in it. */
import { drawnFromBefore, HAND_OVERS_AT_MOST } from '../rules/hand-over-times.ts';
import type { StoreTransaction } from '../store/store.ts';

/** Attempts of yesterday are still looked at after midnight. */
const DAYS_REMEMBERED = 2;

export class HandOverTimes {
  readonly #ofDay = new Map<number, readonly number[]>();

  /** @returns ms each, of those that a code asked for at `askedAt` is shown one of */
  async before(tx: StoreTransaction, askedAt: number): Promise<readonly number[]> {
    const before = drawnFromBefore(askedAt);
    const known = this.#ofDay.get(before);
    if (known) return known;
    const times = await tx.outbox.handOverTimes(before, HAND_OVERS_AT_MOST);
    this.#ofDay.set(before, times);
    for (const day of [...this.#ofDay.keys()].slice(0, -DAYS_REMEMBERED)) this.#ofDay.delete(day);
    return times;
  }
}
