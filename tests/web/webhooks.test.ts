/** Reports by HTTP into the running program, and what becomes of messages and addresses. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, type TestContext, test } from 'node:test';
import { createKeys } from '../../src/keys.ts';
import { bounceAddress } from '../../src/rules/bounce-addresses.ts';
import type { Message } from '../../src/store/store.ts';
import { type Bounced, postfixBounce } from '../bounce-mails.ts';
import { CARRIERS, codeOf, MESSENGER_CARRIERS, PHONE, WHATSAPP } from '../carriers.ts';
import { type InProcess, startInProcess } from '../in-process.ts';
import { offerIn } from '../messengers.ts';
import { type Owner, owners } from '../owners.ts';
import { addPerson, codeIn, NEW_PASSWORD, OLD_PASSWORD } from '../people.ts';
import { TEST_SECRET } from '../regain.ts';
import { regainSignature, sendGridSigner } from '../signed-calls.ts';
import { startSmsc } from '../smsc.ts';
import { twilioSignature } from '../twilio-peer.ts';
import type { Answer } from '../visitor.ts';
import { callRoute } from '../webhook-route.ts';
import { startWhatsAppPeer } from '../whatsapp-peer.ts';

const INBOUND_SECRET = 'a secret of the mail server';
const POSTMARK = `Basic ${Buffer.from('hook:the password of Postmark').toString('base64')}`;
const signer = sendGridSigner();
const BOUNCES = 'bounces@shop.example';

for (const engine of ['sqlite', 'postgres'] as const)
  describe(`reports on mail, ${engine}`, () => {
    let program: InProcess;
    let origin: string;
    let stopServer: () => Promise<void>;

    before(async () => {
      program = await startInProcess(engine, {
        REGAIN_BOUNCE_ADDRESS: BOUNCES,
        REGAIN_SUPPORT_ADDRESS: 'help@shop.example',
        REGAIN_MAIL_REPORTS: `inbound://:${encodeURIComponent(INBOUND_SECRET)}@,postmark://hook:the%20password%20of%20Postmark@,sendgrid://?key=${encodeURIComponent(signer.publicKey)}`,
      });
      ({ origin, stop: stopServer } = await listen(program));
    });
    after(async () => {
      await stopServer();
      await program.close();
    });

    async function post(path: string, body: string, headers: Record<string, string>): Promise<number> {
      const response = await fetch(`${origin}/webhooks/${path}`, { method: 'POST', body, headers });
      await response.arrayBuffer();
      assert.equal(response.headers.get('set-cookie'), null);
      return response.status;
    }
    const postInbound = (mail: string): Promise<number> =>
      post('inbound', mail, {
        'Content-Type': 'message/rfc822',
        'Regain-Signature': regainSignature(INBOUND_SECRET, mail, program.now()),
      });
    const postSendGrid = (batch: unknown): Promise<number> => {
      const body = JSON.stringify(batch);
      return post('sendgrid', body, signer.sign(body, String(program.now() / 1000)));
    };

    /** Somebody asks for a code; the mail that left, and how it would come back. */
    async function askFor(
      identifier: string,
    ): Promise<{ token: string; bounced: Bounced; message: () => Promise<Message>; code: string }> {
      const seen = program.sink.messages.length;
      const asked = await program.api('POST', '/recovery', { body: { identifier } });
      assert.equal(asked.status, 202);
      await program.advance(3_000);
      const mail = program.sink.messages.slice(seen).find(({ to }) => to === identifier);
      assert.ok(mail, `a mail to ${identifier}`);
      const messageId = mail.headers.get('message-id') ?? '';
      const id = messageId.slice(1, messageId.indexOf('@'));
      return {
        token: String(asked.json.token),
        bounced: { returnPath: mail.from, messageId, recipient: identifier },
        code: /^\s*\d{6,8}\s*$/m.test(mail.text) ? codeIn(mail) : '',
        message: async () => (await program.regain.context.store.transaction((tx) => tx.outbox.byId(id))) as Message,
      };
    }
    const supportMails = (): typeof program.sink.messages =>
      program.sink.messages.filter(({ to }) => to === 'help@shop.example');
    const suppressionOf = (canonical: string) =>
      program.regain.context.store.transaction((tx) =>
        tx.suppressions.of(program.regain.context.keys.identifierMac({ kind: 'email', canonical })),
      );

    test('mail leaves with a return path of its own, and with the header that Postmark gives back', async () => {
      await addPerson(program, { emails: ['leaves@example.com'] });
      const { bounced, message } = await askFor('leaves@example.com');
      const { id } = await message();
      assert.equal(bounced.returnPath, bounceAddress(BOUNCES, id, createKeys([TEST_SECRET])));
      const mail = program.sink.messages.at(-1);
      assert.equal(mail?.headers.get('x-pm-metadata-regain-message'), id);
      assert.match(mail?.headers.get('from') ?? '', /no-reply@shop\.example/);
    });

    test('a hard bounce: bounced, suppressed for promotions, support told once, audited, and recovery goes on', async () => {
      const accountId = await addPerson(program, { emails: ['Dead@example.com'] });
      const { bounced, message, token, code } = await askFor('dead@example.com'.replace('d', 'D'));
      const toldBefore = supportMails().length;
      assert.equal(await postInbound(postfixBounce(bounced)), 200);
      assert.deepEqual([(await message()).status, (await message()).reason], ['bounced', '5.1.1']);
      assert.equal((await suppressionOf('dead@example.com'))?.trouble, 'no-mailbox');
      await program.settled();
      const [told, ...more] = supportMails().slice(toldBefore);
      assert.deepEqual(more, []);
      assert.match(told?.subject ?? '', /Mail to a customer of Shop comes back/);
      assert.match(told?.text ?? '', /d\*\*\*@example\.com[\s\S]*5\.1\.1/);
      assert.doesNotMatch(told?.raw ?? '', /dead@example/i);

      // The same again, in duplicate and as another provider's report.
      for (let time = 0; time < 3; time += 1) assert.equal(await postInbound(postfixBounce(bounced)), 200);
      const events = await program.regain.context.store.transaction((tx) => tx.audit.ofAccount(accountId, 50));
      assert.equal(events.filter(({ name }) => name === 'bounce-address').length, 1);

      // The code still works, and the next recovery is tried again.
      const verified = await program.api('POST', '/recovery/verify', { body: { token, code } });
      assert.equal(verified.status, 200);
      const set = { token: verified.json.token, password: NEW_PASSWORD };
      assert.equal((await program.api('POST', '/recovery/password', { body: set })).status, 200);
      await program.advance(60_000);
      const again = await askFor('Dead@example.com');
      assert.equal((await again.message()).status, 'sent');
      assert.equal(await postInbound(postfixBounce(again.bounced)), 200);
      await program.settled();
      assert.equal(supportMails().length, toldBefore + 1);

      // A mail that arrives ends it.
      await program.advance(60_000);
      const third = await askFor('Dead@example.com');
      await postSendGrid([
        {
          event: 'delivered',
          'smtp-id': third.bounced.messageId,
          email: 'dead@example.com',
          timestamp: program.now() / 1000,
        },
      ]);
      assert.equal((await third.message()).status, 'delivered');
      assert.equal(await suppressionOf('dead@example.com'), undefined);
    });

    test('the first bounce of a mailbox, told after a later mail has reached it, says nothing of the address', async () => {
      const accountId = await addPerson(program, { emails: ['late@example.com'] });
      const first = await askFor('late@example.com');
      const toldBefore = supportMails().length;
      const ofMail = (mail: Bounced, event: string, at: number) => ({
        event,
        'smtp-id': mail.messageId,
        email: 'late@example.com',
        timestamp: at / 1000,
      });
      const bouncedAt = program.now();
      await program.advance(60_000);
      const second = await askFor('late@example.com');
      assert.equal(await postSendGrid([ofMail(second.bounced, 'delivered', program.now())]), 200);
      await program.advance(60_000);
      const bounce = { ...ofMail(first.bounced, 'bounce', bouncedAt), type: 'bounce', status: '5.1.1' };
      assert.equal(await postSendGrid([bounce]), 200);
      await program.settled();
      assert.deepEqual([(await first.message()).status, (await second.message()).status], ['bounced', 'delivered']);
      assert.equal(await suppressionOf('late@example.com'), undefined);
      assert.equal(supportMails().length, toldBefore);
      const events = await program.regain.context.store.transaction((tx) => tx.audit.ofAccount(accountId, 50));
      assert.ok(!events.some(({ name }) => name === 'bounce-address'));

      const third = await askFor('late@example.com');
      const newer = { ...ofMail(third.bounced, 'bounce', program.now()), type: 'bounce', status: '5.1.1' };
      assert.equal(await postSendGrid([newer]), 200);
      assert.equal((await suppressionOf('late@example.com'))?.trouble, 'no-mailbox');
    });

    test('receipts out of order and in a batch end as the last word says', async () => {
      await addPerson(program, { emails: ['order@example.com'] });
      const { bounced, message } = await askFor('order@example.com');
      const event = (change: Record<string, unknown>) => ({
        'smtp-id': bounced.messageId,
        email: 'order@example.com',
        timestamp: program.now() / 1000,
        ...change,
      });
      assert.equal(await postSendGrid([event({ event: 'delivered' })]), 200);
      assert.equal(await postSendGrid([event({ event: 'processed' }), event({ event: 'deferred' })]), 200);
      assert.equal((await message()).status, 'delivered');
      const bounce = event({ event: 'bounce', type: 'bounce', status: '5.2.2' });
      assert.equal(await postSendGrid([bounce, event({ event: 'delivered' }), event({ event: 'processed' })]), 200);
      assert.deepEqual([(await message()).status, (await message()).reason], ['bounced', '5.2.2']);
      assert.equal(await suppressionOf('order@example.com'), undefined);
    });

    test('a mail that bounced for somebody else, to whom it was forwarded, says nothing of the address', async () => {
      await addPerson(program, { emails: ['forwards@example.com'] });
      const { bounced, message } = await askFor('forwards@example.com');
      assert.equal(await postInbound(postfixBounce({ ...bounced, recipient: 'gone@example.net' })), 200);
      assert.equal((await message()).status, 'bounced');
      assert.equal(await suppressionOf('forwards@example.com'), undefined);
    });

    test('Postmark: a complaint suppresses promotions and tells nobody', async () => {
      await addPerson(program, { emails: ['annoyed@example.com'] });
      const { message } = await askFor('annoyed@example.com');
      const toldBefore = supportMails().length;
      const { id } = await message();
      const body = JSON.stringify({
        RecordType: 'SpamComplaint',
        Type: 'SpamComplaint',
        Metadata: { 'regain-message': id },
        BouncedAt: new Date(program.now()).toISOString(),
      });
      assert.equal(await post('postmark', body, { Authorization: POSTMARK }), 200);
      assert.equal(await post('postmark', body, { Authorization: 'Basic eDp5' }), 401);
      assert.equal((await suppressionOf('annoyed@example.com'))?.trouble, 'complaint');
      assert.equal((await message()).status, 'delivered');
      await program.settled();
      assert.equal(supportMails().length, toldBefore);
    });

    test('an address without an account: the status is kept, support hears nothing', async () => {
      const toldBefore = supportMails().length;
      const { bounced, message } = await askFor('nobody@example.com');
      assert.equal(await postInbound(postfixBounce(bounced)), 200);
      assert.equal((await message()).status, 'bounced');
      await program.settled();
      assert.equal(supportMails().length, toldBefore);
    });

    test('the live line says the same of a known address, an unknown one and a decoy, whatever was reported', async () => {
      await addPerson(program, { emails: ['line@example.com'] });
      const known = await askFor('line@example.com');
      const unknown = await askFor('line-unknown@example.com');
      const decoy = await program.api('POST', '/recovery', { body: { identifier: 'line-unknown@example.com' } });
      await program.advance(3_000);
      const line = async (token: string): Promise<unknown> =>
        (await program.api('GET', '/recovery', { token })).json.delivery;
      const lines = async (): Promise<unknown[]> =>
        Promise.all([known.token, unknown.token, String(decoy.json.token)].map(line));
      const first = await lines();
      assert.deepEqual(new Set(first).size, 1, JSON.stringify(first));
      for (const { bounced } of [known]) await postSendGrid([{ event: 'delivered', 'smtp-id': bounced.messageId }]);
      assert.deepEqual(await lines(), first);
      await postInbound(postfixBounce(known.bounced));
      assert.deepEqual(await lines(), first);
      await postInbound(postfixBounce(unknown.bounced));
      assert.deepEqual(await lines(), first);
    });

    test('forged, cut, too big, of nobody, by the wrong method', async () => {
      await addPerson(program, { emails: ['forged@example.com'] });
      const { bounced, message } = await askFor('forged@example.com');
      const mail = postfixBounce(bounced);
      const signature = regainSignature(INBOUND_SECRET, mail, program.now());
      const statuses = [
        await post('inbound', mail, {}),
        await post('inbound', mail.slice(0, -5), { 'Regain-Signature': signature }),
        await post('inbound', mail, { 'Regain-Signature': regainSignature('another', mail, program.now()) }),
        await post('inbound', mail, {
          'Regain-Signature': regainSignature(INBOUND_SECRET, mail, program.now() - 600_000),
        }),
        await post('sendgrid', '[]', {}),
        await post('inbound', 'x'.repeat(1024 * 1024 + 1), {}),
        await post('ses', '{}', {}),
        await post('constructor', '{}', {}),
      ];
      assert.deepEqual(statuses, [401, 401, 401, 401, 403, 413, 404, 404]);
      assert.equal((await fetch(`${origin}/webhooks/inbound`)).status, 400);
      assert.equal((await message()).status, 'sent');
      // A batch of the size that SendGrid sends is taken, also from a caller that names an origin.
      const batch = Array.from({ length: 4_000 }, () => ({
        event: 'open',
        email: 'x@example.com',
        url: 'https://x.example/'.padEnd(150, 'x'),
      }));
      const body = JSON.stringify(batch);
      assert.ok(body.length > 700_000);
      assert.equal(
        await post('sendgrid', body, { ...signer.sign(body, '1'), Origin: 'https://elsewhere.example' }),
        200,
      );
    });
  });

