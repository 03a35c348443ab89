/** `regain messages list`, `show` and `retry`, as they are typed, beside a server that runs on the same database. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { MESSAGE_STATUSES } from '../../src/rules/delivery.ts';
import type { NewMessage, StoreTransaction } from '../../src/store/store.ts';
import { startInProcess } from '../in-process.ts';
import { addPerson, codeIn, NEW_PASSWORD } from '../people.ts';
import { type Running, regain, serve, TEST_SECRET, testFolder } from '../regain.ts';
import { type SmtpSink, startSmtpSink } from '../smtp-sink.ts';
import { callApi } from '../visitor.ts';
import { openTerminal, type Terminal } from './terminal.ts';

const NOW = Date.parse('2026-03-14T09:12:00Z');
const FAILED = 'AbCdEfGh00000000000001';
const DECOY = '-_dEcoy00000000000001-';
const NOTICE = 'AbCdEfGh00000000000002';
const WAITING = 'WaItInG000000000000001';

for (const engine of ['sqlite', 'postgres'] as const) {
  describe(`messages on ${engine}`, () => {
    let terminal: Terminal;
    before(async () => {
      terminal = await openTerminal(engine);
    });
    after(() => terminal.close());

    test('a database of an older version, and one without messages', async () => {
      const pending = await terminal.look((store) => store.pendingMigrations());
      await terminal.transcript(`
        $ regain messages list
        ! regain messages: … is not at this version; run 'regain migrate' first, or set REGAIN_DATABASE_URL
        [1]
        $ regain migrate
        ${pending.map((name) => `applied ${name}`).join('\n')}
        $ regain messages list --since 2026-03-14
        No messages since 2026-03-14T00:00:00.000Z. None is waiting.
        [1]
        $ regain messages list --json
        [1]
        $ regain messages show AbCdEfGh
        ! regain messages: there is no message 'AbCdEfGh'; it was purged, or 'regain messages list --since 30d' shows it
        [1]
        $ regain messages retry AbCdEfGh
        ! regain messages: there is no message 'AbCdEfGh'; it was purged, or 'regain messages list --since 30d' shows it
        [1]
      `);
    });

    test('list: newest first, ids as short as they can be, reasons in words, decoys as what they are', async () => {
      await terminal.look((store) => store.transaction(happen));
      await terminal.transcript(`
        $ regain messages list --since 2026-03-14
        WaItInG0                2026-03-14T09:12:03.000Z  recovery-code     email  queued      1x  -                  the mail server wants us to wait, as greylisting does (451 4.7.1)
        AbCdEfGh00000000000002  2026-03-14T09:12:02.000Z  password-changed  email  sent        1x  j***@example.com
        -_dEcoy0                2026-03-14T09:12:01.000Z  decoy             email  suppressed  1x  nobody to send to
        AbCdEfGh00000000000001  2026-03-14T09:12:00.000Z  recovery-code     email  failed      1x  j***@example.com   the mailbox does not exist (550 5.1.1)
        4 messages since 2026-03-14T00:00:00.000Z: 1 queued, 1 sent, 1 failed, 1 suppressed. The oldest that is queued was asked for … ago.
        $ regain messages list --since 2026-03-14 --status failed
        AbCdEfGh00000000000001  …
        4 messages …
        $ regain messages list --since 2026-03-14T09:12:02Z --channel email --kind password-changed
        AbCdEfGh00000000000002  …
        1 message since 2026-03-14T09:12:02.000Z: 1 sent. …
        $ regain messages list --since 2026-03-14 --limit 1
        WaItInG0  …
        4 messages …
        Shown are the newest 1 of 4; --limit shows more.
        $ regain messages list --since 2026-03-14 --account jane
        AbCdEfGh00000000000002  …
        AbCdEfGh00000000000001  …
        2 messages since 2026-03-14T00:00:00.000Z: 1 sent, 1 failed. …
        $ regain messages list --since 1h
        No messages since … The oldest that is queued was asked for … ago.
        [1]
        $ regain messages list --since 2026-03-14 --json --status failed
        {"id":"AbCdEfGh00000000000001","createdAt":"2026-03-14T09:12:00.000Z","kind":"recovery-code","channel":"email","status":"failed","attempts":1,"reason":"550 5.1.1","reasonText":"the mailbox does not exist (550 5.1.1)","to":"j***@example.com","nobody":false,"sentAt":null,"nextTryAt":null,"usefulUntil":"2026-03-14T09:21:40.000Z"}
      `);
    });

    test('show: the history with its waits, the recovery, and what the claimant sees', async () => {
      await terminal.transcript(`
        $ regain messages show AbCdEfGh
        ! regain messages: more than one message begins with 'AbCdEfGh'; type more of it
        [1]
        $ regain messages show ${NOTICE}
        Message ${NOTICE}
        what           password-changed by email
        to             j***@example.com
        status         sent
        attempts       1
        useful until   2026-03-14T09:21:42.000Z (… ago)
        provider       inbox
        provider's id  <1@shop.example>
        account        jane
        recovery       proof, asked for j***@example.com: over, its time has passed
        it ends        2026-03-14T10:12:00.000Z (… ago)
        claimant sees  nothing of this message
        history
        2026-03-14T09:12:02.000Z  queued
        2026-03-14T09:12:02.750Z  sent, attempt 1 (750 ms later)
        $ regain messages show -_dE
        Message ${DECOY}
        what           decoy by email
        to             nobody to send to
        status         suppressed
        …
        …
        …
        provider's id  none
        account        none
        history
        2026-03-14T09:12:01.000Z  queued
        2026-03-14T09:12:02.000Z  suppressed, attempt 1 (1 s later)
      `);
      await terminal.transcript(`$ regain messages show ${NOTICE} --json\n${'…\n'.repeat(46)}`).catch(() => undefined);
      const shown = JSON.parse(terminal.last);
      assert.equal(shown.status, 'sent');
      assert.equal(shown.provider, 'inbox');
      assert.equal(shown.providerId, '<1@shop.example>');
      assert.deepEqual(shown.history[1], {
        at: '2026-03-14T09:12:02.750Z',
        status: 'sent',
        channel: 'email',
        reason: null,
        reasonText: null,
        attempt: 1,
      });
      assert.deepEqual(shown.recovery, {
        id: 'proof',
        purpose: 'recovery',
        state: 'ended',
        askedFor: 'j***@example.com',
        expiresAt: '2026-03-14T10:12:00.000Z',
        shown: null,
      });
    });

    test('retry: says why not', async () => {
      await terminal.transcript(`
        $ regain messages retry ${FAILED}
        ! regain messages: not queued again: what it belongs to: over, its time has passed. The code would open nothing.
        [1]
        $ regain messages retry ${DECOY}
        ! regain messages: not queued again: there is nobody to send it to.
        [1]
        $ regain messages retry ${NOTICE} --even-if-delivered
        ! regain messages: not queued again: its time has passed, and it would only puzzle.
        [1]
        $ regain messages retry WaIt
        Nothing to do: it waits to be sent already.
      `);
    });

    test('wrong calls end in 2', async () => {
      const calls: [args: string, problem: string][] = [
        ['', 'say list, show or retry'],
        ['delete', "there is no 'delete' here"],
        ['list --status lost', "--status: 'lost' is none of queued, sent, "],
        ['list --channel pigeon', "--channel: 'pigeon' is none of email, sms, "],
        ['list --kind "recovery code"', "--kind: 'recovery code' is no kind of message"],
        ['list --since yesterday', "--since: 'yesterday' is not a time like 2h, 7d or 2026-03-01T12:00:00Z"],
        ['list --limit 0', "--limit: '0' is not a number from 1 to 10000"],
        ['list everything', "Unexpected argument 'everything'"],
        ['show', 'say which message: its id'],
        ['show abcd efgh', 'one message at a time'],
        ['show abc', "'abc' is not an id; 'regain messages list' shows them"],
        ['show abcd --yaml', 'one message at a time'],
        ['retry --all', "there is no option '--all'"],
      ];
      for (const [args, problem] of calls) {
        await terminal.transcript(`$ regain messages ${args}\n…`).catch(() => undefined);
        const [first = ''] = terminal.last.split('\n');
        assert.ok(first.startsWith(`! regain messages: ${problem}`), first);
        assert.match(terminal.last, /\[2\]$/);
      }
    });
  });

  describe(`a message that is sent again, on ${engine}`, () => {
    let terminal: Terminal;
    let sink: SmtpSink;
    let program: Running;
    let refuse = true;
    before(async () => {
      sink = await startSmtpSink({
        onRcpt: (to) =>
          refuse && to === 'jane@example.com' ? { code: 550, message: '5.1.1 no such user here' } : undefined,
      });
      terminal = await openTerminal(engine, {
        NODE_ENV: 'production',
        REGAIN_ORIGIN: 'http://localhost:1',
        REGAIN_SMTP_URL: sink.url,
        REGAIN_MAIL_FROM: 'Shop <no-reply@shop.example>',
      });
      program = await serve(terminal.env);
    });
    after(async () => {
      await program.stop();
      await terminal.close();
      await sink.stop();
    });

    test('refused at first, queued again while the server runs, sent once, and its code is right', async () => {
      await terminal.transcript('$ regain accounts add --email jane@example.com\n…\n! Added to ….');
      const { token } = (await api('/recovery', { identifier: 'jane@example.com' })).json;
      const id = await listed('recovery-code', 'failed');
      // Support is told that this mailbox does not exist.
      await listed('support-bounce', 'sent');
      await terminal.transcript(`
        $ regain messages list --kind recovery-code
        ${id.slice(0, 8)}  …  recovery-code  email  failed  1x  j***@example.com  the mailbox does not exist (550 5.1.1)
        1 message since …: 1 failed. None is waiting.`);

      refuse = false;
      const retries = await Promise.all(
        [1, 2].map(() => regain(['messages', 'retry', id], { cwd: terminal.folder, env: terminal.env })),
      );
      const queued = retries.filter(({ stdout }) => stdout.startsWith('Queued again.'));
      assert.equal(queued.length, 1, JSON.stringify(retries));
      const mail = await sink.waitFor(({ to }) => to === 'jane@example.com', 'the code');
      await listed('recovery-code', 'sent');
      assert.equal(toJane().length, 1);

      await terminal.transcript(`
        $ regain messages show ${id.slice(0, 8)}
        Message ${id}
        what           recovery-code by email
        to             j***@example.com
        status         sent
        attempts       2
        useful until   … (in …)
        provider       smtp 127.0.0.1
        provider's id  …
        account        …
        recovery       …, asked for j***@example.com: waits for the code
        it ends        …
        claimant sees  …
        history
        …  queued
        …  failed, attempt 1 (…): the mailbox does not exist (550 5.1.1)
        …  queued (…): an operator had it sent again
        …  sent, attempt 2 (…)
        $ regain messages retry ${id}
        ! regain messages: not queued again: the provider has it, and it may have arrived; --even-if-delivered sends it a second time.
        [1]
        $ regain messages retry ${id} --even-if-delivered
        Queued again. …`);

      await sink.waitFor((message) => message !== mail && message.to === 'jane@example.com', 'the code again');
      assert.deepEqual(new Set(toJane().map(codeIn)), new Set([codeIn(mail)]));
      const verified = await api('/recovery/verify', { token, code: codeIn(mail) });
      assert.equal(verified.status, 200);
      const retried = await terminal.look((store) =>
        store.transaction(async (tx) => {
          const [message] = await tx.messages.list({ since: 0, kind: 'recovery-code' }, 1);
          const proof = await tx.proofs.byId(message?.proofId ?? '');
          const events = await tx.audit.ofAccount(proof?.accountId ?? '', 99);
          return events.filter(({ name }) => name === 'retry-message').map(({ detail }) => detail.was);
        }),
      );
      assert.deepEqual(retried, ['sent', 'failed']);
    });

    const api = (path: string, body: object) => callApi(fetch, program.origin, 'POST', `/api/v1${path}`, { body });

    const toJane = () => sink.messages.filter(({ to }) => to === 'jane@example.com');

    /** Asks until the worker has settled it. */
    async function listed(kind: string, status: string): Promise<string> {
      for (let asked = 0; asked < 60; asked += 1) {
        const { stdout } = await regain(['messages', 'list', '--kind', kind, '--status', status, '--json'], {
          cwd: terminal.folder,
          env: terminal.env,
        });
        if (stdout !== '') return JSON.parse(stdout).id;
      }
      throw new Error(`no message is ${status}`);
    }
  });

  test(`no code, token or whole address is in what the commands print, on ${engine}`, async (t) => {
    const program = await startInProcess(engine);
    t.after(() => program.close());
    const { folder, remove } = await testFolder();
    t.after(remove);
    const emails = ['jane@example.com', 'joe.the.second@example.com', 'o@example.com'];
    const id = await addPerson(program, { emails, phones: ['+15550001234'] });
    const identifiers = [...emails, '+15550001234', 'nobody@example.com', '+15550009999'];
    const tokens: string[] = [];
    for (const identifier of identifiers) {
      const { json } = await program.api('POST', '/recovery', { body: { identifier } });
      tokens.push(json.token);
      await program.settled();
    }
    const registered = await program.api('POST', '/registration', { body: { identifier: 'new@example.com' } });
    tokens.push(registered.json.token);
    await program.settled();
    const first = await program.sink.waitFor(({ to }) => to === 'jane@example.com', 'the code');
    const code = codeIn(first);
    assert.equal((await program.api('POST', '/recovery/verify', { body: { token: tokens[0], code } })).status, 200);
    await program.api('POST', '/recovery/password', { body: { token: tokens[0], password: NEW_PASSWORD } });
    await program.settled();

    const { database } = program.regain.config;
    const url = database.engine === 'sqlite' ? `sqlite:${database.file}` : database.url;
    const env = { REGAIN_DATABASE_URL: url, REGAIN_SECRET: TEST_SECRET };
    const type = async (...args: string[]) => {
      const { stdout, stderr } = await regain(['messages', ...args], { cwd: folder, env });
      return stdout + stderr;
    };
    const printed = [
      await type('list', '--since', '2026-03-01'),
      await type('list', '--since', '2026-03-01', '--json'),
      await type('list', '--since', '2026-03-01', `--account=${id}`),
    ];
    const messages = printed[1]!
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    assert.ok(messages.length >= identifiers.length + 2);
    for (const message of messages)
      printed.push(
        await type('show', message.id),
        await type('show', message.id, '--json'),
        await type('retry', message.id),
      );

    const mails = program.sink.messages;
    const links = mails.flatMap(({ text }) => text.match(/https?:\/\/\S{60,}/g) ?? []);
    const codes = mails.filter(({ text }) => /^\s*\d{6}\s*$/m.test(text)).map(codeIn);
    assert.ok(codes.length >= 4 && links.length >= 4);
    const secrets = [
      ...codes,
      ...tokens,
      ...links.map((link) => link.split('/').at(-1) as string),
      ...identifiers,
      'new@example.com',
      NEW_PASSWORD,
      TEST_SECRET,
    ];
    // A code may happen to be a part of a moment or an id; it stands alone where it is one.
    for (const secret of secrets) {
      const found = printed.filter((text) =>
        /^\d+$/.test(secret) ? new RegExp(`(?<![\\w.-])${secret}(?![\\w-])`).test(text) : text.includes(secret),
      );
      assert.deepEqual(found, [], secret);
    }
  });
}

