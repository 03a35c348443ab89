/** What short codes of one account are worth to strangers, by whichever identifier and door they guess (decision 0037). */
import type { CodeShape } from './codes.ts';
import { ACCOUNT_GUESSES, CODE_LADDER, type Limit, UNTOLD_CODE } from './limits.ts';

/** The bucket, in guesses at codes of this shape; undefined where they are too long to be worth counting. */
export function accountLimit({ format, length }: CodeShape): Limit | undefined {
  if (format !== 'digits' || length >= UNTOLD_CODE.length) return undefined;
  const each = 10 ** (length - CODE_LADDER[0].length);
  return { burst: ACCOUNT_GUESSES.burst * each, refillMs: ACCOUNT_GUESSES.refillMs / each };
}
