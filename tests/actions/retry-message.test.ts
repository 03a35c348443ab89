/** Which messages an operator can have sent again, and which would help nobody. */
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, type TestContext, test } from 'node:test';
import { notifyOfAddress } from '../../src/actions/notify-of-address.ts';
import { retryMessage } from '../../src/actions/retry-message.ts';
import { shownStatus } from '../../src/rules/delivery.ts';
import { CODE_LIFETIME_MS, FATE_SHOWN_AFTER_MS, NOTICE_USEFUL_MS, PROOF_LIFETIME_MS } from '../../src/rules/limits.ts';
import type { Message } from '../../src/store/store.ts';
import { codeOf, PHONE } from '../carriers.ts';
import { type InProcess, startInProcess } from '../in-process.ts';
import { addPerson, codeIn, NEW_PASSWORD, OLD_PASSWORD, wrongCode } from '../people.ts';
import { reportSignature, startWebhookReceiver } from '../webhook-receiver.ts';
import { callRoute } from '../webhook-route.ts';

const KEY = 'a-key-of-the-shop';

for (const engine of ['sqlite', 'postgres'] as const)
  describe(`retry-message on ${engine}`, () => {
    let program: InProcess;
    let people = 0;
    before(async () => {
      program = await startInProcess(engine, { REGAIN_BOUNCE_ADDRESS: 'bounces@shop.example' });
    });
    after(() => program.close());
    afterEach(() => program.advance(PROOF_LIFETIME_MS));

    const transaction: InProcess['regain']['context']['store']['transaction'] = (work) =>
      program.regain.context.store.transaction(work);
    const retry = (id: string, evenIfDelivered = false) =>
      retryMessage(program.regain.context, id, { evenIfDelivered });
    const whyNot = async (id: string, evenIfDelivered = false): Promise<string> => {
      const outcome = await retry(id, evenIfDelivered);
      if (outcome.id === undefined) return outcome.why;
      return outcome.queued ? 'queued' : outcome.refusal.why;
    };
    /** Somebody asked for a code, and the mail server refused it afterwards. */
    async function bounced(): Promise<{ email: string; accountId: string; token: string; message: Message }> {
      people += 1;
      // The newest message is this one's, then.
      await program.advance(1);
      const email = `person-${people}@example.com`;
      const accountId = await addPerson(program, { emails: [email] });
      const { token } = (await program.api('POST', '/recovery', { body: { identifier: email } })).json;
      const message = await newest();
      await program.settled();
      await bounce(message.id);
      return { email, accountId, token, message };
    }
    const newest = async () => (await transaction((tx) => tx.messages.list({ since: 0 }, 1)))[0] as Message;
    const bounce = (id: string) =>
      transaction((tx) => tx.outbox.report(id, 'sent', { status: 'bounced', reason: '550 5.1.1', at: program.now() }));
    const mailsTo = (email: string) => program.sink.messages.filter(({ to }) => to === email);

    test('a bounced code is sent again, with the same code, once', async () => {
      const { email, message } = await bounced();
      // Whoever is late finds it waiting, or sent by then.
      const answers = await Promise.all([1, 2, 3].map(() => whyNot(message.id)));
      assert.deepEqual(
        answers.filter((answer) => answer !== 'waits_already' && answer !== 'not_failed'),
        ['queued'],
      );
      await program.settled();
      const mails = mailsTo(email);
      assert.equal(mails.length, 2);
      assert.equal(codeIn(mails[0]!), codeIn(mails[1]!));
      // A mailbox that has the first may drop what has the same Message-ID.
      assert.equal(new Set(mails.map(({ headers }) => headers.get('message-id'))).size, 2);
      // Both come back to the same message.
      assert.match(mails[0]!.from, /^bounces\+[a-z2-7]{42}@shop\.example$/);
      assert.equal(mails[1]!.from, mails[0]!.from);
      assert.equal(await whyNot(message.id), 'not_failed');
      assert.equal(await whyNot(message.id, true), 'queued');
    });

    test('a dead code is not sent', async () => {
      const { email, message } = await bounced();
      await program.advance(CODE_LIFETIME_MS);
      assert.equal(await whyNot(message.id, true), 'code_dead');
      await program.settled();
      assert.equal(mailsTo(email).length, 1);
    });

    test('an older code, when "send again" has made a new one', async () => {
      const { token, message } = await bounced();
      await program.advance(CODE_LIFETIME_MS);
      assert.equal((await program.api('POST', '/recovery/resend', { body: { token } })).status, 202);
      await program.settled();
      assert.equal(await whyNot(message.id), 'newer_code');
    });

    test('a finished, a cancelled and a worn-out recovery', async () => {
      const { email, token, message } = await bounced();
      const code = codeIn(mailsTo(email)[0]!);
      assert.equal((await program.api('POST', '/recovery/verify', { body: { token, code } })).status, 200);
      assert.equal(await whyNot(message.id), 'recovery_over');
      await program.api('POST', '/recovery/password', { body: { token, password: NEW_PASSWORD } });
      assert.equal(await whyNot(message.id), 'recovery_over');
      const worn = await bounced();
      const wrong = wrongCode(codeIn(mailsTo(worn.email)[0]!));
      for (let tries = 0; tries < 5; tries += 1)
        await program.api('POST', '/recovery/verify', { body: { token: worn.token, code: wrong } });
      assert.equal(await whyNot(worn.message.id), 'recovery_over');
    });

    test('an account that has changed since', async () => {
      const { accountId, message } = await bounced();
      await transaction((tx) => program.regain.context.accounts.blockPassword(tx, accountId, program.now()));
      assert.equal(await whyNot(message.id), 'account_changed');
    });

    test('a recovery that its owner ended unseen, by signing in elsewhere: the code that left stays on record', async () => {
      const { email, message } = await bounced();
      const { status } = await program.api('POST', '/sessions', {
        body: { identifier: email, password: OLD_PASSWORD },
      });
      assert.equal(status, 201);
      assert.equal(await whyNot(message.id, true), 'account_changed');
      await program.settled();
      assert.equal(mailsTo(email).length, 1);
      const kept = await transaction((tx) => tx.outbox.byId(message.id));
      assert.deepEqual([kept?.kind, kept?.status], ['recovery-code', 'bounced']);
    });

    test('an address that is no longer one of the account', async () => {
      const { message } = await bounced();
      const { context } = program.regain;
      const accounts = { ...context.accounts, findByIdentifier: async () => undefined };
      const outcome = await retryMessage({ ...context, accounts }, message.id, { evenIfDelivered: true });
      assert.deepEqual(outcome, { id: message.id, queued: false, refusal: { why: 'address_gone' } });
    });

    test('an address that recovery was stopped by', async () => {
      const { email, accountId, message } = await bounced();
      const stopped = [{ kind: 'email', canonical: email }] as const;
      const { accounts } = program.regain.context;
      await transaction((tx) => accounts.freezeAddresses(tx, accountId, stopped, program.now()));
      assert.equal(await whyNot(message.id, true), 'address_stopped');
      await program.settled();
      assert.equal(mailsTo(email).length, 1);
      // Allowed again, the code from before stays void.
      await transaction((tx) => tx.accounts.thawAddress(accountId, stopped[0], program.now()));
      assert.equal(await whyNot(message.id), 'account_changed');
    });

    test('a decoy: nobody to send to', async () => {
      await program.advance(1);
      const { status } = await program.api('POST', '/recovery', { body: { identifier: '+14155552671' } });
      assert.equal(status, 202);
      const message = await newest();
      await program.settled();
      assert.equal(await whyNot(message.id, true), 'nobody');
    });

    test('a notice can be sent again when its recovery is over, until its own time has passed', async () => {
      const { email, token } = await bounced();
      const code = codeIn(mailsTo(email)[0]!);
      await program.api('POST', '/recovery/verify', { body: { token, code } });
      await program.api('POST', '/recovery/password', { body: { token, password: NEW_PASSWORD } });
      await program.settled();
      const [notice] = await transaction((tx) => tx.messages.list({ since: 0, kind: 'password-changed' }, 1));
      assert.ok(notice);
      await bounce(notice.id);
      assert.equal(await whyNot(notice.id), 'queued');
      await program.settled();
      assert.equal(mailsTo(email).length, 3);
      await bounce(notice.id);
      await program.advance(NOTICE_USEFUL_MS);
      assert.equal(await whyNot(notice.id), 'too_late');
    });

    test('a notice of an added address, which no recovery stands behind', async () => {
      const { email, accountId } = await bounced();
      const { context } = program.regain;
      const added = 'added@example.com';
      await transaction(async (tx) => {
        const [at, account] = [program.now(), await context.accounts.get(tx, accountId)];
        assert.ok(account);
        const detail = { address: added, browser: 'Firefox' };
        await tx.audit.append({ at, name: 'add-address', accountId, proofId: null, detail });
        await notifyOfAddress(context, tx, account, 'address-added', account.addresses, 'en', at);
      });
      await program.settled();
      const [notice] = await transaction((tx) => tx.messages.list({ since: 0, kind: 'address-added' }, 1));
      assert.ok(notice);
      await bounce(notice.id);
      assert.equal(await whyNot(notice.id), 'queued');
      await program.settled();
      const notices = mailsTo(email).filter(({ text }) => text.includes(added));
      assert.equal(notices.length, 2);
      await bounce(notice.id);
      await program.advance(NOTICE_USEFUL_MS);
      assert.equal(await whyNot(notice.id), 'too_late');
    });

    test('what is not there, and what is not clear', async () => {
      assert.equal(await whyNot('nothing'), 'none');
      const { message } = await bounced();
      assert.equal(await whyNot(''), 'several');
      assert.equal(await whyNot(message.id.slice(0, 12)), 'queued');
    });
  });

