/** What support and the operator learn of mail that comes back, on both engines. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { newId } from '../../src/actions/tokens.ts';
import { bounceAddress } from '../../src/rules/bounce-addresses.ts';
import { canonicalEmail } from '../../src/rules/identifiers.ts';
import type { MessageKind, NewMessage, Suppression } from '../../src/store/store.ts';
import { systemRandom } from '../../src/system.ts';
import { postfixBounce } from '../bounce-mails.ts';
import { type InProcess, startInProcess } from '../in-process.ts';
import { addPerson } from '../people.ts';
import { regainSignature } from '../signed-calls.ts';
import { type SmtpSink, startSmtpSink } from '../smtp-sink.ts';
import { callRoute } from '../webhook-route.ts';

const SECRET = 'a secret of the mail server';
const BOUNCES = 'bounces@shop.example';
const SUPPORT = 'help@shop.example';
const ENV = {
  REGAIN_BOUNCE_ADDRESS: BOUNCES,
  REGAIN_SUPPORT_ADDRESS: SUPPORT,
  REGAIN_MAIL_REPORTS: `inbound://:${encodeURIComponent(SECRET)}@`,
};

/** Whether it goes to an address that a customer has: a kind that comes anew does not compile before that is decided. */
const IS_TO_CUSTOMER: Record<Exclude<MessageKind, 'decoy' | `chat-${string}`>, boolean> = {
  'recovery-code': true,
  'no-account': false,
  'registration-code': false,
  'registration-taken': true,
  'address-code': false,
  'address-taken': true,
  'address-added': true,
  'address-removed': true,
  'address-thawed': true,
  'messenger-linked': true,
  'messenger-unlinked': true,
  'number-shared': true,
  'password-changed': true,
  'password-blocked': true,
  'password-held': true,
  'recovery-frozen': true,
  'recovery-requested': true,
  'support-not-me': false,
  'support-bounce': false,
};

for (const engine of ['sqlite', 'postgres'] as const)
  describe(`mail that comes back, ${engine}`, () => {
    let program: InProcess;
    before(async () => {
      program = await startInProcess(engine, ENV);
    });
    after(() => program.close());

    const told = (): string[] => program.sink.messages.filter(({ to }) => to === SUPPORT).map(({ text }) => text);
    const store: InProcess['regain']['context']['store']['transaction'] = (work) =>
      program.regain.context.store.transaction(work);
    const troubleOf = async (canonical: string): Promise<string | undefined> => {
      const identifierMac = program.regain.context.keys.identifierMac({ kind: 'email', canonical });
      return (await store((tx) => tx.suppressions.of(identifierMac)))?.trouble;
    };
    /** One that left a while ago, as far as its bounce can tell. */
    const write = (message: Pick<NewMessage, 'id' | 'kind' | 'address'> & Partial<NewMessage>): Promise<void> =>
      store((tx) =>
        tx.outbox.insert({
          channel: 'email',
          proofId: null,
          epoch: null,
          accountId: null,
          locale: 'en',
          createdAt: program.now(),
          dueAt: program.now() + 86_400_000,
          usefulUntil: program.now() + 2 * 86_400_000,
          ...message,
        }),
      );
    const comeBack = async (id: string, recipient: string): Promise<void> => {
      const returnPath = bounceAddress(BOUNCES, id, program.regain.context.keys);
      assert.ok(returnPath);
      const mail = postfixBounce({ returnPath, messageId: '<x@shop.example>', recipient });
      const headers = { 'Regain-Signature': regainSignature(SECRET, mail, program.now()) };
      assert.equal((await callRoute(program, '/webhooks/inbound', mail, headers)).status, 200);
      await program.settled();
    };
    for (const [kind, isToCustomer] of Object.entries(IS_TO_CUSTOMER) as [MessageKind, boolean][])
      test(`${kind}: support is ${isToCustomer ? 'told once' : 'not told'}`, async () => {
        const [id, before, address] = [newId(systemRandom), told().length, `${kind}@example.com`];
        await write({ id, kind, address });
        for (let times = 0; times < 2; times += 1) await comeBack(id, address);
        assert.equal(told().length - before, isToCustomer ? 1 : 0);
        if (isToCustomer) assert.match(told().at(-1) ?? '', /\*\*\*@example\.com[\s\S]*5\.1\.1/);
      });

    const NAMED: [recipient: string, as: string, isMeant: boolean][] = [
      ['jane+shop@example.com', 'jane+2Bshop@example.com', true],
      ['a=b@example.com', 'a+3Db@example.com', true],
      ['jane+2Bclub@example.com', 'jane+2Bclub@example.com', true],
      ['jane+2Bfan@example.com', 'jane+2B2Bfan@example.com', true],
      ['jane+bar@example.com', 'jane+2Dbar@example.com', false],
    ];
    for (const [recipient, as, isMeant] of NAMED)
      test(`${as} in a bounce is ${isMeant ? '' : 'not '}${recipient}`, async () => {
        const id = newId(systemRandom);
        await write({ id, kind: 'password-changed', address: recipient });
        await comeBack(id, as);
        assert.equal(await troubleOf(canonicalEmail(recipient) ?? ''), isMeant ? 'no-mailbox' : undefined);
      });

    for (const named of ['second', 'nobody'] as const)
      test(`a code that was asked for by number went to the mailbox that recovers, and so says a report that names ${named}`, async () => {
        const [first, second] = [`first-of-${named}@example.com`, `second-of-${named}@example.com`];
        const phone = named === 'second' ? '+12125550131' : '+12125550132';
        const accountId = await addPerson(program, { emails: [first, second], phones: [phone] });
        const { accounts } = program.regain.context;
        await store((tx) =>
          accounts.freezeAddresses(tx, accountId, [{ kind: 'email', canonical: first }], program.now()),
        );
        // The newest message is this one's, then.
        await program.advance(1);
        await program.api('POST', '/recovery', { body: { identifier: phone, channel: 'email' } });
        await program.settled();
        assert.equal(program.sink.messages.at(-1)?.to, second);
        const [code] = await store((tx) => tx.messages.list({ since: 0, kind: 'recovery-code' }, 1));
        assert.ok(code);
        await comeBack(code.id, named === 'second' ? second : 'withheld');
        assert.deepEqual([await troubleOf(first), await troubleOf(second)], [undefined, 'no-mailbox']);
      });

    test('a mail to support that comes back says nothing of the customer whom it is about', async () => {
      const customer = 'reported@example.com';
      await addPerson(program, { emails: [customer] });
      await program.api('POST', '/recovery', { body: { identifier: customer } });
      await program.settled();
      const sent = await store((tx) => tx.messages.list({ since: 0, kind: 'recovery-code' }, 9));
      const proofId = sent.find((message) => message.proofId !== null)?.proofId;
      assert.ok(proofId);
      const id = newId(systemRandom);
      await write({ id, kind: 'support-not-me', address: null, proofId });
      // Some servers name nobody whom they could read.
      await comeBack(id, 'withheld');
      assert.equal(await troubleOf(customer), undefined);
    });
  });

