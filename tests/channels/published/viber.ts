/** What Viber publishes of its REST bot API, field by field, in our own words. */
import { z } from 'zod';
import type { Source } from './source.ts';

export const SOURCES: readonly Source[] = [
  {
    what: 'Viber, REST bot API: webhooks, messages, keyboards, account info, events, errors',
    address: 'https://github.com/Viber/creators-hub (docs/bots-api, shown at creators.viber.com/docs/bots-api)',
    version: 'revision 2c1217f1158bb382d1f91a7b2e37d0099f9110ab; keyboards of 091cb7bd71d414f410f1b2499f32d2ce33b64deb',
    read: '2026-11-25',
  },
  {
    what: "Viber, signatures of events: its own library, because the pages don't say",
    address: 'https://github.com/Viber/viber-bot-node',
    version: '1.0.18',
    read: '2026-11-25',
  },
];

const EVENT_TYPES = ['delivered', 'seen', 'failed', 'subscribed', 'unsubscribed', 'conversation_started'] as const;
/** Bigger than 2^53 in every example, so more than "integer" can't be asked of a parsed one. */
const messageToken = z.number().positive();
const hexColor = z.string().regex(/^#[0-9A-Fa-f]{6}$/);
const scale = z.enum(['crop', 'fill', 'fit']);

/** Those of API level 1, which is all that a keyboard for everybody may have; later levels are named beside. */
const Button = z.strictObject({
  Columns: z.number().int().min(1).max(6).optional(),
  Rows: z.number().int().min(1).max(7).optional(),
  BgColor: hexColor.optional(),
  Silent: z.boolean().optional(),
  BgMediaType: z.enum(['picture', 'gif']).optional(),
  BgMedia: z.url().optional(),
  BgMediaScaleType: scale.optional(),
  ImageScaleType: scale.optional(),
  BgLoop: z.boolean().optional(),
  ActionType: z.enum(['reply', 'open-url', 'location-picker', 'share-phone', 'buy', 'none']).optional(),
  ActionBody: z.string().min(1),
  Image: z.url().optional(),
  Text: z.string().max(250).optional(),
  TextVAlign: z.enum(['top', 'middle', 'bottom']).optional(),
  TextHAlign: z.enum(['left', 'center', 'right']).optional(),
  TextOpacity: z.number().int().min(0).max(100).optional(),
  TextSize: z.enum(['small', 'regular', 'large']).optional(),
  OpenURLType: z.enum(['internal', 'external']).optional(),
  OpenURLMediaType: z.enum(['not-media', 'video', 'gif', 'picture']).optional(),
  TextBgGradientColor: hexColor.optional(),
  // Level 3: InternalBrowser. Level 4: TextPaddings. Level 6: TextShouldFit, Map, Frame, Mediaplayer.
});
const Keyboard = z.strictObject({
  /** In every example, in no table. */
  Type: z.literal('keyboard'),
  Buttons: z.array(Button).min(1),
  BgColor: hexColor.optional(),
  DefaultHeight: z.boolean().optional(),
  // Level 3: CustomDefaultHeight, HeightScale. Level 4: ButtonsGroupColumns, ButtonsGroupRows, InputFieldState.
});
const text = {
  min_api_version: z.number().int().min(1).optional(),
  sender: z.strictObject({ name: z.string().min(1).max(28), avatar: z.url().optional() }),
  tracking_data: z.string().max(4000).optional(),
  type: z.literal('text'),
  text: z.string().min(1).max(7000),
  keyboard: Keyboard.optional(),
};

export const MESSAGE_MAX_BYTES = 30_000;
export const SendMessage = z.strictObject({ receiver: z.string().min(1), ...text });
/** The answer to `conversation_started`: the same without a receiver. */
export const Welcome = z.strictObject(text);
export const SetWebhook = z.strictObject({
  url: z.url({ protocol: /^https$/ }),
  event_types: z.array(z.enum(EVENT_TYPES)).optional(),
  send_name: z.boolean().optional(),
  send_photo: z.boolean().optional(),
});
/** Published as GET; Viber's own libraries, and its older pages, post an empty object. */
export const GetAccountInfo = z.strictObject({});

/** Success is 0; what else there is, is in ERRORS. */
const status = { status: z.number().int(), status_message: z.string() };
export const MessageSent = z.strictObject({
  ...status,
  message_token: messageToken.optional(),
  chat_hostname: z.string(),
  /** 0 free, 1 and 2 in a session, 3 and 4 free outside of one, 5 billed. */
  billing_status: z.number().int().min(0).max(5).optional(),
});
export const WebhookSet = z.strictObject({ ...status, event_types: z.array(z.enum(EVENT_TYPES)).optional() });
export const AccountInfo = z.strictObject({
  ...status,
  id: z.string(),
  name: z.string().max(75),
  uri: z.string(),
  icon: z.string().optional(),
  background: z.string().optional(),
  category: z.string().optional(),
  subcategory: z.string().optional(),
  location: z.strictObject({ lon: z.number(), lat: z.number() }).optional(),
  country: z.string().optional(),
  webhook: z.string().optional(),
  event_types: z.array(z.string()).optional(),
  subscribers_count: z.number().int(),
  members: z.array(z.unknown()).optional(),
});

/** 18 stands on the older pages only. */
export const ERRORS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 19, 20, 21, 22, 23, 24] as const;

const Subscriber = z.strictObject({
  id: z.string().min(1),
  name: z.string().optional(),
  avatar: z.string().optional(),
  country: z.string().optional(),
  language: z.string().optional(),
  api_version: z.number().int().optional(),
});
const event = <T extends string>(name: T) => ({
  event: z.literal(name),
  /** Milliseconds. */
  timestamp: z.number().int().positive(),
  message_token: messageToken,
});
export const Event = z.union([
  z.strictObject(event('webhook')),
  z.strictObject({ ...event('delivered'), user_id: z.string() }),
  z.strictObject({ ...event('seen'), user_id: z.string() }),
  z.strictObject({ ...event('failed'), user_id: z.string(), desc: z.string() }),
  z.strictObject({ ...event('subscribed'), user: Subscriber }),
  z.strictObject({ ...event('unsubscribed'), user_id: z.string() }),
  z.strictObject({
    ...event('conversation_started'),
    type: z.literal('open'),
    /** What stood in the link; absent without one. */
    context: z.string().optional(),
    user: Subscriber,
    subscribed: z.boolean(),
  }),
  z.strictObject({
    ...event('message'),
    sender: Subscriber,
    message: z.strictObject({
      type: z.enum(['text', 'picture', 'video', 'file', 'contact', 'location', 'url', 'sticker', 'rich_media']),
      text: z.string().optional(),
      media: z.string().optional(),
      location: z.strictObject({ lat: z.number(), lon: z.number() }).optional(),
      tracking_data: z.string().optional(),
    }),
  }),
]);
