/** The line under "enter the code" that says what became of the message: asked for once as JSON, or followed as server-sent events. */
import { setTimeout as wait } from 'node:timers/promises';
import type { Context as HttpContext } from 'hono';
import { stream } from 'hono/streaming';
import type { StreamingApi } from 'hono/utils/stream';
import type { Purpose } from '../rules/codes.ts';
import type { ShownStatus } from '../rules/delivery.ts';
import { Refusal } from '../rules/errors.ts';
import type { OpenStream } from './open-streams.ts';
import { deliveryWords } from './pages/recover-code.ts';
import { originOf, viewOf, type Web } from './request.ts';
import type { Handler } from './routes.ts';
import { proofOf } from './typed-code.ts';

/**
 * Looked at every second while the message waits to leave, then every five: at fixed times from the opening on, so that a
 * stream tells nothing of times that asking could not tell.
 */
const WAITING_LOOK_MS = 1_000;
const LATER_LOOK_MS = 5_000;
/** Proxies close what is silent for a minute. */
const SIGN_OF_LIFE_MS = 20_000;
/** Then the browser opens the next one, with the cookies that it has by then, and a place goes to whoever waits for one. */
const STREAM_LASTS_MS = 120_000;
const REOPENED_AFTER_MS = 1_000;

interface News {
  delivery: ShownStatus;
  state: string;
  /** Only for a browser that has signed in to the account; for everybody else the page has the words. */
  words?: string;
}

export const showStatus =
  (purpose: Purpose): Handler =>
  async (web, c) => {
    c.header('Vary', 'Accept');
    if (wantsStream(c)) return followStatus(web, c, purpose);
    const news = await newsOf(web, c, purpose);
    if (!news) throw new Refusal('recovery_not_found');
    return c.json(news);
  };

/** A HEAD request is answered without its stream, which nobody would then read or close. */
function wantsStream(c: HttpContext): boolean {
  return c.req.raw.method === 'GET' && (c.req.header('accept') ?? '').includes('text/event-stream');
}

async function followStatus(web: Web, c: HttpContext, purpose: Purpose): Promise<Response> {
  // Says that there is nothing to come back for (HTML, 9.2.1).
  if (!(await newsOf(web, c, purpose))) return c.body(null, 204);
  const place = web.streams.enter(originOf(web, c).source);
  if (!place) throw new Refusal('unavailable', { retryAfterSeconds: 60 });
  // nginx holds back what it is not told to pass on at once.
  c.header('X-Accel-Buffering', 'no');
  c.header('Content-Type', 'text/event-stream');
  // Not streamSSE: it names headers of the connection, which HTTP/2 forbids, and allows the answer to be kept.
  return stream(c, async (answer) => {
    answer.onAbort(place.leave);
    try {
      await tellNews(() => newsOf(web, c, purpose), answer, place);
    } catch (error) {
      // The stream ends, and the browser opens the next one.
      web.context.log.error('stream-fault', { error: String(error) });
    } finally {
      place.leave();
    }
  });
}

/** One event for each change, until nothing more can happen or the stream has lasted long enough. */
async function tellNews(
  look: () => Promise<News | undefined>,
  answer: StreamingApi,
  { ended }: OpenStream,
): Promise<void> {
  let told = '';
  let silentMs = 0;
  for (let openMs = 0; openMs < STREAM_LASTS_MS && !ended.aborted; ) {
    const news = await look();
    if (!news) return;
    const data = JSON.stringify(news);
    if (data !== told) {
      await answer.write(`retry: ${REOPENED_AFTER_MS}\ndata: ${data}\n\n`);
      silentMs = 0;
    } else if (silentMs >= SIGN_OF_LIFE_MS) {
      await answer.write(':\n\n');
      silentMs = 0;
    }
    told = data;
    const lookMs = news.delivery === 'queued' ? WAITING_LOOK_MS : LATER_LOOK_MS;
    await wait(lookMs, undefined, { signal: ended }).catch(() => {});
    openMs += lookMs;
    silentMs += lookMs;
  }
}

async function newsOf(web: Web, c: HttpContext, purpose: Purpose): Promise<News | undefined> {
  const proof = await proofOf(web, c, purpose);
  if (!proof) return undefined;
  const words = proof.by === undefined ? {} : { words: deliveryWords(viewOf(web, c), proof) };
  return { delivery: proof.delivery, state: proof.state, ...words };
}