describe('retry-message by the generic SMS webhook, which takes an id once', () => {
  async function texted(t: TestContext) {
    const receiver = await startWebhookReceiver(KEY, () => Date.parse('2026-03-14T09:12:00Z') / 1000);
    t.after(() => receiver.stop());
    const program = await startInProcess('sqlite', {
      REGAIN_SMS_URL: `${receiver.url}/send?secret=${KEY}`,
      REGAIN_SMS_COUNTRIES: 'US',
    });
    t.after(() => program.close());
    await addPerson(program, { emails: [], phones: [PHONE] });
    const asked = await program.api('POST', '/recovery', { body: { identifier: PHONE } });
    assert.equal(asked.status, 202);
    await program.settled();
    const stored = async () => {
      const found = await program.regain.context.store.transaction((tx) =>
        tx.messages.list({ since: 0, channel: 'sms' }, 9),
      );
      assert.equal(found.length, 1);
      return found[0] as Message;
    };
    const report = async (id: string, status: 'delivered' | 'failed') => {
      const body = JSON.stringify({ id, status });
      const signature = reportSignature(KEY, Math.floor(program.now() / 1000), body);
      const answer = await callRoute(program, '/webhooks/sms', body, { 'Regain-Signature': signature });
      assert.equal(answer.status, 200);
      await program.settled();
    };
    const retry = async (evenIfDelivered = false) => {
      const { id } = await stored();
      const outcome = await retryMessage(program.regain.context, id, { evenIfDelivered });
      assert.deepEqual(outcome, { id, queued: true });
      program.worker.wake();
      await program.settled();
    };
    const { id } = await stored();
    const codes = () => receiver.taken.map(({ text }) => codeOf(text));
    const taken = () => receiver.taken.map((message) => message.id);
    return { program, receiver, id, stored, report, retry, codes, taken };
  }

  test('what failed there is sent again, with the same code, as a message of its own', async (t) => {
    const { receiver, id, stored, report, retry, codes, taken } = await texted(t);
    await report(id, 'failed');
    await retry();
    assert.deepEqual(taken(), [id, `${id}.2`]);
    assert.equal(new Set(codes()).size, 1);
    assert.equal((await stored()).status, 'sent');
    await retry(true);
    assert.deepEqual(taken(), [id, `${id}.2`, `${id}.3`]);
    assert.deepEqual(receiver.complaints, []);
  });

  test('what was delivered is sent again where the operator says so', async (t) => {
    const { id, report, retry, taken } = await texted(t);
    await report(id, 'delivered');
    await retry(true);
    assert.deepEqual(taken(), [id, `${id}.2`]);
  });

  test('tries of the same asking have the same id: what was taken before a lost answer is not taken twice', async (t) => {
    const { program, receiver, id, report, retry, taken } = await texted(t);
    await report(id, 'failed');
    receiver.misbehave({ status: 503 }, 'close');
    await retry();
    for (let tries = 0; tries < 3; tries += 1) await program.advance(60_000);
    const ids = receiver.requests.map(({ body }) => JSON.parse(body).id);
    assert.deepEqual(ids.slice(1), [`${id}.2`, `${id}.2`, `${id}.2`]);
    assert.deepEqual(taken(), [id, `${id}.2`]);
  });

  for (const which of ['first', 'second'] as const)
    test(`a report that names the id of the ${which} asking finds the message`, async (t) => {
      const { id, stored, report, retry } = await texted(t);
      await report(id, 'failed');
      await retry();
      assert.equal((await stored()).status, 'sent');
      await report(which === 'first' ? id : `${id}.2`, 'delivered');
      assert.equal((await stored()).status, 'delivered');
    });
});

test('where nobody without an account is written to, a retry does not show on the live line', () => {
  const shownOf = (status: Message['status'], reason: string | null) =>
    shownStatus({ status, reason }, FATE_SHOWN_AFTER_MS, 'accounts');
  const before = shownOf('failed', '550 5.1.1');
  assert.equal(before, 'sent');
  assert.equal(shownOf('queued', 'retried'), before);
  assert.equal(shownOf('expired', 'retried'), before);
});
