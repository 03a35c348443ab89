/** What Telegram publishes of its Gateway API, field by field, in our own words. */
import { z } from 'zod';
import type { Source } from './source.ts';

export const SOURCES: readonly Source[] = [
  {
    what: 'Telegram Gateway: requests, answers, reports and their signatures',
    address: 'https://core.telegram.org/gateway/api',
    version: 'with the changes of 2025-02-26',
    read: '2026-11-25',
  },
];

const bytes = (max: number) => z.string().refine((text) => Buffer.byteLength(text) <= max, `at most ${max} bytes`);

export const CheckSendAbility = z.strictObject({ phone_number: z.e164() });
export const SendVerificationMessage = z.strictObject({
  phone_number: z.e164(),
  /** Of a check before; then free of charge, once. */
  request_id: z.string().optional(),
  /** A verified channel of the same account. */
  sender_username: z.string().optional(),
  code: z
    .string()
    .regex(/^\d{4,8}$/)
    .optional(),
  /** Ignored where there is a code. */
  code_length: z.number().int().min(4).max(8).optional(),
  callback_url: bytes(256)
    .pipe(z.url({ protocol: /^https$/ }))
    .optional(),
  payload: bytes(128).optional(),
  /** Seconds; what is not delivered within is refunded. */
  ttl: z.number().int().min(30).max(3600).optional(),
});
export const CheckVerificationStatus = z.strictObject({ request_id: z.string(), code: z.string().optional() });
export const RevokeVerificationMessage = z.strictObject({ request_id: z.string() });

export const DELIVERY_STATUSES = ['sent', 'delivered', 'read', 'expired', 'revoked'] as const;

/** The answer to a check and to a message, and the body of a report. */
export const RequestStatus = z.strictObject({
  request_id: z.string(),
  phone_number: z.e164(),
  request_cost: z.number(),
  is_refunded: z.boolean().optional(),
  /** Only where something was charged. */
  remaining_balance: z.number().optional(),
  /** Only where a message was sent. */
  delivery_status: z
    .strictObject({ status: z.enum(DELIVERY_STATUSES), updated_at: z.number().int().positive() })
    .optional(),
  verification_status: z
    .strictObject({
      status: z.enum(['code_valid', 'code_invalid', 'code_max_attempts_exceeded', 'expired']),
      updated_at: z.number().int().positive(),
      code_entered: z.string().optional(),
    })
    .optional(),
  payload: bytes(256).optional(),
});

/** The only code that the page names is ACCESS_TOKEN_INVALID; there is no list. */
export const Failure = z.strictObject({ ok: z.literal(false), error: z.string().regex(/^[A-Z0-9_]+$/) });
export const success = <T extends z.ZodType>(result: T) => z.strictObject({ ok: z.literal(true), result });
