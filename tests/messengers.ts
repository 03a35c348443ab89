/** The program with a Telegram bot and a Viber bot at its network's edge, and people who link their chats. */
import assert from 'node:assert/strict';
import type { WebhookCall } from '../src/ports.ts';
import type { ENGINES } from './engines.ts';
import { type InProcess, startInProcess } from './in-process.ts';
import { type Owners, owners } from './owners.ts';
import { OLD_PASSWORD } from './people.ts';
import { startTelegramPeer, type TelegramPeer } from './telegram-peer.ts';
import { startViberPeer, type ViberPeer } from './viber-peer.ts';
import type { Answer, Visitor } from './visitor.ts';

const TELEGRAM_TOKEN = '123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw';
const VIBER_TOKEN = '445da6az1s345z78-dazcczb2542zv51a-e0vc5fva17480im9';
export const LINK_COOKIE = '__Host-regain-link';

export interface WithMessengers {
  program: InProcess;
  people: Owners;
  telegram: TelegramPeer;
  viber: ViberPeer;
  /** Asks for a link with the current password. Returns the token that stands in it. */
  askToLink(owner: Visitor, messenger?: 'telegram' | 'viber'): Promise<string>;
  /** Somebody opens the link in Telegram and presses "Start"; `at` by Telegram's clock, now where it is left out. */
  start(chat: number, token: string, more?: { first_name?: string; last_name?: string; at?: number }): Promise<void>;
  /** Somebody writes to the bot. */
  says(chat: number, text: string, at?: number): Promise<void>;
  /** Says yes or no to what the page asks. */
  answer(owner: Visitor, answer: 'yes' | 'no'): Promise<Answer>;
  /** All three steps, with a chat of this number. */
  link(owner: Visitor, chat: number): Promise<void>;
  /** Posts what a messenger would. */
  call(messenger: string, call: WebhookCall): Promise<Response>;
  close(): Promise<void>;
}

export async function startWithMessengers(
  engine: keyof typeof ENGINES,
  settings: Record<string, string> = {},
): Promise<WithMessengers> {
  const telegram = await startTelegramPeer(TELEGRAM_TOKEN);
  const viber = await startViberPeer(VIBER_TOKEN);
  const program = await startInProcess(engine, {
    REGAIN_TELEGRAM_URL: `telegram://${TELEGRAM_TOKEN}@api.telegram.org/shop_bot?api=${telegram.url}`,
    REGAIN_VIBER_URL: `viber://:${VIBER_TOKEN}@chatapi.viber.com?uri=shop&api=${viber.url}`,
    ...settings,
  });
  while (!telegram.webhook || !viber.webhook) await new Promise(setImmediate);
  const world: WithMessengers = {
    program,
    people: owners(program),
    telegram,
    viber,
    async askToLink(owner, messenger = 'telegram') {
      const page = await owner.post(`/account/messengers/link/${messenger}`, { password: OLD_PASSWORD });
      assert.equal(page.url, `/account/messengers/confirm/${messenger}`);
      return tokenIn(page);
    },
    async start(chat, token, { first_name = 'Jane', last_name, at = program.now() } = {}) {
      if (!telegram.chats.has(chat)) telegram.chats.set(chat, 'active');
      await message(chat, `/start ${token}`, at, { first_name, ...(last_name === undefined ? {} : { last_name }) });
    },
    says: (chat, text, at = program.now()) => message(chat, text, at, { first_name: 'Jane' }),
    async answer(owner, answer) {
      const page = await owner.get('/account/messengers/confirm/telegram');
      return owner.post('/account/messengers/confirm/telegram', { offer: offerIn(page), answer });
    },
    async link(owner, chat) {
      await world.start(chat, await world.askToLink(owner));
      assert.equal((await world.answer(owner, 'yes')).url, '/account?notice=messenger-linked');
      await program.settled();
    },
    call: (messenger, { url: _, method, headers, body }) =>
      program.regain.fetch(
        new Request(`${program.regain.config.origin}/webhooks/${messenger}`, {
          method,
          headers,
          body: Buffer.from(body),
        }),
        { peer: '127.0.0.1' },
      ),
    async close() {
      await program.close();
      await telegram.stop();
      await viber.stop();
      assert.deepEqual([...telegram.problems, ...viber.problems], []);
    },
  };
  return world;

  async function message(
    id: number,
    text: string,
    at: number,
    from: { first_name: string; last_name?: string },
  ): Promise<void> {
    const update = telegram.update({
      message: {
        message_id: 12,
        date: Math.floor(at / 1000),
        chat: { id, type: 'private', ...from },
        from: { id, is_bot: false, ...from },
        text,
      },
    });
    assert.equal((await world.call('telegram', update)).status, 200);
    await program.settled();
  }
}

/** The token of the deep link on the page that waits. */
export function tokenIn({ text }: Answer): string {
  const token = /href="(?:https:\/\/t\.me\/shop_bot\?start=|viber:\/\/pa\?chatURI=shop&amp;context=)([\w-]{32})"/.exec(
    text,
  );
  assert.ok(token?.[1], `a deep link in:\n${text}`);
  return token[1];
}

/** What the question's form sends along. */
export function offerIn({ text }: Answer): string {
  return /name="offer" value="([^"]+)"/.exec(text)?.[1] ?? '';
}

/** The rows of the account page below "Messengers", as a person reads them. */
export function messengersOf(page: string): string[] {
  const list = /id="messengers">[\s\S]*?<ul class="rows">([\s\S]*?)<\/ul>/.exec(page)?.[1] ?? '';
  return [...list.matchAll(/<li>([\s\S]*?)<\/li>/g)].map(([, row = '']) =>
    row
      .replace(/<[^>]+>/g, ' ')
      .replace(/\s+/g, ' ')
      .trim(),
  );
}
