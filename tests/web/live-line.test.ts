/** The line under "enter the code" as server-sent events: what is told, to whom, how many may listen, and when it ends. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { FATE_SHOWN_AFTER_MS } from '../../src/rules/limits.ts';
import { type InProcess, startInProcess } from '../in-process.ts';
import { addPerson, codeIn } from '../people.ts';
import { Visitor } from '../visitor.ts';

const ORIGIN = 'https://accounts.shop.example';
const OF_ONE_NETWORK = 50;

for (const engine of ['sqlite', 'postgres'] as const)
  describe(`the live line, ${engine}`, () => {
    let program: InProcess;
    before(async () => {
      program = await startInProcess(engine, { REGAIN_TRUST_PROXY: '1', REGAIN_BUSY_HOUR_SENDS: '10000' });
    });
    after(() => program.close());

    const fetch = (request: Request): Promise<Response> => program.regain.fetch(request, { peer: '127.0.0.1' });

    async function asked(identifier: string): Promise<Visitor> {
      const visitor = new Visitor(fetch, ORIGIN);
      const { url } = await visitor.post('/recover', { identifier });
      assert.equal(url, '/recover/code');
      await program.settled();
      return visitor;
    }

    /** @param address of the client, as the trusted proxy says */
    async function open(visitor: Visitor, address?: string, method = 'GET'): Promise<Listener> {
      const headers = {
        Accept: 'text/event-stream',
        Cookie: [...visitor.cookies].map(([name, value]) => `${name}=${value}`).join('; '),
        ...(address === undefined ? {} : { 'X-Forwarded-For': address }),
      };
      return new Listener(await fetch(new Request(`${ORIGIN}/recover/status`, { method, headers })));
    }

    test('says at once what asking says, and again when that changes', async () => {
      await addPerson(program, { emails: ['told@example.com'] });
      const visitor = await asked('told@example.com');
      const line = await open(visitor);
      assert.equal(line.response.status, 200);
      assert.match(line.response.headers.get('content-type') ?? '', /^text\/event-stream/);
      assert.equal(line.response.headers.get('cache-control'), 'no-store');
      assert.equal(line.response.headers.get('x-accel-buffering'), 'no');
      assert.equal(line.response.headers.get('set-cookie'), null);
      assert.deepEqual(await line.next(), { delivery: 'queued', state: 'code_sent' });
      assert.deepEqual(JSON.parse((await visitor.get('/recover/status')).text), {
        delivery: 'queued',
        state: 'code_sent',
      });
      await program.advance(FATE_SHOWN_AFTER_MS);
      assert.deepEqual(await line.next(), { delivery: 'sent', state: 'code_sent' });
      await line.leave();
    });

    test('says the same, byte by byte, of an address and a number that nobody has', async () => {
      await addPerson(program, { emails: ['same@example.com'], phones: ['+4915112345670'] });
      const transcripts = [];
      for (const identifier of ['same@example.com', 'none@example.com', '+4915112345670', '+4915112345671']) {
        const line = await open(await asked(identifier));
        await line.next();
        await program.advance(FATE_SHOWN_AFTER_MS);
        await line.next();
        transcripts.push(line.heard);
        await line.leave();
      }
      assert.deepEqual(new Set(transcripts).size, 1, transcripts.join('\n'));
    });

    test('ends with the proof that it is of: the next opening has the cookie of the next one', async () => {
      await addPerson(program, { emails: ['over@example.com'] });
      const visitor = await asked('over@example.com');
      const line = await open(visitor);
      await line.next();
      const mail = program.sink.messages.findLast(({ to }) => to === 'over@example.com');
      await visitor.post('/recover/code', { code: codeIn(mail as NonNullable<typeof mail>) });
      assert.equal(await line.next(), undefined);
      const next = await open(visitor);
      assert.deepEqual(await next.next(), { delivery: 'queued', state: 'verified' });
      await next.leave();
    });

    test('without an attempt there is nothing to come back for; a HEAD request holds nothing open', async () => {
      const nobody = await open(new Visitor(fetch, ORIGIN));
      assert.deepEqual([nobody.response.status, await nobody.next()], [204, undefined]);
      const head = await open(await asked('head@example.com'), undefined, 'HEAD');
      assert.deepEqual([head.response.status, head.response.headers.get('content-type')], [200, 'application/json']);
    });

    test('one network has so many places, others have theirs, and who finds none can ask', async () => {
      const visitor = await asked('crowd@example.com');
      const crowd = [];
      for (let opened = 0; opened < OF_ONE_NETWORK; opened += 1) crowd.push(await open(visitor, '198.51.100.7'));
      const refused = await open(visitor, '198.51.100.7');
      assert.equal(refused.response.status, 503);
      assert.equal(refused.response.headers.get('retry-after'), '60');
      assert.equal((await visitor.get('/recover/status', { 'X-Forwarded-For': '198.51.100.7' })).status, 200);
      const elsewhere = await open(visitor, '203.0.113.4');
      assert.equal(elsewhere.response.status, 200);

      await crowd.pop()?.leave();
      const again = await open(visitor, '198.51.100.7');
      assert.equal(again.response.status, 200);
      for (const line of [...crowd, elsewhere, again]) await line.leave();
    });

    // By itself a stream ends after two minutes.
    test('when the server ends, every line does, and none that is opened afterwards stays', {
      timeout: 60_000,
    }, async () => {
      const visitor = await asked('ending@example.com');
      const line = await open(visitor);
      await line.next();
      program.regain.endStreams();
      assert.equal(await line.next(), undefined);
      const late = await open(visitor);
      while ((await late.next()) !== undefined);
    });
  });

/** Reads event after event. */
class Listener {
  readonly response: Response;
  heard = '';
  readonly #reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  readonly #decoder = new TextDecoder();
  #rest = '';

  constructor(response: Response) {
    this.response = response;
    this.#reader = response.body?.getReader();
  }

  /** What the next event says; undefined where the stream has ended. */
  async next(): Promise<unknown> {
    for (;;) {
      const [event, ...others] = this.#rest.split('\n\n');
      if (others.length > 0) {
        this.#rest = others.join('\n\n');
        const data = /^data: (.*)$/m.exec(event ?? '')?.[1];
        if (data !== undefined) return JSON.parse(data);
        continue;
      }
      const { done, value } = (await this.#reader?.read()) ?? { done: true, value: undefined };
      if (done) return undefined;
      const text = this.#decoder.decode(value, { stream: true });
      this.heard += text;
      this.#rest += text;
    }
  }

  async leave(): Promise<void> {
    await this.#reader?.cancel();
  }
}