describe('what people answer to a text', () => {
  const ACCOUNT = 'AC00000000000000000000000000000001';
  const WAYS = {
    async twilio(t: TestContext) {
      const carrier = await CARRIERS.twilio();
      t.after(() => carrier.stop());
      const program = await startInProcess('sqlite', carrier.env);
      t.after(() => program.close());
      const answer = async (from: string, text: string): Promise<void> => {
        const form = { From: from, To: '+12125550199', Body: text, MessageSid: 'SM1', AccountSid: ACCOUNT };
        const url = `${program.regain.config.origin}/webhooks/twilio`;
        const answered = await callRoute(program, '/webhooks/twilio', new URLSearchParams(form).toString(), {
          'content-type': 'application/x-www-form-urlencoded',
          'x-twilio-signature': twilioSignature('token', url, form),
        });
        assert.deepEqual([answered.status, answered.text.endsWith('<Response/>')], [200, true]);
      };
      return { program, carrier, answer };
    },
    async smpp(t: TestContext) {
      const smsc = await startSmsc();
      t.after(() => smsc.stop());
      const program = await startInProcess('sqlite', {
        REGAIN_SMS_URL: `smpp://user:password@127.0.0.1:${smsc.port}?from=Shop`,
        REGAIN_SMS_COUNTRIES: 'US',
      });
      t.after(() => program.close());
      await smsc.waitFor('a bind', () => smsc.binds.length === 1);
      const answer = async (from: string, text: string): Promise<void> => {
        assert.equal(await smsc.deliver({ source: from.slice(1), message: text }), 0);
      };
      const codes = (): string[] => smsc.submitted.map(({ bytes }) => codeOf(bytes.toString('latin1')));
      return { program, carrier: { codes, complaints: () => smsc.complaints }, answer };
    },
  };
  for (const [name, start] of Object.entries(WAYS))
    test(`${name}: the operator sees that a number said STOP, and no number or word in whole; a code that is asked for goes there`, async (t) => {
      const { program, carrier, answer } = await start(t);
      await addPerson(program, { emails: [], phones: [PHONE] });
      const before = program.logged.length;
      await answer(PHONE, 'STOP');
      await answer(PHONE, 'who is Zebedee?');
      const lines = program.logged.slice(before).filter(({ event }) => event === 'text-answered');
      assert.deepEqual(
        lines.map(({ level, fields }) => [level, fields]),
        ['stopped', 'said'].map((event) => ['info', { channel: 'sms', event, from: '+1*****01' }]),
      );
      assert.doesNotMatch(JSON.stringify(program.logged), /2125550101|Zebedee/);
      await program.api('POST', '/recovery', { body: { identifier: PHONE } });
      await program.settled();
      assert.equal(carrier.codes().length, 1);
      assert.deepEqual(carrier.complaints(), []);
    });

  test('twilio: of a name or a short code nothing is shown', async (t) => {
    const { program, answer } = await WAYS.twilio(t);
    for (const from of ['70123', 'Zebedee']) await answer(from, 'STOP');
    const lines = program.logged.filter(({ event }) => event === 'text-answered');
    assert.deepEqual(
      lines.map(({ fields }) => fields?.from),
      ['***', '***'],
    );
  });
});

