/** Without script a person asks for news of his message by a link, for as long as there may be any; on both engines. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { recordReceipt } from '../../src/actions/record-receipt.ts';
import { CODE_LIFETIME_MS, FATE_SHOWN_AFTER_MS } from '../../src/rules/limits.ts';
import { CARRIERS, type Carrier } from '../carriers.ts';
import { type InProcess, startInProcess } from '../in-process.ts';
import { addPerson, OLD_PASSWORD } from '../people.ts';
import { Visitor } from '../visitor.ts';

for (const engine of ['sqlite', 'postgres'] as const)
  describe(`news without script, on ${engine}`, () => {
    let program: InProcess;
    let texts: Carrier;
    before(async () => {
      texts = await CARRIERS.twilio();
      program = await startInProcess(engine, { ...texts.env, REGAIN_BUSY_HOUR_SENDS: '10000' });
    });
    after(async () => {
      await program.close();
      await texts.stop();
    });

    const visitor = (): Visitor =>
      new Visitor((request) => program.regain.fetch(request, { peer: '127.0.0.1' }), program.regain.config.origin);
    const asked = async (path: '/recover' | '/register', identifier: string, by = visitor()): Promise<Visitor> => {
      assert.equal((await by.post(path, { identifier })).url, `${path}/code`);
      await program.settled();
      return by;
    };
    /** What the line says, and whether it offers news. */
    const lineOf = async (by: Visitor, base: '/recover' | '/register'): Promise<[words: string, link: boolean]> => {
      const { text } = await by.get(`${base}/code`);
      const [, words = 'none'] = /<p role="status">([^<]*)/.exec(text) ?? [];
      return [words, text.includes(`<a href="${base}/code" data-without-script>Check again</a>`)];
    };
    const newest = async (status: 'delivered' | 'failed'): Promise<void> => {
      const { context } = program.regain;
      const mails = await context.store.transaction((tx) => tx.messages.list({ since: 0, channel: 'email' }, 100));
      const receipt = { type: 'receipt', providerId: '', messageId: mails[0]?.id ?? '', at: program.now() } as const;
      await recordReceipt(context, 'email', { ...receipt, status, reason: status === 'failed' ? '5.1.1' : '' });
      await program.settled();
    };

    for (const [status, words] of [
      ['delivered', 'has arrived'],
      ['failed', 'could not be delivered'],
    ] as const)
      test(`who registers can ask until the mail has ${status === 'failed' ? 'come back' : 'arrived'}`, async () => {
        const by = await asked('/register', `new-${status}@example.com`);
        assert.equal((await lineOf(by, '/register'))[1], true, 'while it waits');
        await program.advance(FATE_SHOWN_AFTER_MS);
        const [sent, link] = await lineOf(by, '/register');
        assert.ok(!sent.includes(words) && link, sent);
        await newest(status);
        const [over, still] = await lineOf(by, '/register');
        assert.ok(over.includes(words) && !still, over);
      });

    test('a recovery by mail offers news while it waits and once it was sent, whoever has the address', async () => {
      await addPerson(program, { emails: ['known@example.com'] });
      const lines: unknown[] = [];
      for (const identifier of ['known@example.com', 'noone@example.com']) {
        const by = await asked('/recover', identifier);
        const waiting = await lineOf(by, '/recover');
        await program.advance(FATE_SHOWN_AFTER_MS);
        const sent = await lineOf(by, '/recover');
        assert.deepEqual([waiting[1], sent[1]], [true, true]);
        lines.push([waiting, sent]);
      }
      assert.deepEqual(lines[0], lines[1]);
    });

    test('by phone a stranger’s line has said all once the message is on its way, whoever has the number', async () => {
      await addPerson(program, { emails: [], phones: ['+12125550121'] });
      const lines: unknown[] = [];
      for (const base of ['/recover', '/register'] as const)
        for (const identifier of ['+12125550121', '+12125550122']) {
          const by = await asked(base, identifier);
          const waiting = await lineOf(by, base);
          await program.advance(15_000);
          const sent = await lineOf(by, base);
          assert.deepEqual([waiting[1], sent[1]], [true, false], base);
          lines.push([base, waiting, sent]);
        }
      assert.deepEqual(lines[0], lines[1]);
      assert.deepEqual(lines[2], lines[3]);
    });

    test('a browser that has signed in is told the truth of a text, so it can ask for it', async () => {
      await addPerson(program, { emails: [], phones: ['+12125550101'] });
      const owner = visitor();
      await owner.post('/sign-in', { identifier: '+12125550101', password: OLD_PASSWORD });
      await asked('/recover', '+12125550101', owner);
      const [sent, link] = await lineOf(owner, '/recover');
      assert.equal(link, true);
      await texts.report?.(program, 'delivered');
      await program.settled();
      const [arrived, still] = await lineOf(owner, '/recover');
      assert.notEqual(arrived, sent);
      assert.equal(still, false);
    });

    test('a code that has died has no news', async () => {
      const by = await asked('/register', 'late@example.com');
      await program.advance(CODE_LIFETIME_MS);
      assert.deepEqual(await lineOf(by, '/register'), ['none', false]);
    });
  });
