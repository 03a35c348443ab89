/**
 * Which requests begin in a round of the event loop. One thread serves everybody, and the worker's mails with it: a mail takes a
 * dozen rounds, and in a flood each round was as long as all the requests that had arrived. So a few begin in each, the others
 * in the next ones, and networks take turns: who opens a thousand connections waits behind himself.
 */
import type { Context as HttpContext, MiddlewareHandler } from 'hono';
import { FairQueue } from '../rules/fair-queue.ts';

/** Of about a millisecond each. What fewer and more did is in decision 0045. */
const BEGUN_IN_A_ROUND = 8;
/** This machine, where one address stands for everybody. */
const UNNAMED = '';

/** @param sourceOf the client's network */
export function begunInTurn(sourceOf: (c: HttpContext) => string | undefined): MiddlewareHandler {
  const waiting = new FairQueue<() => void>();
  let asked = false;

  function ask(): void {
    asked = true;
    setImmediate(() => {
      for (let begun = 0; begun < BEGUN_IN_A_ROUND; begun += 1) waiting.next()?.();
      asked = false;
      if (waiting.size > 0) ask();
    });
  }

  return async (c, next) => {
    await new Promise<void>((begin) => {
      waiting.add(sourceOf(c) ?? UNNAMED, begin);
      if (!asked) ask();
    });
    await next();
  };
}
