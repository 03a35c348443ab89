/** The mail server is down: the page says the same, nothing is lost, nothing dead is sent (STANDARDS R16). */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { FATE_SHOWN_AFTER_MS } from '../../src/rules/limits.ts';
import { startInProcess } from '../in-process.ts';
import { addPerson, codeIn, NEW_PASSWORD } from '../people.ts';
import { freePort } from '../regain.ts';
import { startSmtpSink } from '../smtp-sink.ts';

const MINUTE = 60_000;

for (const engine of ['sqlite', 'postgres'] as const)
  describe(`a mail server that is down, on ${engine}`, () => {
    test('the answers are the same for known and unknown, and the code leaves when the server is back', async (t) => {
      const port = await freePort();
      const program = await startInProcess(engine, { REGAIN_SMTP_URL: `smtp://127.0.0.1:${port}` });
      t.after(() => program.close());
      await addPerson(program, { emails: ['known@example.com'] });

      const tokens: Record<string, string> = {};
      for (const email of ['known@example.com', 'unknown@example.com']) {
        // The second request of the unknown one is a decoy: no mail is due to it, and it must not look different.
        for (let i = 0; i < 2; i += 1) {
          const asked = await program.api('POST', '/recovery', { body: { identifier: email } });
          assert.equal(asked.status, 202);
          tokens[email] = asked.json.token;
        }
      }
      await program.settled();
      for (const token of Object.values(tokens))
        assert.equal((await program.api('GET', '/recovery', { token })).json.delivery, 'queued');

      const sink = await startSmtpSink({ port });
      t.after(() => sink.stop());
      await program.advance(MINUTE);
      const mails = sink.messages.filter(({ to }) => to === 'known@example.com');
      assert.equal(mails.length, 2);
      assert.match(mails[1]?.text ?? '', /for 9 more minutes/, 'the mail says how long is left');
      assert.equal(sink.messages.filter(({ to }) => to === 'unknown@example.com').length, 1);
      for (const token of Object.values(tokens))
        assert.equal((await program.api('GET', '/recovery', { token })).json.delivery, 'sent');
      const token = tokens['known@example.com'] as string;
      const codes = mails.map((mail) => codeIn(mail));
      const statuses = [];
      for (const code of codes)
        statuses.push((await program.api('POST', '/recovery/verify', { body: { token, code } })).status);
      // The two mails leave side by side: the right code comes second after a wrong one, or first and is spent.
      assert.ok(['422 200', '200 404'].includes(statuses.join(' ')), statuses.join(' '));
    });

    test('what has become useless is not sent, and the claimant is told', async (t) => {
      const port = await freePort();
      const program = await startInProcess(engine, { REGAIN_SMTP_URL: `smtp://127.0.0.1:${port}` });
      t.after(() => program.close());
      await addPerson(program, { emails: ['known@example.com'] });
      const tokens: string[] = [];
      for (const email of ['known@example.com', 'unknown@example.com', 'unknown@example.com'])
        tokens.push((await program.api('POST', '/recovery', { body: { identifier: email } })).json.token);
      await program.settled();
      await program.advance(9.9 * MINUTE);
      const sink = await startSmtpSink({ port });
      t.after(() => sink.stop());
      await program.advance(MINUTE);
      assert.equal(sink.messages.length, 0);
      for (const token of tokens)
        assert.equal((await program.api('GET', '/recovery', { token })).json.delivery, 'failed');
      const expired = program.logged.filter(({ event, fields }) => event === 'message' && fields?.status === 'expired');
      assert.deepEqual(
        expired.map(({ level, fields }) => `${level} ${fields?.kind}`).sort(),
        ['info decoy', 'warn no-account', 'warn recovery-code'],
        'the operator hears of those that somebody waited for',
      );
    });

    test('a notice that was tried for a day in vain is told to the operator', async (t) => {
      const sink = await startSmtpSink();
      const program = await startInProcess(engine, { REGAIN_SMTP_URL: sink.url });
      t.after(() => program.close());
      await addPerson(program, { emails: ['known@example.com'] });
      const { token } = (await program.api('POST', '/recovery', { body: { identifier: 'known@example.com' } })).json;
      await program.settled();
      const code = codeIn(sink.messages[0]!);
      await sink.stop();
      const verified = await program.api('POST', '/recovery/verify', { body: { token, code } });
      await program.api('POST', '/recovery/password', { body: { token: verified.json.token, password: NEW_PASSWORD } });
      for (let hour = 0; hour < 25; hour += 1) await program.advance(60 * MINUTE);
      const expired = program.logged.filter(({ event, fields }) => event === 'message' && fields?.status === 'expired');
      assert.deepEqual(
        expired.map(({ level, fields }) => `${level} ${fields?.kind}`),
        ['warn password-changed'],
      );
      assert.ok(expired[0]?.fields?.reason, 'what held it up is said');
    });

    test('a code that was held up is no loss where it was entered from another mail', async (t) => {
      let heldUp = false;
      const sink = await startSmtpSink({
        onRcpt: () => (heldUp ? { code: 451, message: '4.7.1 greylisted' } : undefined),
      });
      t.after(() => sink.stop());
      const program = await startInProcess(engine, { REGAIN_SMTP_URL: sink.url });
      t.after(() => program.close());
      await addPerson(program, { emails: ['known@example.com'] });
      const { token } = (await program.api('POST', '/recovery', { body: { identifier: 'known@example.com' } })).json;
      await program.settled();
      heldUp = true;
      await program.advance(MINUTE);
      await program.api('POST', '/recovery/resend', { body: { token } });
      await program.settled();
      const code = codeIn(sink.messages[0]!);
      assert.equal((await program.api('POST', '/recovery/verify', { body: { token, code } })).status, 200);
      await program.advance(MINUTE);
      const expired = program.logged.filter(({ event, fields }) => event === 'message' && fields?.status === 'expired');
      assert.deepEqual(
        expired.map(({ level }) => level),
        ['info'],
      );
    });

    test('an address that the server refuses is told alike for known and unknown', async (t) => {
      const refusing = await startSmtpSink({
        onRcpt: (address) => (address.startsWith('gone') ? { code: 550, message: '5.1.1 no such user' } : undefined),
      });
      t.after(() => refusing.stop());
      const program = await startInProcess(engine, { REGAIN_SMTP_URL: refusing.url });
      t.after(() => program.close());
      await addPerson(program, { emails: ['gone-known@example.com'] });
      for (const email of [
        'gone-known@example.com',
        'gone-unknown@example.com',
        'gone-known@example.com',
        'gone-unknown@example.com',
      ]) {
        const asked = await program.api('POST', '/recovery', { body: { identifier: email } });
        await program.settled();
        await program.advance(FATE_SHOWN_AFTER_MS);
        assert.equal(
          (await program.api('GET', '/recovery', { token: asked.json.token })).json.delivery,
          'failed',
          email,
        );
      }
    });

    test('a slow server and a mailbox that is held up look the same for known and unknown', async (t) => {
      let heldUp = false;
      const slow = await startSmtpSink({
        delayMs: 120,
        onRcpt: (address) =>
          heldUp && address.startsWith('full') ? { code: 451, message: '4.2.2 mailbox full' } : undefined,
      });
      t.after(() => slow.stop());
      const program = await startInProcess(engine, { REGAIN_SMTP_URL: slow.url });
      t.after(() => program.close());
      await addPerson(program, { emails: ['known@example.com'] });
      await addPerson(program, { emails: ['full-known@example.com'] });
      const ask = async (email: string): Promise<number> => {
        await program.api('POST', '/recovery', { body: { identifier: email } });
        const startedAt = performance.now();
        await program.settled();
        return performance.now() - startedAt;
      };
      await ask('known@example.com');
      await ask('unknown@example.com');
      // The second request of the unknown one writes no mail; it must not be over sooner. The sink's own delay is the measure.
      assert.ok((await ask('known@example.com')) >= 120);
      assert.ok((await ask('unknown@example.com')) >= 100);

      heldUp = true;
      for (let round = 0; round < 2; round += 1)
        for (const email of ['full-known@example.com', 'full-unknown@example.com']) {
          const asked = await program.api('POST', '/recovery', { body: { identifier: email } });
          await program.settled();
          await program.advance(FATE_SHOWN_AFTER_MS);
          assert.equal(
            (await program.api('GET', '/recovery', { token: asked.json.token })).json.delivery,
            'queued',
            email,
          );
        }
    });
  });
