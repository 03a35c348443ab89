/** How long the last messages took, so that what a decoy does in their place can take as long as one of them. */

/** Enough to show the spread of a server's moods. */
const REMEMBERED_SENDS = 50;

export class Pace {
  readonly #recentMs: number[] = [];
  #asked = 0;

  remember(ms: number): void {
    this.#recentMs.push(ms);
    if (this.#recentMs.length > REMEMBERED_SENDS) this.#recentMs.shift();
  }

  /** A recent duration, each in its turn; 0 before the first. */
  recall(): number {
    this.#asked += 1;
    return this.#recentMs[this.#asked % Math.max(1, this.#recentMs.length)] ?? 0;
  }
}
