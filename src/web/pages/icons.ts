/** Line drawings of 24 units, drawn in the current colour; decoration only, so hidden from assistive technology. */
import { html } from 'hono/html';
import type { Channel } from '../../rules/delivery.ts';
import type { Html } from './layout.ts';

const PATHS = {
  person: 'M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8Zm-7.5 8a7.5 7.5 0 0 1 15 0',
  search: 'M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13Zm5-1.5L20 20',
  envelope: 'M4 6h16v12H4zM4.5 6.5 12 13l7.5-6.5',
  phone: 'M7 3h10v18H7zM11 18h2',
  key: 'M8.5 19a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9ZM11.7 11.3 19 4m-3 3 3 3',
  shield: 'M12 3.5 5 6v5.5c0 4.4 3 7.4 7 9 4-1.6 7-4.6 7-9V6Zm-3 8.3 2.2 2.2 3.8-4',
  hand: 'M8 3.5h8l4.5 4.5v8L16 20.5H8L3.5 16V8ZM12 8v4.5m0 3v.1',
  check: 'm5 12.5 4.5 4.5L19 7.5',
  help: 'M12 20.5a8.5 8.5 0 1 0 0-17 8.5 8.5 0 0 0 0 17ZM9.7 9.5a2.4 2.4 0 1 1 3.4 2.2c-.8.4-1.1.9-1.1 1.8m0 2.9v.1',
  chat: 'M4 5.5h16v11H11l-4.5 4v-4H4Zm4.5 4h7m-7 3h4.5',
  clock: 'M12 20.5a8.5 8.5 0 1 0 0-17 8.5 8.5 0 0 0 0 17ZM12 7.5V12l3 2',
  swap: 'M5 8.5h14l-4-4M19 15.5H5l4 4',
  again: 'M5.5 9.5a7 7 0 1 1-.6 5M5 4.5v5h5',
  eye: 'M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12Zm9.5 2.8a2.8 2.8 0 1 0 0-5.6 2.8 2.8 0 0 0 0 5.6Z',
  telegram: 'M20.5 4 3.5 10.8l5.2 2 2 6 3-4 4.3 3.2ZM8.7 12.8 16.5 7.5',
  whatsapp:
    'm4 20 1.2-4a8 8 0 1 1 3 2.9ZM9 8.6c-.3 3.4 3 6.5 6.3 6.3l.6-1.7-2-1.1-1 .8a4.6 4.6 0 0 1-1.9-1.9l.8-1-1.1-2Z',
  viber: 'M5 4h14v12h-6.5L8 20v-4H5ZM9 8.2c-.2 2.9 2.1 5.1 5 5m-2-5.2a3 3 0 0 1 2.8 2.8',
  more: 'M12 6v.1m0 5.9v.1m0 5.9v.1',
  warn: 'M12 4 2.8 19.5h18.4ZM12 10v4.5m0 2.5v.1',
} as const;
export type Icon = keyof typeof PATHS;

export function channelIcon(channel: Channel): Icon {
  if (channel === 'email') return 'envelope';
  return channel === 'sms' ? 'phone' : channel;
}

export function icon(name: Icon): Html {
  return html`<svg class="icon" viewBox="0 0 24 24" width="24" height="24" aria-hidden="true"><path d="${PATHS[name]}"/></svg>`;
}
