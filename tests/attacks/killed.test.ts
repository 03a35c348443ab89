/**
 * kill -9 at random moments during a hundred recoveries: every change that was confirmed is there, every message that was
 * accepted is sent, and none carries a dead code.
 */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ENGINES, type TestDatabase } from '../engines.ts';
import { codeIn } from '../people.ts';
import { type Running, regain, serve, TEST_SECRET } from '../regain.ts';
import { type SinkMessage, type SmtpSink, startSmtpSink } from '../smtp-sink.ts';
import { type ApiAnswer, callApi } from '../visitor.ts';

const PEOPLE = 100;
const KILLS = 5;

for (const engine of ['sqlite', 'postgres'] as const)
  describe(`kill -9 during ${PEOPLE} recoveries on ${engine}`, { timeout: 180_000 }, () => {
    let database: TestDatabase;
    let sink: SmtpSink;
    let program: Running;
    let env: Record<string, string>;
    before(async () => {
      database = await ENGINES[engine]();
      sink = await startSmtpSink();
      env = {
        NODE_ENV: 'production',
        REGAIN_DATABASE_URL: database.url,
        REGAIN_SMTP_URL: sink.url,
        REGAIN_MAIL_FROM: 'Shop <no-reply@shop.example>',
        REGAIN_LOG_LEVEL: 'silent',
      };
      program = await serve(env);
      const rows = Array.from({ length: PEOPLE }, (_, at) => `person${at}@example.com`).join('\n');
      await writeFile(join(program.folder, 'people.csv'), `email\n${rows}\n`);
      const imported = await regain(['accounts', 'import', 'people.csv'], {
        cwd: program.folder,
        env: { ...env, REGAIN_ORIGIN: program.origin, REGAIN_SECRET: TEST_SECRET },
      });
      assert.equal(imported.code, 0, imported.stderr);
    });
    after(async () => {
      await program.stop();
      await sink.stop();
      await database.remove();
    });

    test('nothing that was confirmed is lost, nothing that was accepted stays, nothing dead is sent', async ({
      signal,
    }) => {
      const confirmed = new Map<string, string>();
      const accepted = new Set<string>();
      let done = 0;
      /** Keeps the program being killed while people work, at moments that nobody chose. */
      const killing = (async () => {
        for (let kills = 0; kills < KILLS; kills += 1) {
          const until = (PEOPLE * (kills + 1)) / (KILLS + 1);
          while (done < until) {
            signal.throwIfAborted();
            await new Promise((resume) => setTimeout(resume, 1 + Math.random() * 20));
          }
          await program.killAndRestart();
        }
      })();
      /** An impatient person: presses again until there is an answer. */
      const call = async (path: string, body: unknown): Promise<ApiAnswer> => {
        for (;;) {
          signal.throwIfAborted();
          try {
            return await callApi(fetch, program.origin, 'POST', `/api/v1${path}`, { body });
          } catch {
            await new Promise((resume) => setTimeout(resume, 10));
          }
        }
      };
      const recover = async (at: number): Promise<void> => {
        const email = `person${at}@example.com`;
        for (let attempt = 0; !confirmed.has(email); attempt += 1) {
          const password = `quiet meadow lantern ${at} ${attempt}`;
          const asked = await call('/recovery', { identifier: email });
          assert.equal(asked.status, 202);
          accepted.add(email);
          const { token } = asked.json;
          await enterCode(token, email);
          const set = await call('/recovery/password', { token, password });
          if (set.status === 200) confirmed.set(email, password);
          // The answer to an earlier try was lost with the process: whether it was stored, the next sign-in tells.
          else if ((await call('/sessions', { identifier: email, password })).status === 201)
            confirmed.set(email, password);
        }
        done += 1;
      };
      /** Enters every code once, the newest first: a press that was lost with the process may have sent one, too. */
      const enterCode = async (token: string, email: string): Promise<void> => {
        const entered = new Set<SinkMessage>();
        const toEnter = (mail: SinkMessage): boolean =>
          mail.to === email && /reset/i.test(mail.subject) && !entered.has(mail);
        for (;;) {
          const mail = sink.messages.findLast(toEnter) ?? (await sink.waitFor(toEnter, `a code for ${email}`));
          entered.add(mail);
          const { status } = await call('/recovery/verify', { token, code: codeIn(mail) });
          // 404 after a lost answer: the code was taken and the proof is verified.
          if (status === 200 || status === 404) return;
          assert.equal(status, 422, `the code of another press to ${email}`);
        }
      };
      const queue = Array.from({ length: PEOPLE }, (_, at) => at);
      await Promise.all(
        Array.from({ length: 6 }, async () => {
          for (let at = queue.shift(); at !== undefined; at = queue.shift()) await recover(at);
        }),
      );
      await killing;

      for (const [email, password] of confirmed) {
        const { status } = await call('/sessions', { identifier: email, password });
        assert.equal(status, 201, `the confirmed password of ${email} opens`);
      }
      for (const email of accepted) {
        await sink.waitFor(({ to, subject }) => to === email && /reset/i.test(subject), `the code of ${email}`);
        await sink.waitFor(({ to, subject }) => to === email && /changed/i.test(subject), `the notice for ${email}`);
      }
      for (const mail of sink.messages.filter(({ subject }) => /reset/i.test(subject)))
        assert.match(mail.text, /for ([2-9]|10) more minutes/, 'every code still had its time');
    });
  });
