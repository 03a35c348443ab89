/**
 * A line per source; the sources take turns, in the order in which their lines began, so that a crowd waits behind itself (Nagle,
 * RFC 970, 1985).
 */
export class FairQueue<Item> {
  readonly #lines = new Map<string, Item[]>();
  #size = 0;

  /** Items that wait. */
  get size(): number {
    return this.#size;
  }

  lengthOf(source: string): number {
    return this.#lines.get(source)?.length ?? 0;
  }

  add(source: string, item: Item): void {
    const line = this.#lines.get(source);
    if (line) line.push(item);
    else this.#lines.set(source, [item]);
    this.#size += 1;
  }

  /** Whose turn it is; undefined where nobody waits. */
  next(): Item | undefined {
    const [first] = this.#lines;
    if (!first) return undefined;
    const [source, line] = first;
    const item = line.shift();
    this.#size -= 1;
    this.#lines.delete(source);
    if (line.length > 0) this.#lines.set(source, line);
    return item;
  }

  /**
   * Takes out the last of the longest line, where it is longer than `than`: McKenney's buffer stealing, "Stochastic Fairness
   * Queuing", INFOCOM 1990.
   */
  stealLongerThan(than: number): Item | undefined {
    let longest: Item[] | undefined;
    for (const line of this.#lines.values()) if (!longest || line.length > longest.length) longest = line;
    if (!longest || longest.length <= than) return undefined;
    this.#size -= 1;
    return longest.pop();
  }
}
