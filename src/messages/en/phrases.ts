/** What several English messages say in the same words. */
import type { Surroundings } from '../catalog.ts';
import type { Block } from '../layout.ts';

/** When and from where: what the owner compares with their own memory. */
export function whenAndWhere(at: number, browser: string, { moment }: Surroundings): Block {
  return {
    type: 'facts',
    rows: [
      { label: 'When', value: moment(at) },
      { label: 'Browser', value: browser },
    ],
  };
}

/** After a code: how long, where alone, and that nobody asks for it. */
export function codeRules(minutes: number, { brand, host }: Surroundings): Block {
  return {
    type: 'detail',
    text:
      `It works once, for ${timeLeft(minutes)}. Type it on ${host} and nowhere else. ` +
      `Nobody from ${brand} will ever ask you for it; anyone who does is after your account.`,
  };
}

function timeLeft(minutes: number): string {
  if (minutes < 1) return 'less than a minute';
  return minutes === 1 ? '1 more minute' : `${minutes} more minutes`;
}
