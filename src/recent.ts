/** What the last messages were like, so that what a decoy does in their place can be like one of them. */

/** Enough to show the spread of a server's moods. */
const REMEMBERED = 50;

export class Recent<Kept> {
  readonly #kept: Kept[] = [];
  #asked = 0;

  remember(kept: Kept): void {
    this.#kept.push(kept);
    if (this.#kept.length > REMEMBERED) this.#kept.shift();
  }

  /** One of them, each in its turn; undefined before the first. */
  recall(): Kept | undefined {
    this.#asked += 1;
    return this.#kept[this.#asked % Math.max(1, this.#kept.length)];
  }
}