for (const engine of ['sqlite', 'postgres'] as const)
  describe(`calls of WhatsApp, ${engine}`, () => {
    let whatsApp: WhatsAppCalls;
    before(async () => {
      whatsApp = await startWhatsAppCalls(engine);
    });
    after(() => whatsApp.close());

    test('a batch of 3 MB, as Meta sends them, is taken, and the stop in it is heard', async () => {
      const { person, stoppedAt } = await whatsApp.linked();
      const said = (body: string) => whatsApp.message({ from: '15550999', type: 'text', text: { body } });
      // People write up to 4096 characters each.
      const messages = [...Array.from({ length: 700 }, () => said('x'.repeat(4_096))), whatsApp.stopOf(person)];
      assert.ok(JSON.stringify(messages).length > 2_900_000);
      await whatsApp.hear({ messages });
      assert.equal(await stoppedAt(), whatsApp.program.now());
    });

    const changedIds = { type: 'user_changed_user_id', body: 'changed' };
    const changedNumber = { type: 'user_changed_number', body: 'changed', wa_id: '15550777' };
    const LAST_WORDS: [what: string, linkedBy: 'both' | 'id', words: (person: Person) => Record<string, unknown>][] = [
      ['says stop', 'both', (person) => whatsApp.stopOf(person)],
      ['says stop, and hides the number by now', 'both', (person) => whatsApp.stopOf(hidden(person))],
      ['says stop, and shows a number by now', 'id', (person) => whatsApp.stopOf(person)],
      [
        'has another id, and the number is not told',
        'both',
        ({ from_user_id: previous_user_id }) =>
          whatsApp.message({
            from_user_id: 'US.new',
            type: 'system',
            system: { ...changedIds, user_id: 'US.new', previous_user_id },
          }),
      ],
      ['has another number', 'both', ({ from }) => whatsApp.message({ from, type: 'system', system: changedNumber })],
      [
        'has another number, and showed none before',
        'id',
        ({ from, from_user_id: previous_user_id }) =>
          whatsApp.message({ from, type: 'system', system: { ...changedNumber, user_id: 'US.new', previous_user_id } }),
      ],
    ];
    for (const [what, linkedBy, words] of LAST_WORDS)
      test(`who was linked by ${linkedBy === 'id' ? 'an id alone' : 'number and id'} and ${what} gets no codes there`, async () => {
        const [{ person, stoppedAt }, other] = [await whatsApp.linked(linkedBy), await whatsApp.linked(linkedBy)];
        await whatsApp.hear({ messages: [words(person)] });
        assert.equal(await stoppedAt(), whatsApp.program.now());
        assert.equal(await other.stoppedAt(), null);
      });

    test('a stop before the yes withdraws what was offered, also when the number is hidden by then', async () => {
      const { person, answer } = await whatsApp.offered();
      await whatsApp.hear({ messages: [whatsApp.stopOf(hidden(person))] });
      assert.match((await answer()).text, /Please start again/);
    });
  });

