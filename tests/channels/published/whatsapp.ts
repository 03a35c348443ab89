/** What Meta publishes of the WhatsApp Cloud API, field by field, in our own words: what we send, what answers, what is told. */
import { z } from 'zod';
import type { Source } from './source.ts';

const DOCUMENTATION = 'https://developers.facebook.com/documentation/business-messaging/whatsapp';
export const SOURCES: readonly Source[] = [
  {
    what: 'WhatsApp, messages: requests, answers, errors',
    address: 'https://github.com/facebook/openapi (business-messaging-api_v23.0.yaml)',
    version: 'v23.0, revision 231e184578bf86f5024149dd8d5ec234e340f6cb',
    read: '2026-11-25',
  },
  {
    what: 'WhatsApp, people without a number: recipient, user_id, error 131062',
    address: `${DOCUMENTATION}/business-scoped-user-ids`,
    version: 'page of 2026-05-28, compared with an older one of the same name',
    read: '2026-11-25',
  },
  {
    what: 'WhatsApp, statuses of messages',
    address: `${DOCUMENTATION}/webhooks/reference/messages/status`,
    version: 'pages of 2025-11-20 and 2026-05-21',
    read: '2026-11-25',
  },
  {
    what: 'WhatsApp, messages of people',
    address: `${DOCUMENTATION}/webhooks/reference/messages`,
    version: 'page of 2026-06-17; kinds by whatsapp-api-js 6.3.0',
    read: '2026-11-25',
  },
  {
    what: 'WhatsApp, numbers and ids that change: system messages',
    address: `${DOCUMENTATION}/webhooks/reference/messages/system/`,
    version: 'page of 2026-08-11, with the changelog of that day',
    read: '2026-11-30',
  },
  {
    what: 'WhatsApp, promotions that were stopped',
    address: `${DOCUMENTATION}/webhooks/reference/user_preferences`,
    version: 'page as served on 2026-09-11',
    read: '2026-11-25',
  },
  {
    what: 'Meta, signatures of webhooks',
    address: 'https://developers.facebook.com/docs/messenger-platform/webhooks#validate-payloads',
    version: 'no date on the page',
    read: '2026-11-25',
  },
];

const TextParameter = z.strictObject({ type: z.literal('text'), text: z.string().min(1).max(32_768) });
const LanguageCode = z.string().regex(/^[a-z]{2,3}(_[A-Z]{2,3})?$/);
const Template = z.strictObject({
  name: z.string().regex(/^[a-z0-9_]{1,512}$/),
  language: z.strictObject({ policy: z.literal('deterministic'), code: LanguageCode }),
  components: z
    .array(
      z.union([
        z.strictObject({ type: z.enum(['header', 'body']), parameters: z.array(TextParameter) }),
        z.strictObject({
          type: z.literal('button'),
          sub_type: z.enum(['quick_reply', 'url', 'catalog']),
          /** "Position index of the button (0-9)"; the pattern beside it in the file fits nothing. */
          index: z.string().regex(/^[0-9]$/),
          parameters: z.array(TextParameter).min(1),
        }),
      ]),
    )
    .optional(),
});
const envelope = {
  messaging_product: z.literal('whatsapp'),
  recipient_type: z.enum(['individual', 'group']),
  context: z.strictObject({ message_id: z.string().optional() }).optional(),
  /** Comes back with each status of the message. */
  biz_opaque_callback_data: z.string().max(512).optional(),
};
/** Country, a dot (for a parent's, ENT and a dot), and up to 128 letters and digits. */
const UserId = z.string().regex(/^[A-Z]{2}\.(?:ENT\.)?[A-Za-z0-9]{1,128}$/);
const Digits = z.string().regex(/^[1-9]\d{6,14}$/);
/** One is enough; where both stand, `to` is used. */
const addressees = [{ to: Digits }, { recipient: UserId }] as const;
const kinds = [
  { type: z.literal('template'), template: Template },
  {
    type: z.literal('text'),
    text: z.strictObject({ body: z.string().min(1).max(4096), preview_url: z.boolean().optional() }),
  },
] as const;
export const Message = z.union(
  addressees.flatMap((addressee) => kinds.map((kind) => z.strictObject({ ...envelope, ...addressee, ...kind }))),
);
export type Message = z.infer<typeof Message>;

/** What a person without a number can't be sent. */
export const NO_TEMPLATES_TO_USER_IDS = 131062;

export const MessageTaken = z.strictObject({
  messaging_product: z.literal('whatsapp'),
  /** `wa_id` where the message went to a number, `user_id` where it went to an id. */
  contacts: z.array(z.strictObject({ input: z.string(), wa_id: Digits.optional(), user_id: UserId.optional() })),
  messages: z.array(
    z.strictObject({
      id: z.string(),
      message_status: z.enum(['accepted', 'held_for_quality_assessment', 'paused']).optional(),
    }),
  ),
});
/** Of the number, with `?fields=display_phone_number`. */
export const PhoneNumber = z.strictObject({ id: z.string(), display_phone_number: z.string() });
export const GraphError = z.strictObject({
  error: z.strictObject({
    message: z.string(),
    type: z.string(),
    code: z.number().int(),
    error_subcode: z.number().int().optional(),
    fbtrace_id: z.string().optional(),
    is_transient: z.boolean().optional(),
    error_user_title: z.string().optional(),
    error_user_msg: z.string().optional(),
    error_data: z.strictObject({ messaging_product: z.literal('whatsapp'), details: z.string() }).optional(),
  }),
});