describe('messages show by other channels than mail', () => {
  let terminal: Terminal;
  const ids = { sms: 'TeXtTeXt00000000000001', whatsapp: 'WhAtSaPp00000000000001', telegram: 'TeLeGrAm00000000000001' };
  before(async () => {
    terminal = await openTerminal('sqlite');
    await terminal.look(async (store) => {
      await store.migrate();
      await store.transaction(async (tx) => {
        for (const [channel, id] of Object.entries(ids))
          await tx.outbox.insert(message(id, 0, { channel: channel as keyof typeof ids }));
      });
    });
  });
  after(() => terminal.close());
  const providerOf = async (channel: keyof typeof ids, env: Record<string, string> = {}): Promise<unknown> => {
    await terminal.transcript(`$ regain messages show ${ids[channel]} --json\n…`, { env }).catch(() => undefined);
    return JSON.parse(terminal.last).provider;
  };

  test('names who carries it', async () => {
    const texts = (url: string) => ({ REGAIN_SMS_URL: url, REGAIN_SMS_COUNTRIES: 'US' });
    assert.equal(await providerOf('sms'), 'inbox');
    assert.equal(await providerOf('sms', texts('twilio://AC1:token@api.twilio.com?from=+15550100')), 'twilio');
    assert.equal(await providerOf('sms', texts('smpp://user:secret@smsc.example?from=Shop')), 'smpp smsc.example');
    assert.equal(await providerOf('sms', texts('https://sms.example/send?secret=key')), 'webhook sms.example');
    const bot = {
      REGAIN_TELEGRAM_URL: 'telegram://123456789:THE_SECRET_PART_OF_THE_TOKEN_OF_THE_BOT@api.telegram.org/shop_bot',
    };
    const gateway = { REGAIN_TELEGRAM_GATEWAY_URL: 'telegram-gateway://:a-token-of-it@gatewayapi.telegram.org' };
    assert.equal(await providerOf('telegram', bot), 'telegram');
    const both = { ...bot, ...gateway, ...texts('https://sms.example/send?secret=key') };
    assert.equal(await providerOf('telegram', both), 'telegram or telegram-gateway');
    const production = {
      NODE_ENV: 'production',
      REGAIN_ORIGIN: 'https://accounts.shop.example',
      REGAIN_SMTP_URL: 'smtp://mail.shop.example',
      REGAIN_MAIL_FROM: 'no-reply@shop.example',
    };
    assert.equal(await providerOf('whatsapp', production), null);
  });

  test('every status that --status takes is in the usage', async () => {
    await terminal.transcript('$ regain messages --help\n…').catch(() => undefined);
    for (const status of MESSAGE_STATUSES) assert.match(terminal.last, new RegExp(`--status .*\\b${status}\\b`));
  });
});