/** How Meta's calls name somebody. */
interface Person {
  from?: string;
  from_user_id: string;
}

function hidden({ from_user_id }: Person): Person {
  return { from_user_id };
}

interface WhatsAppCalls {
  program: InProcess;
  /** Somebody asked for a link and sent the draft that it opens. `answer` says yes on the page. */
  offered(by?: 'both' | 'id'): Promise<{ person: Required<Person>; owner: Owner; answer(): Promise<Answer> }>;
  /** And said yes, a minute ago. */
  linked(by?: 'both' | 'id'): Promise<{ person: Required<Person>; stoppedAt(): Promise<number | null | undefined> }>;
  /** One of somebody, of now. */
  message(fields: Record<string, unknown>): Record<string, unknown>;
  stopOf(person: Person): Record<string, unknown>;
  /** Posts what Meta would, signed. */
  hear(value: Record<string, unknown>): Promise<void>;
  close(): Promise<void>;
}

async function startWhatsAppCalls(engine: 'sqlite' | 'postgres'): Promise<WhatsAppCalls> {
  const peer = await startWhatsAppPeer(WHATSAPP);
  const { env, stop, complaints } = await MESSENGER_CARRIERS.whatsapp();
  const program = await startInProcess(engine, env);
  const { store } = program.regain.context;
  const people = owners(program);
  const confirm = '/account/messengers/confirm/whatsapp';
  let ids = 100;
  const calls: WhatsAppCalls = {
    program,
    async offered(by = 'both') {
      ids += 1;
      const person = { from: `15550${ids}`, from_user_id: `US.1349120865530274${ids}` };
      const known = by === 'id' ? hidden(person) : person;
      const owner = await people.signedIn();
      const { text } = await owner.owner.post('/account/messengers/link/whatsapp', { password: OLD_PASSWORD });
      const [, token] = /text=LINK%20([\w-]{32})"/.exec(text) ?? [];
      await calls.hear({ messages: [calls.message({ ...known, type: 'text', text: { body: `LINK ${token}` } })] });
      const offer = offerIn(await owner.owner.get(confirm));
      return { person, owner, answer: () => owner.owner.post(confirm, { offer, answer: 'yes' }) };
    },
    async linked(by = 'both') {
      const { person, owner, answer } = await calls.offered(by);
      assert.equal((await answer()).url, '/account?notice=messenger-linked');
      await program.advance(60_000);
      const chats = () => store.transaction((tx) => tx.chats.ofAccount(owner.id));
      return { person, stoppedAt: async () => (await chats())[0]?.stoppedAt };
    },
    message(fields) {
      ids += 1;
      return { id: `wamid.${ids}`, timestamp: String(Math.floor(program.now() / 1000)), ...fields };
    },
    stopOf: (person) => calls.message({ ...person, type: 'text', text: { body: 'STOP' } }),
    async hear(value) {
      const { body, headers } = peer.batch(value);
      const { status } = await callRoute(program, '/webhooks/whatsapp', body, Object.fromEntries(headers));
      assert.equal(status, 200);
      await program.settled();
    },
    async close() {
      await program.close();
      await peer.stop();
      await stop();
      assert.deepEqual([...complaints(), ...peer.problems], []);
    },
  };
  return calls;
}

/** The program behind a socket, as its server hands requests on. */
async function listen({ regain }: InProcess): Promise<{ origin: string; stop(): Promise<void> }> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const headers = Object.entries(request.headers).flatMap(([name, value]): [string, string][] =>
        typeof value === 'string' ? [[name, value]] : [],
      );
      const body = request.method === 'POST' ? Buffer.concat(chunks) : undefined;
      const url = `https://accounts.shop.example${request.url}`;
      regain
        .fetch(new Request(url, { method: request.method ?? 'GET', headers, ...(body ? { body } : {}) }), {
          peer: '127.0.0.1',
        })
        .then(async (answer) => {
          response.writeHead(answer.status, Object.fromEntries(answer.headers));
          response.end(Buffer.from(await answer.arrayBuffer()));
        })
        .catch((error: unknown) => response.destroy(error as Error));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
