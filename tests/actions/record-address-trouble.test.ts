/** What support and the operator learn of mail that comes back, on both engines. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { newId } from '../../src/actions/tokens.ts';
import { bounceAddress } from '../../src/rules/bounce-addresses.ts';
import type { MessageKind, NewMessage } from '../../src/store/store.ts';
import { systemRandom } from '../../src/system.ts';
import { postfixBounce } from '../bounce-mails.ts';
import { type InProcess, startInProcess } from '../in-process.ts';
import { addPerson } from '../people.ts';
import { regainSignature } from '../signed-calls.ts';
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
