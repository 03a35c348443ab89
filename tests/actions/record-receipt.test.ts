/** A provider that reports by its own id, before it has told us that id: Viber names a message in no other way. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { recordReceipt } from '../../src/actions/record-receipt.ts';
import { EARLY_RECEIPT_KEPT_MS } from '../../src/rules/delivery.ts';
import type { Message } from '../../src/store/store.ts';
import { linkChat, VIBER_TOKEN, VIBER_USER } from '../carriers.ts';
import { type InProcess, startInProcess } from '../in-process.ts';
import { addPerson } from '../people.ts';
import { rowCounts } from '../row-counts.ts';
import { BIG_TOKEN, startViberPeer, type ViberPeer } from '../viber-peer.ts';
import { callRoute } from '../webhook-route.ts';

const EMAIL = 'jane@example.com';

for (const engine of ['sqlite', 'postgres'] as const)
  describe(`a report that is faster than the answer to its own message, ${engine}`, () => {
    let peer: ViberPeer;
    let program: InProcess;
    let token = BIG_TOKEN;
    /** What happens between Viber's taking a message and our reading its answer. */
    let meanwhile: () => Promise<unknown>;
    before(async () => {
      peer = await startViberPeer(VIBER_TOKEN);
      peer.people.set(VIBER_USER, 0);
      const env = { REGAIN_VIBER_URL: `viber://:${VIBER_TOKEN}@chatapi.viber.com?uri=shop&api=${peer.url}` };
      // Each message with a token of its own; the peer knows one.
      const fetch: typeof globalThis.fetch = async (url, init) => {
        const answer = await globalThis.fetch(url as string, init);
        if (!String(url).endsWith('/send_message')) return answer;
        token += 1n;
        const text = (await answer.text()).replace(String(BIG_TOKEN), String(token));
        await meanwhile();
        return new Response(text, answer);
      };
      program = await startInProcess(engine, env, {}, { fetch });
      const account = await addPerson(program, { emails: [EMAIL] });
      await linkChat(program, account, { channel: 'viber', chat: VIBER_USER });
    });
    beforeEach(() => program.advance(3_600_000));
    after(async () => {
      await program.close();
      await peer.stop();
      assert.deepEqual(peer.problems, []);
    });

    const report = async (event: 'delivered' | 'seen' | 'failed', of = String(token)): Promise<void> => {
      const fields = {
        event,
        user_id: VIBER_USER,
        timestamp: program.now(),
        ...(event === 'failed' ? { desc: 'x' } : {}),
      };
      const { body, headers } = peer.callback(fields, of);
      assert.equal((await callRoute(program, '/webhooks/viber', body, Object.fromEntries(headers))).status, 200);
    };
    const askByViber = async (): Promise<void> => {
      const asked = await program.api('POST', '/recovery', { body: { identifier: EMAIL, channel: 'viber' } });
      assert.equal(asked.status, 202);
      await program.settled();
    };
    const newest = async (): Promise<Message | undefined> => {
      const found = await program.regain.context.store.transaction((tx) =>
        tx.messages.list({ since: program.now() - 60_000, channel: 'viber' }, 1),
      );
      return found[0];
    };
    const codeMails = (): number => program.sink.messages.filter(({ text }) => /^\s*\d{6,8}\s*$/m.test(text)).length;

    for (const event of ['delivered', 'seen'] as const)
      test(`${event}: it arrived, and the code does not go by mail as well`, async () => {
        const mails = codeMails();
        meanwhile = () => report(event);
        await askByViber();
        assert.equal((await newest())?.status, 'delivered');
        for (let seconds = 0; seconds < 30; seconds += 1) await program.advance(1_000);
        assert.equal(codeMails(), mails);
      });

    test('failed: the code goes by mail at once', async () => {
      const mails = codeMails();
      meanwhile = () => report('failed');
      await askByViber();
      assert.equal((await newest())?.status, 'bounced');
      assert.equal(codeMails(), mails + 1);
    });

    test('both, in either order: what was shown was shown', async () => {
      for (const events of [
        ['delivered', 'failed'],
        ['failed', 'delivered'],
      ] as const) {
        meanwhile = async () => {
          for (const event of events) await report(event);
        };
        await askByViber();
        assert.equal((await newest())?.status, 'delivered');
        await program.advance(3_600_000);
      }
    });

    test('at the very moment of the answer', async () => {
      for (let times = 0; times < 5; times += 1) {
        let reported: Promise<void> = Promise.resolve();
        meanwhile = async () => {
          reported = report('delivered');
        };
        await askByViber();
        await reported;
        assert.equal((await newest())?.status, 'delivered');
        await program.advance(3_600_000);
      }
    });

    test('looked for just before the answer was stored, and kept just after', async () => {
      const { context } = program.regain;
      const [looked, settled] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
      let transactions = 0;
      const slow: typeof context.store.transaction = async (work, options) => {
        const done = await context.store.transaction(work, options);
        transactions += 1;
        if (transactions === 1) {
          looked.resolve();
          await settled.promise;
        }
        return done;
      };
      const late = { ...context, store: { ...context.store, transaction: slow } };
      let reported: Promise<unknown> = Promise.resolve();
      meanwhile = () => {
        const receipt = {
          type: 'receipt',
          providerId: String(token),
          status: 'delivered',
          at: 0,
          reason: null,
        } as const;
        reported = recordReceipt(late, 'viber', receipt);
        return looked.promise;
      };
      await askByViber();
      assert.equal((await newest())?.status, 'sent');
      settled.resolve();
      await reported;
      assert.equal((await newest())?.status, 'delivered');
    });

    test('what is told of messages that are none of ours is forgotten after a minute', async () => {
      const kept = async (): Promise<number | undefined> =>
        (await rowCounts(program.regain.config.database)).early_receipts;
      await report('delivered', '4912661846655230001');
      await report('delivered', '4912661846655230002');
      await report('delivered', '4912661846655230002');
      assert.equal(await kept(), 2);
      program.jump(EARLY_RECEIPT_KEPT_MS + 1);
      await report('delivered', '4912661846655230003');
      assert.equal(await kept(), 1);
    });
  });
