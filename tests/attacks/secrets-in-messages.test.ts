/** What whoever reads a message learns: no password, old or new, and from the link's token nothing at all. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { owners } from '../owners.ts';
import { addPerson, codeIn, linkIn, NEW_PASSWORD } from '../people.ts';
import { startTextingShop } from '../texting-shop.ts';

const OLD_CANARY = 'Vq7-heron-Lattice-before-91';
const NEW_CANARY = 'Wk4-otter-Meridian-after-26';
const REFUSED_CANARY = 'short-Zx1';
const [EMAIL, OTHER_EMAIL, PHONE] = ['canary@example.com', 'canary-2@example.com', '+12015550101'];

for (const engine of ['sqlite', 'postgres'] as const)
  describe(`secrets in messages, on ${engine}`, () => {
    test('no message of a recovery has the old password in it, nor the new one, nor one that was refused', async (t) => {
      const { program, receiver, close } = await startTextingShop(engine);
      t.after(close);
      const person = { emails: [EMAIL, OTHER_EMAIL], phones: [PHONE], password: OLD_CANARY };
      await addPerson(program, person);
      const guest = owners(program).visitor();
      const prove = async (identifier: string, code: () => string): Promise<void> => {
        await guest.post('/recover/from-sign-in', { identifier, password: OLD_CANARY });
        await guest.post('/recover', { identifier });
        await program.settled();
        assert.equal((await guest.post('/recover/code', { code: code() })).url, '/recover/password');
      };
      await prove(EMAIL, () => codeIn(program.sink.messages.findLast(({ to }) => to === EMAIL)!));
      await guest.post('/recover/password', { password: REFUSED_CANARY, password2: REFUSED_CANARY });
      const set = await guest.post('/recover/password', { password: NEW_CANARY, password2: NEW_CANARY });
      assert.equal(set.url, '/sign-in');
      await program.settled();
      await guest.post('/sign-in', { identifier: EMAIL, password: OLD_CANARY });
      await guest.post(linkIn(program.sink.messages.findLast(({ to }) => to === OTHER_EMAIL)!, '/not-me/'));
      await program.settled();
      await prove(PHONE, () => /#(\d+)$/.exec(receiver.taken.at(-1)!.text)?.[1] ?? 'none');
      await guest.post('/recover/password', { password: NEW_PASSWORD, password2: NEW_PASSWORD });
      await program.settled();

      const mails = program.sink.messages;
      const written = [
        ...mails.flatMap(({ subject, text, html, raw }) => [subject, text, html, raw]),
        ...receiver.taken.map(({ text }) => text),
      ].map((text) => text.replaceAll(/\s+/g, ' '));
      for (const told of [EMAIL, OTHER_EMAIL])
        assert.ok(mails.filter(({ to, subject }) => to === told && /password was changed/.test(subject)).length >= 2);
      assert.ok(receiver.taken.length >= 3, 'the phone got its code and was told of both passwords');
      for (const text of written)
        for (const canary of [OLD_CANARY, NEW_CANARY, REFUSED_CANARY, NEW_PASSWORD])
          assert.ok(!text.includes(canary), `${canary} in: ${text}`);
    });

    test("the token of the mail's link can't be guessed, and says neither whose it is nor when it was made", async (t) => {
      const { program, close } = await startTextingShop(engine);
      t.after(close);
      const accountId = await addPerson(program, { emails: [EMAIL] });
      const tokens: { id: Buffer; mac: Buffer }[] = [];
      for (let requests = 0; requests < 3; requests += 1) {
        await program.api('POST', '/recovery', { body: { identifier: EMAIL } });
        await program.settled();
        const [, token = ''] = /\/recover\/confirm#(\S+)/.exec(program.sink.messages.at(-1)!.text) ?? [];
        const [payload = '', mac = '', ...more] = token.split('.');
        assert.deepEqual(more, []);
        // A random id, and the number of the code within its recovery: there is nothing else to read.
        const [, id = ''] = /^([\w-]{22}) \d$/.exec(Buffer.from(payload, 'base64url').toString()) ?? [];
        assert.notEqual(id, '', payload);
        assert.notEqual(id, accountId);
        tokens.push({ id: Buffer.from(id, 'base64url'), mac: Buffer.from(mac, 'base64url') });
      }
      for (const { id, mac } of tokens) assert.ok(id.length * 8 >= 128 && mac.length * 8 >= 128);
      // Ids that begin with the time share their first bytes with others of the same minute.
      for (const part of ['id', 'mac'] as const)
        for (const end of ['first', 'last'] as const) {
          const pieces = tokens.map((token) => token[part].subarray(...(end === 'first' ? [0, 4] : [-4])));
          assert.equal(new Set(pieces.map((piece) => piece.toString('hex'))).size, tokens.length, `${part}, ${end}`);
        }
    });
  });
