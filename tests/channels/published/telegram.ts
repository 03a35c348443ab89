/**
 * What Telegram publishes of its Bot API, field by field, in our own words. The compiler compares names and types with the
 * transcription that grammY keeps (`@grammyjs/types`); limits stand here alone.
 */
import type { ApiMethods, ApiResponse, Message, UserFromGetMe, WebhookInfo } from '@grammyjs/types';
import { z } from 'zod';
import type { Source } from './source.ts';

export const SOURCES: readonly Source[] = [
  {
    what: 'Telegram, Bot API: sendMessage, setWebhook, getWebhookInfo, getMe, setMyCommands, updates',
    address: 'https://core.telegram.org/bots/api',
    version: 'Bot API 10.1 (2026-06-11), names and types by @grammyjs/types 5.0.0',
    read: '2026-11-25',
  },
];

export type Methods = { [K in 'sendMessage' | 'setWebhook' | 'setMyCommands']: Parameters<ApiMethods<never>[K]>[0] };

/** Fields that we never send: known by name, and of whatever shape. */
const unsent = <T>() => z.custom<T>().optional();
type Unsent<K extends keyof Methods['sendMessage']> = NonNullable<Methods['sendMessage'][K]>;

const InlineButton = z.union([
  z.strictObject({ text: z.string().min(1), copy_text: z.strictObject({ text: z.string().min(1).max(256) }) }),
  z.strictObject({ text: z.string().min(1), callback_data: z.string().min(1).max(64) }),
  z.strictObject({ text: z.string().min(1), url: z.url() }),
]);

export const SendMessage = z.strictObject({
  business_connection_id: z.string().optional(),
  chat_id: z.union([z.number().int(), z.string().regex(/^@\w+$/)]),
  message_thread_id: z.number().int().optional(),
  direct_messages_topic_id: z.number().int().optional(),
  ephemeral_message_parameters: unsent<Unsent<'ephemeral_message_parameters'>>(),
  /** Counted after entities are parsed; in UTF-16 units, as all lengths of entities. */
  text: z.string().min(1).max(4096),
  parse_mode: z.enum(['HTML', 'MarkdownV2', 'Markdown']).optional(),
  entities: unsent<Unsent<'entities'>>(),
  link_preview_options: z
    .strictObject({
      is_disabled: z.boolean().optional(),
      url: z.string().optional(),
      prefer_small_media: z.boolean().optional(),
      prefer_large_media: z.boolean().optional(),
      show_above_text: z.boolean().optional(),
    })
    .optional(),
  disable_notification: z.boolean().optional(),
  protect_content: z.boolean().optional(),
  allow_paid_broadcast: z.boolean().optional(),
  suggested_post_parameters: unsent<Unsent<'suggested_post_parameters'>>(),
  message_effect_id: z.string().optional(),
  reply_parameters: unsent<Unsent<'reply_parameters'>>(),
  reply_markup: z.strictObject({ inline_keyboard: z.array(z.array(InlineButton)) }).optional(),
});

export const SetWebhook = z.strictObject({
  url: z.url({ protocol: /^https$/ }).refine(isPortAllowed, 'ports are 443, 80, 88 and 8443'),
  certificate: z.custom<never>(() => false).optional(),
  ip_address: z.string().optional(),
  max_connections: z.number().int().min(1).max(100).optional(),
  allowed_updates: z.array(z.enum(['message', 'edited_message', 'callback_query', 'my_chat_member'])).optional(),
  drop_pending_updates: z.boolean().optional(),
  secret_token: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,256}$/)
    .optional(),
});

function isPortAllowed(url: string): boolean {
  return ['', '443', '80', '88', '8443'].includes(new URL(url).port);
}

export const SetMyCommands = z.strictObject({
  commands: z
    .array(
      z.strictObject({
        command: z.string().regex(/^[a-z0-9_]{1,32}$/),
        description: z.string().min(1).max(256),
        is_ephemeral: z.boolean().optional(),
      }),
    )
    .max(100),
  scope: z.custom<NonNullable<Methods['setMyCommands']['scope']>>().optional(),
  language_code: z.custom<NonNullable<Methods['setMyCommands']['language_code']>>().optional(),
});

/** A parameter that was forgotten or invented here does not compile. `reply_to_message_id` is deprecated. */
type Same<A, B> = [A, B] extends [B, A] ? true : never;
export const NAMES_ARE_COMPLETE: [
  Same<keyof z.infer<typeof SendMessage>, Exclude<keyof Methods['sendMessage'], 'reply_to_message_id'>>,
  Same<keyof z.infer<typeof SetWebhook>, keyof Methods['setWebhook']>,
  Same<keyof z.infer<typeof SetMyCommands>, keyof Methods['setMyCommands']>,
] = [true, true, true];

const PrivateChat = z.strictObject({
  id: z.number().int().positive(),
  type: z.literal('private'),
  first_name: z.string(),
  last_name: z.string().optional(),
  username: z.string().optional(),
});
const Bot = {
  id: z.number().int().positive(),
  is_bot: z.literal(true),
  first_name: z.string(),
  username: z.string(),
};

/** What answers to sendMessage; the many other fields of a message are for other kinds. */
export const SentMessage = z.looseObject({
  message_id: z.number().int().positive(),
  from: z.strictObject(Bot),
  date: z.number().int().positive(),
  chat: PrivateChat,
  text: z.string(),
}) satisfies z.ZodType<Pick<Message.TextMessage, 'message_id' | 'date' | 'text'>>;

export const Me = z.strictObject({
  ...Bot,
  can_join_groups: z.boolean(),
  can_read_all_group_messages: z.boolean(),
  supports_guest_queries: z.boolean().optional(),
  supports_inline_queries: z.boolean(),
  can_connect_to_business: z.boolean(),
  has_main_web_app: z.boolean(),
  has_topics_enabled: z.boolean(),
  allows_users_to_create_topics: z.boolean(),
  can_manage_bots: z.boolean(),
  supports_join_request_queries: z.boolean(),
}) satisfies z.ZodType<UserFromGetMe>;

export const Webhook = z.strictObject({
  /** Empty where there is none. */
  url: z.string(),
  has_custom_certificate: z.boolean(),
  pending_update_count: z.number().int(),
  ip_address: z.string().optional(),
  last_error_date: z.number().int().optional(),
  last_error_message: z.string().optional(),
  last_synchronization_error_date: z.number().int().optional(),
  max_connections: z.number().int().optional(),
  allowed_updates: z.custom<NonNullable<WebhookInfo['allowed_updates']>>().optional(),
}) satisfies z.ZodType<WebhookInfo>;

export const success = <T extends z.ZodType>(result: T) => z.strictObject({ ok: z.literal(true), result });
export const Failure = z.strictObject({
  ok: z.literal(false),
  error_code: z.number().int(),
  description: z.string(),
  parameters: z
    .strictObject({ migrate_to_chat_id: z.number().int().optional(), retry_after: z.number().int().optional() })
    .optional(),
}) satisfies z.ZodType<Extract<ApiResponse<never>, { ok: false }>>;
