/**
 * Spares a provider that does not answer (Nygard, "Release It!", 2007). Each message that waits for it in vain keeps a place in the
 * worker until the time-out, and what everybody else asked for waits behind: with a provider of texts that hung, six hundred
 * recoveries by phone held up a stranger's mail for a minute and a half (decision 0034).
 */
import { ANSWER_LOST, type SendOutcome } from './rules/delivery.ts';
import { SPARED } from './rules/ladder.ts';

/** Fewer may be bad luck; more are seconds of everybody. */
const HANGS_IN_A_ROW = 3;

export class CircuitBreaker {
  /** How many may wait at once for a provider that hangs, where there is no other way. */
  readonly #patientMax: number;
  #hangs = 0;
  #waiting = 0;

  constructor(patientMax: number) {
    this.#patientMax = patientMax;
  }

  /** Of the last calls, each waited in vain. */
  get isOpen(): boolean {
    return this.#hangs >= HANGS_IN_A_ROW;
  }

  /**
   * Whether a call may be made now. While the provider hangs, one message at a time finds out whether it still does; and those
   * that have no other way go on trying, since an answer that is late may be all that is missing.
   */
  lets(goesOn: boolean): boolean {
    return !this.isOpen || this.#waiting < (goesOn ? 1 : this.#patientMax);
  }

  /** @param goesOn whether there is another way */
  async call(send: () => Promise<SendOutcome>, goesOn: boolean): Promise<SendOutcome> {
    if (!this.lets(goesOn)) return SPARED;
    this.#waiting += 1;
    try {
      const outcome = await send();
      this.#hangs = isHang(outcome) ? this.#hangs + 1 : 0;
      return outcome;
    } finally {
      this.#waiting -= 1;
    }
  }
}

function isHang(outcome: SendOutcome): boolean {
  return outcome.kind === 'temporary' && (outcome.reason === 'ETIMEDOUT' || outcome.reason === ANSWER_LOST);
}
