/** A provider of texts that takes its time, as long as the test wants. */
export interface Held {
  answer(status?: number): void;
  /** The provider has it, and nobody learns of it. */
  lose(): void;
}

/** Calls of the provider of texts: each waits to be told how it ends. */
export function heldCalls(env: Record<string, string>) {
  const origin = new URL(env.REGAIN_SMS_URL ?? '').origin;
  const waiting: Held[] = [];
  let count = 0;
  let answered = 0;
  let isHolding = true;
  let reached = Promise.withResolvers<void>();
  const held: typeof fetch = async (url, init) => {
    if (!String(url).startsWith(origin)) return fetch(url as string, init);
    count += 1;
    const end = Promise.withResolvers<number>();
    const lost = Object.assign(new TypeError('fetch failed'), { cause: { code: 'UND_ERR_SOCKET' } });
    waiting.push({ answer: (status = 200) => end.resolve(status), lose: () => end.reject(lost) });
    reached.resolve();
    const status = isHolding ? await end.promise : 200;
    if (status === 200) answered += 1;
    return new Response('', { status });
  };
  return {
    fetch: held,
    count: () => count,
    /** How many it took and said so. */
    answered: () => answered,
    answerAll(): void {
      isHolding = false;
      for (const { answer } of waiting.splice(0)) answer();
    },
    async next(): Promise<Held> {
      if (waiting.length === 0) await reached.promise;
      reached = Promise.withResolvers<void>();
      return waiting.shift() as Held;
    },
  };
}
