import type { Context } from '../actions/context.ts';
import { recordChatEvent } from '../actions/record-chat-event.ts';
import { recordReceipt } from '../actions/record-receipt.ts';
import type { ChannelEvent } from '../ports.ts';
import { type Channel, isMessenger } from '../rules/delivery.ts';

/** Records what a phone tells: of a message or of a person. */
export function recorderOf(context: Context): (channel: Channel, event: ChannelEvent) => Promise<void> {
  return async (channel, event) => {
    if (event.type === 'receipt') await recordReceipt(context, channel, event);
    else if (isMessenger(channel)) await recordChatEvent(context, channel, event);
  };
}
