/** Telegram has two ways to a person: the bot to a chat that was linked, and the Gateway to a phone number. */
import type { OutgoingText, TextChannel } from '../ports.ts';
import type { SendOutcome } from '../rules/delivery.ts';

export interface TelegramWays {
  chats?: TextChannel;
  numbers?: TextChannel;
}

/** A number is written in E.164, a chat's id is digits alone. */
export function telegramWays({ chats, numbers }: TelegramWays): TextChannel {
  const NOWHERE: SendOutcome = { kind: 'unreachable', reason: 'not_configured' };
  return {
    provider: [chats?.provider, numbers?.provider].filter((name) => name !== undefined).join(', '),
    reports: numbers?.reports ?? false,
    send: async (text: OutgoingText) => (text.to.startsWith('+') ? numbers : chats)?.send(text) ?? NOWHERE,
    async close() {
      await chats?.close();
      await numbers?.close();
    },
  };
}