const Seconds = z.string().regex(/^\d{1,12}$/);
/** Empty or absent for who shows no number: the newer page says absent, the older one said empty. */
const NumberOrNone = z.union([Digits, z.literal('')]).optional();
const Errors = z.array(
  z.strictObject({
    code: z.number().int(),
    title: z.string(),
    message: z.string().optional(),
    error_data: z.strictObject({ details: z.string() }).optional(),
    href: z.string().optional(),
  }),
);
const Contact = z.strictObject({
  profile: z
    .strictObject({ name: z.string(), username: z.string().optional(), country_code: z.string().optional() })
    .optional(),
  wa_id: NumberOrNone,
  user_id: UserId.optional(),
  parent_user_id: UserId.optional(),
});
const Status = z.strictObject({
  id: z.string(),
  status: z.enum(['sent', 'delivered', 'read', 'failed', 'played']),
  timestamp: Seconds,
  recipient_id: NumberOrNone,
  recipient_type: z.literal('group').optional(),
  recipient_participant_id: z.string().optional(),
  recipient_identity_key_hash: z.string().optional(),
  recipient_user_id: UserId.optional(),
  recipient_parent_user_id: UserId.optional(),
  biz_opaque_callback_data: z.string().max(512).optional(),
  conversation: z
    .strictObject({
      id: z.string(),
      expiration_timestamp: Seconds.optional(),
      origin: z.strictObject({ type: z.string() }),
    })
    .optional(),
  pricing: z
    .strictObject({
      billable: z.boolean(),
      pricing_model: z.enum(['CBP', 'PMP']),
      type: z.enum(['regular', 'free_customer_service', 'free_entry_point']).optional(),
      category: z.string(),
    })
    .optional(),
  errors: Errors.optional(),
});
const said = {
  from: NumberOrNone,
  from_user_id: UserId.optional(),
  from_parent_user_id: UserId.optional(),
  group_id: z.string().optional(),
  id: z.string(),
  timestamp: Seconds,
  context: z.strictObject({ from: z.string(), id: z.string() }).optional(),
};
const Reply = z.strictObject({ id: z.string(), title: z.string(), description: z.string().optional() });
const Said = z.union([
  z.strictObject({ ...said, type: z.literal('text'), text: z.strictObject({ body: z.string() }) }),
  z.strictObject({
    ...said,
    type: z.literal('button'),
    button: z.strictObject({ payload: z.string(), text: z.string() }),
  }),
  z.strictObject({
    ...said,
    type: z.literal('interactive'),
    interactive: z.union([
      z.strictObject({ type: z.literal('button_reply'), button_reply: Reply }),
      z.strictObject({ type: z.literal('list_reply'), list_reply: Reply }),
    ]),
  }),
  z.strictObject({
    ...said,
    type: z.literal('system'),
    system: z.strictObject({
      body: z.string(),
      type: z.enum(['user_changed_number', 'user_changed_user_id']),
      wa_id: NumberOrNone,
      user_id: UserId.optional(),
      parent_user_id: UserId.optional(),
      previous_user_id: UserId.optional(),
      previous_parent_user_id: UserId.optional(),
    }),
  }),
  z.strictObject({
    ...said,
    type: z.literal('image'),
    image: z.strictObject({
      id: z.string(),
      mime_type: z.string(),
      sha256: z.string(),
      url: z.string().optional(),
      caption: z.string().optional(),
    }),
  }),
  z.strictObject({ ...said, type: z.literal('unsupported'), errors: Errors }),
]);
const Preference = z.strictObject({
  wa_id: NumberOrNone,
  user_id: UserId.optional(),
  parent_user_id: UserId.optional(),
  detail: z.string(),
  category: z.literal('marketing_messages'),
  value: z.enum(['stop', 'resume']),
  timestamp: z.number().int().positive(),
});
const about = {
  messaging_product: z.literal('whatsapp'),
  metadata: z.strictObject({ display_phone_number: z.string(), phone_number_id: z.string() }),
  contacts: z.array(Contact).optional(),
};
export const Webhook = z.strictObject({
  object: z.literal('whatsapp_business_account'),
  entry: z.array(
    z.strictObject({
      id: z.string(),
      changes: z.array(
        z.union([
          z.strictObject({
            field: z.literal('messages'),
            value: z.strictObject({ ...about, messages: z.array(Said) }),
          }),
          z.strictObject({
            field: z.literal('messages'),
            value: z.strictObject({ ...about, statuses: z.array(Status) }),
          }),
          z.strictObject({
            field: z.literal('user_preferences'),
            value: z.strictObject({ ...about, user_preferences: z.array(Preference) }),
          }),
        ]),
      ),
    }),
  ),
});
