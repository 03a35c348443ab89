/** What goes in and out of the HTTP API. These schemas check requests and are the OpenAPI document. */
import { z } from '@hono/zod-openapi';
import { HELD_FOR } from '../../rules/address-trust.ts';
import { CHANNELS } from '../../rules/delivery.ts';
import { PROBLEMS, type ProblemCode } from '../../rules/errors.ts';
import { IDENTIFIER_MAX_CHARACTERS, NAME_MAX_CHARACTERS, RECENT_RECOVERY_MS, UNTOLD_CODE } from '../../rules/limits.ts';

const identifier = z.string().min(1).max(IDENTIFIER_MAX_CHARACTERS).openapi({
  description:
    'Email address, or phone number, best in international form: one without a country is read with the region of `locale`, else of Accept-Language, else with the country of the shop',
  example: 'jane@example.com',
});
const token = z
  .string()
  .min(1)
  .max(128)
  .openapi({ description: "The claimant's secret handle; keep it as you would a password" });
const code = z
  .string()
  .min(1)
  .max(64)
  .openapi({ description: 'As typed; spaces and dashes are tolerated', example: '482 913' });
const password = z.string().min(1).openapi({ description: 'As typed, never trimmed', format: 'password' });
const channel = z
  .enum(CHANNELS)
  .openapi({ description: 'How the code travels; `channels` of a recovery lists those of this installation' });
const device = z
  .string()
  .max(1_000)
  .openapi({ description: 'What signing in gave this device; its recoveries have a budget of their own' });
const work = z.string().max(4_000).openapi({ description: 'A solved proof of work (altcha payload)' });
/** What no message is written in is read in English; only what PostgreSQL can't store, a NUL, and its kin are refused. */
const tag = z
  .string()
  .min(2)
  .max(35)
  .regex(/^[^\x00-\x1f\x7f]*$/);
const locale = tag.openapi({
  description: 'BCP 47 tag of the messages; its region is the country of a phone number that is given without one',
  example: 'en-GB',
});
const region = tag.openapi({
  description: 'BCP 47 tag; its region is the country of a phone number that is given without one',
  example: 'en-GB',
});
const moment = z.iso.datetime().openapi({ example: '2026-03-14T09:12:00.000Z' });

export const StartBody = z
  .strictObject({
    identifier,
    channel: channel.optional(),
    locale: locale.optional(),
    device: device.optional(),
    work: work.optional(),
  })
  .openapi('Start');
export const ResendBody = z.strictObject({ token, channel: channel.optional() }).openapi('Resend');
export const VerifyBody = z.strictObject({ token, code }).openapi('Verify');
export const ChooseBody = z
  .strictObject({
    token,
    account: z.string().min(1).max(64).openapi({ description: 'An id of `accounts`, as this recovery gave it' }),
  })
  .openapi('ChooseAccount');
export const PasswordBody = z.strictObject({ token, password }).openapi('SetPassword');
export const CompleteBody = z
  .strictObject({
    token,
    name: z.string().min(1).max(NAME_MAX_CHARACTERS),
    birthday: z.string().max(10).optional().openapi({ example: '1990-12-31' }),
    password,
  })
  .openapi('CompleteRegistration');
export const WorkBody = z.strictObject({ identifier, locale: region.optional() }).openapi('Work');
export const SignInBody = z
  .strictObject({ identifier, password, locale: region.optional(), device: device.optional() })
  .openapi('SignIn');

export const RecoveryJson = z
  .object({
    token,
    state: z.enum(['code_sent', 'choosing', 'verified', 'held', 'completed']).openapi({
      description:
        '`choosing`: the code was right, and one of `accounts` has to be chosen before a password can be set',
    }),
    accounts: z
      .array(
        z.object({
          id: z.string().openapi({ description: 'Of this recovery alone' }),
          name: z.string().openapi({ description: 'First name and masked address', example: 'Jane, j***@example.com' }),
        }),
      )
      .optional()
      .openapi({ description: 'Only in the state `choosing`: the accounts with the number that was typed' }),
    channel,
    codeLength: z.int().openapi({
      description: `How long codes are, as a rule. While somebody guesses at an account by many ways, its messages carry ${UNTOLD_CODE.length} digits: let people enter more`,
    }),
    codeFormat: z.enum(['digits', 'letters']),
    carries: z.enum(['link']).optional().openapi({
      description: 'Only in times of high risk: the mail carries a link to a page that asks first, and no code',
    }),
    expiresAt: moment.openapi({ description: 'When the code, or the permission to set a password, ends' }),
    completesAt: moment.optional().openapi({
      description: 'Only in the state `held`: the new password opens nothing before, and can be stopped until then',
    }),
    heldFor: z.enum(HELD_FOR).optional().openapi({
      description:
        'Only in the state `held`. `changed`: addresses or messengers of the account changed lately. `stale_number`: the code may have been read at a phone number that was not confirmed for long; a recovery with a code by email completes at once',
    }),
    resendAt: moment.openapi({ description: 'When a living code may be sent again' }),
    triesLeft: z.int().openapi({ description: 'Guesses left for this code' }),
    channels: z.array(channel),
  })
  .openapi('Recovery');
export const RecoveryStatusJson = RecoveryJson.extend({
  delivery: z.enum(['queued', 'sent', 'delivered', 'failed']).openapi({
    description:
      'What is known of the message; the same whether or not an account exists, except to a device that has signed in to it',
  }),
  by: channel.optional().openapi({
    description: 'Only to a device that has signed in to the account: the way that the code went on by',
  }),
}).openapi('RecoveryStatus');
export const WorkJson = z
  .object({})
  .catchall(z.unknown())
  .openapi('WorkChallenge', { description: 'A challenge for the altcha widget or library' });
export const SessionJson = z.object({ token, expiresAt: moment, device }).openapi('Session');
export const CurrentSessionJson = z
  .object({
    name: z.string().nullable(),
    createdAt: moment,
    expiresAt: moment,
    recentRecovery: z.boolean().openapi({
      description: `Whether the password was recovered within the last ${RECENT_RECOVERY_MS / 3_600_000} hours. Ask again, by another way, before what can not be taken back`,
    }),
  })
  .openapi('CurrentSession');

export const ProblemJson = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    code: z.enum(Object.keys(PROBLEMS) as [ProblemCode, ...ProblemCode[]]),
    detail: z.string().optional(),
    triesLeft: z.int().optional(),
    reasons: z.array(z.string()).optional().openapi({ description: 'Why a password was refused' }),
  })
  .openapi('Problem', { description: 'RFC 9457' });
