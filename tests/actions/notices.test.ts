/** Who is told of what happened to an account (STANDARDS R68, R70). */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { digestToken, newId } from '../../src/actions/tokens.ts';
import { ADDRESS_CHANGED_LATELY_MS } from '../../src/rules/limits.ts';
import type { Proof } from '../../src/store/store.ts';
import type { InProcess } from '../in-process.ts';
import { type Owners, owners, removalOf } from '../owners.ts';
import { addPerson, codeIn, linkIn, NEW_PASSWORD, OLD_PASSWORD } from '../people.ts';
import type { SinkMessage } from '../smtp-sink.ts';
import { startTextingShop, type TextingShop } from '../texting-shop.ts';

for (const engine of ['sqlite', 'postgres'] as const)
  describe(`notices on ${engine}`, () => {
    let shop: TextingShop;
    let program: InProcess;
    let people: Owners;
    before(async () => {
      shop = await startTextingShop(engine);
      program = shop.program;
      people = owners(program);
    });
    after(() => shop.close());
    const mails = (to: string, subject: RegExp): SinkMessage[] =>
      program.sink.messages.filter((mail) => mail.to === to && subject.test(mail.subject));
    const recover = async (email: string): Promise<void> => {
      const guest = people.visitor();
      await guest.post('/recover', { identifier: email });
      await program.settled();
      await guest.post('/recover/code', { code: codeIn(mails(email, /reset/i).at(-1)!) });
      await guest.post('/recover/password', { password: NEW_PASSWORD, password2: NEW_PASSWORD });
      await program.settled();
    };

    test('a removed address is told of changes for 30 days, and of its removal with them', async () => {
      const { email, owner, address } = await people.withTwo();
      await owner.post(await removalOf(owner, 1), { password: OLD_PASSWORD });
      await recover(email);
      const [notice] = mails(address, /password was changed/);
      assert.match(notice!.text.replaceAll(/\s+/g, ' '), /This address was removed from the account on 14 March 2026/);
      assert.doesNotMatch(notice!.text, new RegExp(email));
      assert.doesNotMatch(mails(email, /password was changed/)[0]!.text, /was removed/);
      await program.advance(ADDRESS_CHANGED_LATELY_MS + 1);
      await recover(email);
      assert.equal(mails(address, /password was changed/).length, 1);
      assert.equal(mails(email, /password was changed/).length, 2);
    });

    test('and of addresses that come and go, each once, with no button that undoes anything', async () => {
      const { email, owner, address } = await people.withTwo();
      await owner.post(await removalOf(owner, 1), { password: OLD_PASSWORD });
      await program.settled();
      const [removal] = mails(address, /was removed/);
      assert.equal(mails(address, /was removed/).length, 1);
      assert.doesNotMatch(removal!.text, /tells it of changes/);
      await program.advance(60_000);
      const thief = `thief.${email}`;
      await people.add(owner, thief);
      await owner.post(await removalOf(owner, 0), { password: OLD_PASSWORD });
      await program.settled();
      const told = [...mails(address, /was added/).slice(1), ...mails(address, /was removed/).slice(1)];
      assert.equal(told.length, 2);
      for (const { text } of told) {
        const words = text.replaceAll(/\s+/g, ' ');
        assert.match(words, /the Shop account that this address belonged to/);
        assert.match(words, /This address was removed from the account on \d+ \w+ 2026, 09:12 UTC/);
        assert.doesNotMatch(text, new RegExp(`${email}|/not-me/|/cancel/`));
        assert.deepEqual(text.match(/https:\/\/\S+/g)?.filter((url) => url.endsWith('/recover')).length, 1);
      }
      assert.equal(mails(email, /was removed/).length, 2);
      assert.equal(mails(thief, /was removed/).length, 1);
      await program.advance(ADDRESS_CHANGED_LATELY_MS + 1);
      const again = people.visitor();
      await again.post('/sign-in', { identifier: thief, password: OLD_PASSWORD });
      await people.add(again, `later.${email}`);
      assert.equal(mails(thief, /was added/).length, 2);
      for (const gone of [email, address]) assert.equal(mails(gone, /was added/).length, 2, gone);
    });

    test('an address that was added again gets each notice once, as the address that it is', async () => {
      const { email, owner, address } = await people.withTwo();
      await owner.post(await removalOf(owner, 1), { password: OLD_PASSWORD });
      await program.advance(1);
      await people.add(owner, address);
      await recover(email);
      assert.equal(mails(address, /password was changed/).length, 1);
      assert.doesNotMatch(mails(address, /password was changed/)[0]!.text, /was removed/);
    });

    /** As a channel of texts would leave it: its worker has not looked yet. */
    const askBySms = async (phone: string, codes = 1): Promise<Proof> => {
      const { token } = (await program.api('POST', '/recovery', { body: { identifier: 'nobody@example.com' } })).json;
      await program.settled();
      const { store, keys, random } = program.regain.context;
      return store.transaction(async (tx) => {
        const like = (await tx.proofs.byToken('recovery', digestToken(token)))!;
        const proof: Proof = {
          ...like,
          id: newId(random),
          tokenDigest: newId(random),
          channel: 'sms',
          identifierKind: 'phone',
          identifierTyped: phone,
          identifier: phone,
          identifierMac: keys.identifierMac({ kind: 'phone', canonical: phone }),
          resolution: 'pending',
        };
        await tx.proofs.insert(proof);
        for (let sent = 0; sent < codes; sent += 1)
          await tx.outbox.insert({
            id: newId(random),
            kind: 'recovery-code',
            channel: 'sms',
            proofId: proof.id,
            epoch: proof.epoch,
            accountId: null,
            address: null,
            locale: 'en',
            createdAt: program.now(),
            dueAt: program.now(),
            usefulUntil: proof.codeExpiresAt,
          });
        return proof;
      });
    };
    const announced = /asked for by text message/;

    test('a recovery by text message is announced to every mailbox, once, and can be stopped from there', async () => {
      const [first, second] = ['sms.first@example.com', 'sms.second@example.com'] as const;
      await addPerson(program, {
        emails: [first, second],
        unconfirmed: ['sms.un@example.com'],
        phones: ['+12125550101'],
      });
      const proof = await askBySms('+12125550101', 3);
      await program.settled();
      for (const email of [first, second]) {
        assert.equal(mails(email, announced).length, 1);
        assert.match(mails(email, announced)[0]!.text, /\+1\*\*\*\*\*01/);
      }
      assert.equal(mails('sms.un@example.com', announced).length, 0);
      const store = program.regain.context.store;
      const stateOf = async () => (await store.transaction((tx) => tx.proofs.byId(proof.id)))?.state;
      const cancel = linkIn(mails(second, announced)[0]!, '/cancel/');
      await people.visitor().get(cancel);
      assert.equal(await stateOf(), 'code_sent');
      assert.equal((await people.visitor().post(cancel)).status, 200);
      assert.equal(await stateOf(), 'code_sent', 'the stranger who asked is told nothing');
      const resolution = (await store.transaction((tx) => tx.proofs.byId(proof.id)))?.resolution;
      assert.equal(resolution, 'decoy', 'and no code opens anything');
    });

    test('what was begun by email and is asked for by text then is announced when the text leaves, once, to every mailbox', async () => {
      const [typed, other] = ['begun@example.com', 'begun.other@example.com'] as const;
      const number = '+12125550177';
      await addPerson(program, { emails: [typed, other], phones: [number] });
      const { token } = (await program.api('POST', '/recovery', { body: { identifier: typed } })).json;
      await program.settled();
      for (const email of [typed, other]) assert.equal(mails(email, announced).length, 0);
      const byText = async (): Promise<void> => {
        await program.advance(120_000);
        const answered = await program.api('POST', '/recovery/resend', { body: { token, channel: 'sms' } });
        assert.equal(answered.status, 202);
        await program.settled();
      };
      const texts = () => shop.receiver.taken.filter(({ to }) => to === number);
      for (const sent of [1, 2]) {
        await byText();
        assert.equal(texts().length, sent);
        for (const email of [typed, other]) assert.equal(mails(email, announced).length, 1, email);
      }
      const cancel = linkIn(mails(other, announced)[0]!, '/cancel/');
      assert.equal((await people.visitor().post(cancel)).status, 200);
      const code = /#(\d+)$/.exec(texts().at(-1)?.text ?? '')?.[1];
      const typedIn = await program.api('POST', '/recovery/verify', { body: { token, code } });
      assert.equal(typedIn.json.code, 'wrong_code');
    });

    test('what a mailbox was told of before its code went by text is not told it again', async () => {
      const [typed, number] = ['begun.by.number@example.com', '+12125550178'] as const;
      await addPerson(program, { emails: [typed], phones: [number] });
      const { token } = (await program.api('POST', '/recovery', { body: { identifier: number } })).json;
      await program.settled();
      for (const channel of ['email', 'sms']) {
        await program.advance(120_000);
        await program.api('POST', '/recovery/resend', { body: { token, channel } });
        await program.settled();
      }
      assert.equal(shop.receiver.taken.filter(({ to }) => to === number).length, 2);
      assert.equal(mails(typed, announced).length, 1);
    });

    test('nothing is announced for a number without an account, nor for a recovery by email', async () => {
      const sent = program.sink.messages.length;
      await askBySms('+12125550199');
      await program.settled();
      assert.equal(program.sink.messages.slice(sent).filter(({ subject }) => announced.test(subject)).length, 0);
      const { email } = await people.withTwo();
      await recover(email);
      assert.equal(mails(email, announced).length, 0);
    });
  });