for (const engine of ['sqlite', 'postgres'] as const)
  describe(`a mailbox that is refused while it is written to, ${engine}`, () => {
    const REPLIES = {
      'gone@example.com': '5.1.1 no such mailbox',
      'nobody@example.com': '5.1.1 no such mailbox',
      'guarded@example.com': '5.7.1 refused by policy',
      'plain@example.com': 'no',
      [SUPPORT]: undefined,
    } as Record<string, string | undefined>;
    let program: InProcess;
    let sink: SmtpSink;
    before(async () => {
      sink = await startSmtpSink({
        onRcpt: (to) => (REPLIES[to] === undefined ? undefined : { code: 550, message: REPLIES[to] }),
      });
      program = await startInProcess(engine, { ...ENV, REGAIN_SMTP_URL: sink.url });
    });
    after(async () => {
      await program.close();
      await sink.stop();
    });

    const told = (): string[] => sink.messages.filter(({ to }) => to === SUPPORT).map(({ text }) => text);
    const askFor = async (identifier: string): Promise<void> => {
      assert.equal((await program.api('POST', '/recovery', { body: { identifier } })).status, 202);
      await program.settled();
    };
    const suppressionOf = (canonical: string): Promise<Suppression | undefined> => {
      const { context } = program.regain;
      const identifierMac = context.keys.identifierMac({ kind: 'email', canonical });
      return context.store.transaction((tx) => tx.suppressions.of(identifierMac));
    };
    const bouncesOf = async (accountId: string): Promise<unknown[]> => {
      const events = await program.regain.context.store.transaction((tx) => tx.audit.ofAccount(accountId, 50));
      return events.filter(({ name }) => name === 'bounce-address').map(({ detail }) => detail);
    };

    test('is as dead as one whose mail comes back later: no promotions, audited, support told once; each recovery is tried', async () => {
      const accountId = await addPerson(program, { emails: ['Gone@example.com'] });
      REPLIES['Gone@example.com'] = REPLIES['gone@example.com'];
      await askFor('gone@example.com');
      const { trouble, reason } = (await suppressionOf('gone@example.com')) ?? {};
      assert.deepEqual([trouble, reason], ['no-mailbox', '5.1.1']);
      assert.deepEqual(await bouncesOf(accountId), [
        {
          identifier: 'g***@example.com',
          channel: 'email',
          kind: 'recovery-code',
          trouble: 'no-mailbox',
          reason: '5.1.1',
        },
      ]);
      assert.equal(told().length, 1);
      assert.match(told()[0] ?? '', /g\*\*\*@example\.com[\s\S]*5\.1\.1/);

      await program.advance(60_000);
      await askFor('gone@example.com');
      assert.equal(told().length, 1, 'once in seven days');
      // The mailbox is there again, and nothing kept the next code from it.
      REPLIES['Gone@example.com'] = undefined;
      await program.advance(60_000);
      await askFor('gone@example.com');
      assert.equal(sink.messages.filter(({ to }) => to === 'Gone@example.com').length, 1);
    });

    test('says nothing where it is no word about the mailbox, or has no account', async () => {
      const before = told().length;
      for (const email of ['guarded@example.com', 'plain@example.com']) {
        const accountId = await addPerson(program, { emails: [email] });
        await askFor(email);
        assert.equal(await suppressionOf(email), undefined);
        assert.deepEqual(await bouncesOf(accountId), []);
      }
      await askFor('nobody@example.com');
      assert.equal((await suppressionOf('nobody@example.com'))?.reason, '5.1.1');
      assert.equal(told().length, before);
    });

    test('support that can not be written to is not written to about that', async () => {
      REPLIES[SUPPORT] = '5.1.1 no such mailbox';
      REPLIES['lost@example.com'] = '5.1.1 no such mailbox';
      await addPerson(program, { emails: ['lost@example.com'] });
      await askFor('lost@example.com');
      const told = await program.regain.context.store.transaction((tx) =>
        tx.messages.list({ since: program.now(), kind: 'support-bounce' }, 9),
      );
      assert.deepEqual(
        told.map(({ status }) => status),
        ['failed'],
      );
      assert.equal(await suppressionOf(SUPPORT), undefined);
      REPLIES[SUPPORT] = undefined;
    });
  });