/** A failed code, a decoy, a notice and a waiting code. */
async function happen(tx: StoreTransaction): Promise<void> {
  await tx.proofs.insert({
    id: 'proof',
    tokenDigest: 'digest',
    purpose: 'recovery',
    channel: 'email',
    lane: 'stranger',
    carries: 'code',
    identifierKind: 'email',
    identifierTyped: 'Jane@example.com',
    identifier: 'jane@example.com',
    identifierMac: 'mac',
    locale: 'en',
    browser: 'Firefox',
    network: null,
    state: 'code_sent',
    resolution: 'known',
    accountId: 'jane',
    accountGeneration: 0,
    keyId: 'k',
    epoch: 0,
    codeFormat: 'digits',
    codeLength: 6,
    triesLeft: 5,
    codeExpiresAt: NOW + 600_000,
    previousCodeExpiresAt: null,
    previousCodeFormat: null,
    previousCodeLength: null,
    resends: 0,
    resendAt: NOW,
    messagesOf: null,
    createdAt: NOW,
    toldAt: null,
    textedAt: null,
    verifiedBy: null,
    verifiedExpiresAt: null,
    heldFor: null,
    completedAt: null,
    reportedAt: null,
    expiresAt: NOW + 3_600_000,
  });
  await tx.outbox.insert(message(FAILED, 0, { proofId: 'proof' }));
  await tx.outbox.insert(message(DECOY, 1_000, { kind: 'decoy' }));
  const notice = { kind: 'password-changed', proofId: 'proof', epoch: null } as const;
  await tx.outbox.insert(message(NOTICE, 2_000, { ...notice, accountId: 'jane', address: 'jane@example.com' }));
  await tx.outbox.insert(message(WAITING, 3_000, {}));
  await tx.outbox.settle(FAILED, { status: 'failed', attempts: 1, reason: '550 5.1.1' });
  await tx.outbox.settle(DECOY, { status: 'suppressed', attempts: 1, sentAt: NOW + 2_000 });
  await tx.outbox.settle(NOTICE, {
    status: 'sent',
    attempts: 1,
    sentAt: NOW + 2_750,
    providerId: '<1@shop.example>',
  });
  await tx.outbox.settle(WAITING, { status: 'queued', attempts: 1, dueAt: NOW + 9e11, reason: '451 4.7.1' });
}

function message(id: string, at: number, change: Partial<NewMessage>): NewMessage {
  return {
    id,
    kind: 'recovery-code',
    channel: 'email',
    proofId: null,
    epoch: 0,
    accountId: null,
    address: null,
    locale: 'en',
    createdAt: NOW + at,
    dueAt: NOW + at,
    usefulUntil: NOW + at + 580_000,
    ...change,
  };
}
