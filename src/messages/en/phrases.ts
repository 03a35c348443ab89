/** What several English messages say in the same words. */
import type { MessageParams, Surroundings } from '../catalog.ts';
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

/** Below a notice that an address came or went: what to do where somebody else did it. */
export function addressChangeNotYours(recoverUrl: string, { supportAddress }: Surroundings): Block {
  return {
    type: 'aside',
    title: 'Not you? Act now',
    blocks: [
      {
        type: 'steps',
        items: [
          'Set a new password, with any address of the account that is still yours. That signs out everyone else.',
          'Then look at the addresses on your account page, and put them right.',
          `If no address of yours is left, or you get stuck, write to ${supportAddress}.`,
        ],
      },
      { type: 'button', label: 'Set a new password', url: recoverUrl },
    ],
  };
}

/** Which chat, when and from where. */
export function messengerFacts(
  { messenger, name, at, browser, removedAt }: MessageParams['messenger-unlinked'],
  { moment }: Surroundings,
): Block {
  return {
    type: 'facts',
    rows: [
      { label: 'When', value: moment(at) },
      { label: 'Browser', value: browser },
      // Whoever has a mailbox that the account gave up is not told how its owner is called elsewhere.
      ...(removedAt === undefined ? [{ label: messenger, value: name ?? 'a chat without a name' }] : []),
    ],
  };
}

/** Which account it is about; whoever has an address that is no longer of it is not told by which others to find it. */
export function yourAccount(
  { account, removedAt }: { account?: string; removedAt: number | undefined },
  { brand }: Surroundings,
): string {
  if (removedAt !== undefined) return `the ${brand} account that this address belonged to`;
  return account === undefined ? `your ${brand} account` : `your ${brand} account (${account})`;
}

/** Why an address that is no longer of the account is told of it. */
export function whyTold(removedAt: number | undefined, { moment, brand }: Surroundings): Block[] {
  if (removedAt === undefined) return [];
  return [
    {
      type: 'paragraph',
      text:
        `This address was removed from the account on ${moment(removedAt)}. ${brand} tells it of changes for 30 days, ` +
        'because whoever takes an account over removes its owner’s address first.',
    },
  ];
}

export function timeLeft(minutes: number): string {
  if (minutes < 1) return 'less than a minute';
  return minutes === 1 ? '1 more minute' : `${minutes} more minutes`;
}

/** What came to an account or left it, at the beginning of a sentence. */
export const AN_ADDRESS = { email: 'An email address', phone: 'A phone number' } as const;
