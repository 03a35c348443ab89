/** What Twilio publishes of the Messages API, field by field, in our own words. A form holds texts, so numbers are digits. */
import { z } from 'zod';
import type { Source } from './source.ts';

export const SOURCES: readonly Source[] = [
  {
    what: 'Twilio, Messages: requests, answers, errors, the list',
    address: 'https://github.com/twilio/twilio-oai (spec/json/twilio_api_v2010.json)',
    version: 'revision 00c8d36829d67333c14bef357affd57851408ad7',
    read: '2026-11-25',
  },
  {
    what: 'Twilio, Messages: parameters since then, as its own library is generated from them',
    address: 'https://github.com/twilio/twilio-node',
    version: '6.2.0',
    read: '2026-11-25',
  },
  {
    what: 'Twilio, status callbacks',
    address: 'https://www.twilio.com/docs/messaging/guides/track-outbound-message-status',
    version: 'no date on the page',
    read: '2026-11-25',
  },
];

const sid = (prefix: string) => z.string().regex(new RegExp(`^(?:${prefix})[0-9a-fA-F]{32}$`));
const flag = z.enum(['true', 'false']);
const number = z.string().regex(/^\d+$/);
/** "Must contain a valid hostname and underscores are not allowed." */
const callback = z.url({ protocol: /^https?$/, hostname: /^[^_]+$/ });

/** Every parameter of CreateMessage. */
export const MESSAGE_PARAMETERS = {
  /** E.164, or the address of another channel: `whatsapp:+1...` */
  To: z.string().regex(/^(?:\+[1-9]\d{1,14}|[a-z]+:.+)$/),
  StatusCallback: callback.optional(),
  ApplicationSid: sid('AP').optional(),
  /** Without effect since 2024-06-03. */
  MaxPrice: z
    .string()
    .regex(/^\d+(?:\.\d+)?$/)
    .optional(),
  ProvideFeedback: flag.optional(),
  Attempt: number.optional(),
  /** Seconds, 1 to 36000; more than 5 is advised. */
  ValidityPeriod: number.refine((value) => Number(value) >= 1 && Number(value) <= 36_000).optional(),
  /** Reserved. */
  ForceDelivery: flag.optional(),
  ContentRetention: z.enum(['retain', 'discard']).optional(),
  AddressRetention: z.enum(['retain', 'obfuscate']).optional(),
  SmartEncoded: flag.optional(),
  PersistentAction: z.string().optional(),
  TrafficType: z.literal('free').optional(),
  ShortenUrls: flag.optional(),
  ScheduleType: z.literal('fixed').optional(),
  SendAt: z.iso.datetime().optional(),
  SendAsMms: flag.optional(),
  ContentVariables: z.string().optional(),
  MessageIntent: z.string().optional(),
  RiskCheck: z.enum(['enable', 'disable']).optional(),
  /** A number, a short code, an alphanumeric sender of up to 11 characters, a SIM, or the address of another channel. */
  From: z
    .string()
    .regex(/^(?:\+[1-9]\d{1,14}|\d{3,8}|[A-Za-z0-9 ]{1,11}|[a-z]+:.+)$/)
    .optional(),
  FallbackFrom: z.string().optional(),
  MessagingServiceSid: sid('MG').optional(),
  Body: z.string().min(1).max(1600).optional(),
  MediaUrl: z.url().optional(),
  ContentSid: sid('HX').optional(),
};

export const CreateMessage = z
  .strictObject(MESSAGE_PARAMETERS)
  .refine(({ From, MessagingServiceSid }) => From ?? MessagingServiceSid, 'From or MessagingServiceSid')
  .refine(({ Body, MediaUrl, ContentSid }) => Body ?? MediaUrl ?? ContentSid, 'Body, MediaUrl or ContentSid')
  .refine(({ ShortenUrls, MessagingServiceSid }) => ShortenUrls !== 'true' || MessagingServiceSid, 'needs a service');

export const STATUSES = [
  'queued',
  'sending',
  'sent',
  'failed',
  'delivered',
  'undelivered',
  'receiving',
  'received',
  'accepted',
  'scheduled',
  'read',
  'partially_delivered',
  'canceled',
] as const;

/** 201. */
export const Message = z.strictObject({
  body: z.string().nullable(),
  num_segments: z.string().nullable(),
  direction: z.enum(['inbound', 'outbound-api', 'outbound-call', 'outbound-reply']),
  from: z.string().nullable(),
  to: z.string().nullable(),
  date_updated: z.string().nullable(),
  price: z.string().nullable(),
  error_message: z.string().nullable(),
  uri: z.string().nullable(),
  account_sid: sid('AC').nullable(),
  num_media: z.string().nullable(),
  status: z.enum(STATUSES),
  messaging_service_sid: sid('MG').nullable(),
  sid: sid('SM|MM').nullable(),
  date_sent: z.string().nullable(),
  date_created: z.string().nullable(),
  error_code: z.number().int().nullable(),
  price_unit: z.string().nullable(),
  api_version: z.string().nullable(),
  subresource_uris: z.record(z.string(), z.string()).nullable(),
  tags: z.record(z.string(), z.string()).nullish(),
});

/** GET .../Messages.json, whose PageSize is 1 to 1000. */
export const MessageList = z.strictObject({
  messages: z.array(Message),
  end: z.number().int(),
  first_page_uri: z.string(),
  next_page_uri: z.string().nullable(),
  page: z.number().int(),
  page_size: z.number().int(),
  previous_page_uri: z.string().nullable(),
  start: z.number().int(),
  uri: z.string(),
});

export const RestError = z.strictObject({
  code: z.number().int(),
  message: z.string(),
  more_info: z.url(),
  status: z.number().int(),
});

/** "Vary by channel and are subject to change": what Twilio may add is not forbidden to Twilio, but to the tests' own. */
export const StatusCallback = z.strictObject({
  MessageSid: sid('SM|MM'),
  MessageStatus: z.enum(STATUSES),
  AccountSid: sid('AC'),
  To: z.string(),
  From: z.string().optional(),
  MessagingServiceSid: sid('MG').optional(),
  SmsSid: sid('SM|MM').optional(),
  SmsStatus: z.enum(STATUSES).optional(),
  ApiVersion: z.string().optional(),
  ErrorCode: number.optional(),
  ErrorMessage: z.string().optional(),
  /** YYMMDDhhmm, in no stated zone; only with delivered and undelivered. */
  RawDlrDoneDate: z
    .string()
    .regex(/^\d{10}$/)
    .optional(),
});
