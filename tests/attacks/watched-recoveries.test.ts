/**
 * A stranger asks to recover an account and watches what becomes of it, while its owner signs in, recovers it himself, or
 * stops the stranger: an attempt for an address that nobody has goes on just the same (STANDARDS R04, R32; decision 0047).
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { InProcess } from '../in-process.ts';
import { type Owners, owners } from '../owners.ts';
import { addPerson, codeIn, linkIn, NEW_PASSWORD, OLD_PASSWORD, wrongCode } from '../people.ts';
import { startTextingShop, type TextingShop } from '../texting-shop.ts';
import type { Visitor } from '../visitor.ts';

const AGAIN_MS = 120_000;

for (const engine of ['sqlite', 'postgres'] as const)
  describe(`recoveries that a stranger watches, on ${engine}`, () => {
    let shop: TextingShop;
    let program: InProcess;
    let people: Owners;
    let cases = 0;
    before(async () => {
      shop = await startTextingShop(engine);
      ({ program } = shop);
      people = owners(program);
    });
    after(() => shop.close());

    interface Asked {
      identifier: string;
      page: Visitor;
      token: string;
    }

    /** By a page and by the API, each an attempt of its own. */
    const ask = async (identifier: string): Promise<Asked> => {
      const page = people.visitor();
      assert.equal((await page.post('/recover', { identifier })).url, '/recover/code');
      const { json } = await program.api('POST', '/recovery', { body: { identifier } });
      await program.settled();
      return { identifier, page, token: json.token };
    };

    /** All that he can see and do from then on, each step of both at one moment, before and after he asked again. */
    const watch = async (both: readonly Asked[], codes: readonly string[]): Promise<unknown[][]> => {
      const seen: unknown[][] = both.map(() => []);
      type Step = (
        asked: Asked,
        code: string,
      ) => Promise<{ status: number; url?: string; text?: string; json?: unknown }>;
      const step = async (take: Step): Promise<void> => {
        for (const [at, asked] of both.entries()) {
          const { status, url, text, json } = await take(asked, codes[at] ?? '');
          const said = text ?? JSON.stringify(json) ?? '';
          seen[at]?.push([
            status,
            url,
            said.replaceAll(asked.identifier, 'IDENTIFIER').replaceAll(asked.token, 'TOKEN'),
          ]);
        }
      };
      for (let times = 0; times < 2; times += 1) {
        await step(({ token }) => program.api('GET', '/recovery', { token }));
        await step(({ page }) => page.get('/recover/code'));
        await step(({ page }) => page.get('/recover/status'));
        await step(({ page }) => stream(page));
        await step(({ token }, code) => program.api('POST', '/recovery/verify', { body: { token, code } }));
        await step(({ page }, code) => page.post('/recover/code', { code }));
        await step(({ page }) => page.get('/recover/password'));
        await step(({ token }) => program.api('POST', '/recovery/resend', { body: { token } }));
        await step(({ page }) => page.post('/recover/resend'));
        await program.advance(AGAIN_MS);
        await step(({ token }) => program.api('POST', '/recovery/resend', { body: { token } }));
        await step(({ page }) => page.post('/recover/resend'));
        await program.advance(AGAIN_MS);
      }
      return seen;
    };
    const stream = async (page: Visitor): Promise<{ status: number }> => {
      const response = await program.regain.fetch(
        new Request(new URL('/recover/status', program.regain.config.origin), {
          headers: { Accept: 'text/event-stream', Cookie: [...page.cookies].map((pair) => pair.join('=')).join('; ') },
        }),
        { peer: '127.0.0.1' },
      );
      await response.body?.cancel();
      return { status: response.status };
    };

    interface Owner {
      email: string;
      browser: Visitor;
    }
    interface Case {
      owners: Owner[];
      /** What the stranger asks for, and another of its kind that nobody has. */
      known: string;
      unknown: string;
      /** The newest that was sent for it. */
      code(): string;
    }
    const owner = async (email: string, phones: string[]): Promise<Owner> => {
      await addPerson(program, { emails: [email], phones });
      const browser = people.visitor();
      assert.equal((await browser.post('/sign-in', { identifier: email, password: OLD_PASSWORD })).url, '/account');
      return { email, browser };
    };
    const textsTo = (number: string) => shop.receiver.taken.filter(({ to }) => to === number);
    const CASES: Record<string, (id: string) => Promise<Case>> = {
      'an address': async (id) => {
        const email = `owner${id}@example.com`;
        const code = () => codeIn(mailsTo(email).at(-1)!);
        return { owners: [await owner(email, [])], known: email, unknown: `nobod${id}@example.com`, code };
      },
      'a number': async (id) => {
        const number = `+1212${id}0101`;
        const code = () => /#(\w+)$/.exec(textsTo(number).at(-1)?.text ?? '')?.[1] ?? '';
        const people = [await owner(`owner${id}@example.com`, [number])];
        return { owners: people, known: number, unknown: `+1212${id}0102`, code };
      },
      'a number of two accounts': async (id) => {
        const number = `+1212${id}0101`;
        const code = () => /#(\w+)$/.exec(textsTo(number).at(-1)?.text ?? '')?.[1] ?? '';
        const people = [
          await owner(`first${id}@example.com`, [number]),
          await owner(`other${id}@example.com`, [number]),
        ];
        return { owners: people, known: number, unknown: `+1212${id}0102`, code };
      },
    };

    const mailsTo = (email: string) => program.sink.messages.filter(({ to }) => to === email);
    /** Of the mails of both attempts. */
    const followEach = async (email: string, follow: (mail: { text: string }) => Promise<void>): Promise<void> => {
      const asked = mailsTo(email).filter(({ text }) => text.includes('/recover/cancel/'));
      assert.equal(asked.length, 2);
      for (const mail of asked) await follow(mail);
    };
    const linkOf = ({ text }: { text: string }): string => /\S+\/recover\/confirm#\S+/.exec(text)?.[0] ?? '';
    const ACTS: Record<string, (owner: Owner) => Promise<void>> = {
      async 'signs in with the password'({ email }) {
        const entered = await people.visitor().post('/sign-in', { identifier: email, password: OLD_PASSWORD });
        assert.equal(entered.url, '/account');
      },
      async 'recovers the account elsewhere'({ email }) {
        const elsewhere = people.visitor();
        await elsewhere.post('/recover', { identifier: email });
        await program.settled();
        await elsewhere.post('/recover/code', { code: codeIn(mailsTo(email).at(-1)!) });
        const set = await elsewhere.post('/recover/password', { password: NEW_PASSWORD, password2: NEW_PASSWORD });
        assert.equal(set.url, '/sign-in');
      },
      'presses "stop it" in the mails': ({ email }) =>
        followEach(email, async (mail) => {
          assert.equal((await people.visitor().post(linkIn(mail, '/recover/cancel/'))).status, 200);
        }),
      'adds an address': ({ browser, email }) => people.add(browser, email.replace('@', '-more@')),
      'says "no" behind the links of the mails': ({ email }) =>
        followEach(email, async (mail) => {
          const no = await people.visitor().post('/recover/confirm', { link: linkOf(mail), answer: 'no' });
          assert.match(no.text, /The request is stopped/);
        }),
      'goes on in another browser by the links of the mails': ({ email }) =>
        followEach(email, async (mail) => {
          const yes = await people.visitor().post('/recover/confirm', { link: linkOf(mail), answer: 'yes' });
          assert.equal(yes.url, '/recover/password');
        }),
    };
    const ONLY_IN_MAILS_WITH_CODES = /links of the mails/;

    for (const [what, asked] of Object.entries(CASES))
      for (const [done, act] of Object.entries(ACTS)) {
        if (what !== 'an address' && ONLY_IN_MAILS_WITH_CODES.test(done)) continue;
        test(`${what}; the owner ${done}: seen is what is seen of nobody, and no code opens anything`, async () => {
          cases += 1;
          const { owners, known, unknown, code } = await asked(String(200 + cases));
          const both = [await ask(known), await ask(unknown)];
          const sent = code();
          await program.advance(10_000);
          for (const owner of owners) await act(owner);
          await program.settled();
          const before = program.sink.messages.length + shop.receiver.taken.length;
          const [ofKnown, ofUnknown] = await watch(both, [sent, wrongCode(sent)]);
          assert.deepEqual(ofKnown, ofUnknown);
          const since = program.sink.messages.length + shop.receiver.taken.length;
          assert.equal(since - before, 0, 'nothing is sent for what was stopped');
        });
      }
  });
