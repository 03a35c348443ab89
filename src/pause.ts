/** The pause that a provider asked for: whoever goes on sending is given a longer one. */
export class Pause {
  #from = 0;
  #until = 0;

  /** A longer one that runs already stays. */
  begin(ms: number, now: number): void {
    if (ms <= this.leftMs(now)) return;
    this.#from = now;
    this.#until = now + ms;
  }

  /** Where the clock was set back it begins anew: else half a minute became an hour, in which the messenger was skipped. */
  leftMs(now: number): number {
    if (now < this.#from) {
      this.#until -= this.#from - now;
      this.#from = now;
    }
    return Math.max(0, this.#until - now);
  }
}
