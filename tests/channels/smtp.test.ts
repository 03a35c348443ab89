import assert from 'node:assert/strict';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import { createSmtpChannel } from '../../src/channels/smtp.ts';
import type { MailChannel, OutgoingMail } from '../../src/ports.ts';
import { type SmtpSinkOptions, startSmtpSink } from '../smtp-sink.ts';

const MAIL: OutgoingMail = {
  id: 'message-1',
  to: 'jane@example.com',
  subject: 'Reset your Acme password?',
  text: 'If that was you, type this code: 482913\n',
  html: '<p>If that was you, type this code: <b>482913</b></p>\n',
};

function channelTo(
  t: TestContext,
  url: string,
  options: { from?: string; sendTimeoutMs?: number; connections?: number } = {},
): MailChannel {
  const { from = 'Acme <no-reply@shop.example>', connections = 10 } = options;
  const settings = { url, host: new URL(url).hostname, from, connections };
  const channel = createSmtpChannel(settings, { brand: 'Acme', sendTimeoutMs: options.sendTimeoutMs });
  t.after(() => channel.close());
  return channel;
}

async function sinkAndChannel(t: TestContext, options: SmtpSinkOptions = {}, from?: string) {
  const sink = await startSmtpSink(options);
  t.after(() => sink.stop());
  return { sink, channel: channelTo(t, sink.url, { from }) };
}

describe('a mail that is taken', () => {
  test('arrives in both parts, with the headers of an automatic mail', async (t) => {
    const { sink, channel } = await sinkAndChannel(t);
    const outcome = await channel.send(MAIL);
    assert.deepEqual(outcome, { kind: 'accepted', providerId: '<message-1@shop.example>' });
    const message = await sink.waitFor(({ to }) => to === MAIL.to, 'the code');
    assert.deepEqual(message.recipients, ['jane@example.com']);
    assert.equal(message.from, 'no-reply@shop.example');
    assert.equal(message.subject, MAIL.subject);
    assert.equal(message.text, MAIL.text);
    assert.equal(message.html, MAIL.html);
    assert.equal(message.headers.get('from'), 'Acme <no-reply@shop.example>');
    assert.equal(message.headers.get('to'), 'jane@example.com');
    assert.equal(message.headers.get('message-id'), '<message-1@shop.example>');
    assert.equal(message.headers.get('auto-submitted'), 'auto-generated');
    assert.equal(message.headers.get('x-auto-response-suppress'), 'All');
    assert.ok(message.headers.has('date'));
    const names = [...message.headers.keys()];
    assert.deepEqual(
      names.filter((name) => name.startsWith('list-') || name === 'x-mailer'),
      [],
    );
  });

  test('keeps text beyond ASCII in subject and body', async (t) => {
    const { sink, channel } = await sinkAndChannel(t);
    await channel.send({
      ...MAIL,
      subject: 'Votre mot de passe “Café” ?',
      text: 'Ça va – 東京\n',
      html: '<p>Ça va – 東京</p>\n',
    });
    const [message] = sink.messages;
    assert.equal(message?.subject, 'Votre mot de passe “Café” ?');
    assert.equal(message?.text, 'Ça va – 東京\n');
    assert.match(message?.html ?? '', /Ça va – 東京/);
    assert.match(message?.raw ?? '', /^[\x00-\x7f]*$/);
    assert.doesNotMatch(message?.raw ?? '', /base64/);
  });

  test('bears the brand where the sender has no name', async (t) => {
    const { sink, channel } = await sinkAndChannel(t, {}, 'no-reply@shop.example');
    await channel.send(MAIL);
    assert.equal(sink.messages[0]?.headers.get('from'), 'Acme <no-reply@shop.example>');
  });

  test('goes to an international domain by its ASCII form', async (t) => {
    const server = await scripted(t, () => undefined);
    assert.equal((await channelTo(t, server.url).send({ ...MAIL, to: 'jane@bücher.example' })).kind, 'accepted');
    assert.ok(server.commands.includes('RCPT TO:<jane@xn--bcher-kva.example>'));
  });
});

describe('where a mail comes back to', () => {
  const settingsOf = (url: string) => ({
    url,
    host: '127.0.0.1',
    from: 'Acme <no-reply@shop.example>',
    connections: 10,
  });
  const returnPath = (id: string): string => `bounces+${id}@shop.example`;

  test('the return path in the envelope only, with the headers that a provider asks for', async (t) => {
    const { sink } = await sinkAndChannel(t);
    const reportHeaders = (id: string) => ({ 'X-Report': id });
    const channel = createSmtpChannel(settingsOf(sink.url), { brand: 'Acme', returnPath, reportHeaders });
    t.after(() => channel.close());
    await channel.send(MAIL);
    const message = await sink.waitFor(({ to }) => to === MAIL.to, 'the code');
    assert.equal(message.from, 'bounces+message-1@shop.example');
    assert.equal(message.headers.get('from'), 'Acme <no-reply@shop.example>');
    assert.equal(message.headers.get('x-report'), 'message-1');
    assert.doesNotMatch(message.raw, /bounces\+/);
  });

  for (const [title, greeting, options, expected] of [
    [
      'a server that announces bounces is asked for them, on failure, without the body',
      '250-mail.example\r\n250 DSN',
      { returnPath },
      [
        'MAIL FROM:<bounces+message-1@shop.example> RET=HDRS ENVID=message-1',
        'RCPT TO:<jane@example.com> NOTIFY=FAILURE',
      ],
    ],
    [
      'one that does not is not',
      '250 mail.example',
      { returnPath },
      ['MAIL FROM:<bounces+message-1@shop.example>', 'RCPT TO:<jane@example.com>'],
    ],
    [
      'nor is any where nobody reads bounces',
      '250-mail.example\r\n250 DSN',
      {},
      ['MAIL FROM:<no-reply@shop.example>', 'RCPT TO:<jane@example.com>'],
    ],
  ] as const)
    test(title, async (t) => {
      const server = await scripted(t, (command) => (command.startsWith('EHLO') ? greeting : undefined));
      const channel = createSmtpChannel(settingsOf(server.url), { brand: 'Acme', ...options });
      t.after(() => channel.close());
      assert.equal((await channel.send(MAIL)).kind, 'accepted');
      assert.deepEqual(
        server.commands.filter((command) => /^(?:MAIL|RCPT)/.test(command)),
        expected,
      );
    });
});

describe('connections', () => {
  test('one is enough for mails in a row', async (t) => {
    const { sink, channel } = await sinkAndChannel(t);
    for (let count = 0; count < 20; count += 1) await channel.send({ ...MAIL, id: `row-${count}` });
    assert.equal(sink.messages.length, 20);
    assert.equal(sink.connections, 1);
  });

  test('no more for mails at once than the settings say', async (t) => {
    const sink = await startSmtpSink();
    t.after(() => sink.stop());
    const channel = channelTo(t, sink.url, { connections: 3 });
    const outcomes = await Promise.all(
      Array.from({ length: 40 }, (_, count) => channel.send({ ...MAIL, id: `burst-${count}` })),
    );
    assert.ok(outcomes.every(({ kind }) => kind === 'accepted'));
    assert.equal(new Set(sink.messages.map(({ headers }) => headers.get('message-id'))).size, 40);
    assert.equal(sink.connections, 3);
  });

  test('one that the server closed while it idled costs nothing', async (t) => {
    const { sink, channel } = await sinkAndChannel(t);
    await channel.send(MAIL);
    await sink.dropConnections();
    assert.equal((await channel.send({ ...MAIL, id: 'after-idling' })).kind, 'accepted');
    assert.equal(sink.messages.length, 2);
    assert.equal(sink.connections, 2);
  });

  test('one that the server closes on the next mail is replaced within the same send', async (t) => {
    let mails = 0;
    const server = await scripted(t, (command) => {
      if (!command.startsWith('MAIL')) return undefined;
      mails += 1;
      return mails === 2 ? 'close' : undefined;
    });
    const channel = channelTo(t, server.url);
    await channel.send(MAIL);
    assert.equal((await channel.send({ ...MAIL, id: 'second' })).kind, 'accepted');
    assert.deepEqual(
      server.commands.filter((command) => command === 'message'),
      ['message', 'message'],
    );
  });

  test('a mail server that comes back is used again', async (t) => {
    const first = await startSmtpSink();
    const channel = channelTo(t, first.url);
    await first.stop();
    assert.deepEqual(await channel.send(MAIL), { kind: 'temporary', reason: 'ECONNREFUSED' });
    const second = await startSmtpSink({ port: first.port });
    t.after(() => second.stop());
    assert.equal((await channel.send(MAIL)).kind, 'accepted');
    assert.equal(second.messages.length, 1);
  });

  test('none is opened after close', async (t) => {
    const { sink, channel } = await sinkAndChannel(t);
    await channel.close();
    assert.equal((await channel.send(MAIL)).kind, 'temporary');
    assert.equal(sink.connections, 0);
  });
});

describe('what a server may answer', () => {
  const refusals = [
    {
      at: 'RCPT',
      answer: '550 5.1.1 <jane@example.com> no such user',
      outcome: { kind: 'permanent', reason: '550 5.1.1' },
    },
    { at: 'RCPT', answer: '550 jane@example.com unknown', outcome: { kind: 'permanent', reason: '550' } },
    { at: 'RCPT', answer: '451 4.7.1 greylisted', outcome: { kind: 'temporary', reason: '451 4.7.1' } },
    { at: 'RCPT', answer: '450 try later', outcome: { kind: 'temporary', reason: '450' } },
    { at: 'RCPT', answer: '421 4.3.2 going down', outcome: { kind: 'temporary', reason: '421 4.3.2' } },
    { at: 'RCPT', answer: '530 5.7.0 must authenticate', outcome: { kind: 'temporary', reason: '530 5.7.0' } },
    { at: 'RCPT', answer: '550 5.7.8 wrong credentials', outcome: { kind: 'temporary', reason: '550 5.7.8' } },
    { at: 'RCPT', answer: '503 bad sequence', outcome: { kind: 'temporary', reason: '503' } },
    { at: 'MAIL', answer: '553 5.7.1 sender not owned by user', outcome: { kind: 'temporary', reason: '553 5.7.1' } },
    { at: 'DATA', answer: '554 5.5.1 no', outcome: { kind: 'permanent', reason: '554 5.5.1' } },
    { at: 'message', answer: '554 5.7.1 looks like spam', outcome: { kind: 'permanent', reason: '554 5.7.1' } },
    { at: 'message', answer: '452 4.2.2 full', outcome: { kind: 'temporary', reason: '452 4.2.2' } },
    { at: 'greeting', answer: '554 no service', outcome: { kind: 'temporary', reason: '554' } },
    { at: 'greeting', answer: '421 busy', outcome: { kind: 'temporary', reason: '421' } },
    { at: 'greeting', answer: 'SSH-2.0-OpenSSH_9.6', outcome: { kind: 'temporary', reason: 'EPROTOCOL' } },
    { at: 'greeting', answer: 'close', outcome: { kind: 'temporary', reason: 'ECONNECTION' } },
    { at: 'RCPT', answer: 'close', outcome: { kind: 'temporary', reason: 'ECONNECTION' } },
    { at: 'DATA', answer: 'close', outcome: { kind: 'temporary', reason: 'ECONNECTION' } },
    { at: 'message', answer: 'close', outcome: { kind: 'temporary', reason: 'answer_lost', maybeSent: true } },
  ];
  for (const { at, answer, outcome } of refusals)
    test(`${at}: ${answer} is ${outcome.kind}`, async (t) => {
      const server = await scripted(t, (command) => (command.startsWith(at) ? answer : undefined));
      assert.deepEqual(await channelTo(t, server.url).send(MAIL), outcome);
    });

  test('a refused mail does not cost the connection', async (t) => {
    const { sink, channel } = await sinkAndChannel(t, {
      onRcpt: (address) => (address.startsWith('nobody') ? { code: 550, message: '5.1.1 no such user' } : undefined),
    });
    for (let count = 0; count < 20; count += 1)
      assert.deepEqual(await channel.send({ ...MAIL, to: 'nobody@example.com' }), {
        kind: 'permanent',
        reason: '550 5.1.1',
      });
    assert.equal((await channel.send(MAIL)).kind, 'accepted');
    assert.ok(sink.connections <= 5, `${sink.connections} connections`);
  });

  test('nothing at all is in doubt, and leaves the next mail its chance', { timeout: 15_000 }, async (t) => {
    let silent = true;
    const server = await scripted(t, (command) => (silent && command === 'message' ? 'silence' : undefined));
    const impatient = channelTo(t, server.url, { sendTimeoutMs: 200 });
    assert.deepEqual(await impatient.send(MAIL), { kind: 'temporary', reason: 'answer_lost', maybeSent: true });
    silent = false;
    assert.equal((await channelTo(t, server.url).send(MAIL)).kind, 'accepted');
  });
});

describe('logging in', () => {
  const login = { user: 'shop@example.com', password: 'p:a/s%s w@rd' };
  const withLogin = (url: string, password: string): string =>
    url.replace('://', `://${encodeURIComponent(login.user)}:${encodeURIComponent(password)}@`);

  test('with the percent-encoded login of the URL', async (t) => {
    const sink = await startSmtpSink({ login });
    t.after(() => sink.stop());
    assert.equal((await channelTo(t, withLogin(sink.url, login.password)).send(MAIL)).kind, 'accepted');
  });

  test('a wrong login is for the operator to mend: the mail waits', async (t) => {
    const sink = await startSmtpSink({ login });
    t.after(() => sink.stop());
    const channel = channelTo(t, withLogin(sink.url, 'wrong'));
    assert.deepEqual(await channel.send(MAIL), { kind: 'temporary', reason: '535 5.7.8' });
    assert.deepEqual(await channel.probe(), { kind: 'temporary', reason: '535 5.7.8' });
    assert.equal((await channelTo(t, sink.url).send(MAIL)).kind, 'temporary');
    assert.deepEqual(sink.messages, []);
  });
});

describe('encryption', () => {
  test('smtps is TLS from the start; a self-signed certificate is fine on loopback', async (t) => {
    const { sink, channel } = await sinkAndChannel(t, { secure: true });
    assert.equal((await channel.send(MAIL)).kind, 'accepted');
    assert.equal(sink.messages[0]?.secure, true);
  });

  test('on loopback STARTTLS is used where it is offered, and not missed where it is not', async (t) => {
    const offering = await sinkAndChannel(t, { startTls: true });
    assert.equal((await offering.channel.send(MAIL)).kind, 'accepted');
    assert.equal(offering.sink.messages[0]?.secure, true);
    const plain = await sinkAndChannel(t);
    assert.equal((await plain.channel.send(MAIL)).kind, 'accepted');
    assert.equal(plain.sink.messages[0]?.secure, false);
  });

  // 0.0.0.0 reaches this machine, but is no loopback address: it stands for any other host.
  const elsewhere = (url: string): string => url.replace('127.0.0.1', '0.0.0.0');

  test('elsewhere a mail never leaves without STARTTLS', async (t) => {
    const { sink } = await sinkAndChannel(t);
    const channel = channelTo(t, elsewhere(sink.url));
    assert.equal((await channel.send(MAIL)).kind, 'temporary');
    assert.equal((await channel.probe()).kind, 'temporary');
    assert.deepEqual(sink.messages, []);
  });

  for (const options of [{ startTls: true }, { secure: true }])
    test(`elsewhere a certificate must be right (${Object.keys(options)})`, async (t) => {
      const { sink } = await sinkAndChannel(t, options);
      const outcome = await channelTo(t, elsewhere(sink.url)).send(MAIL);
      assert.equal(outcome.kind, 'temporary');
      assert.deepEqual(sink.messages, []);
    });

  test('elsewhere insecure=1 sends in plain text', async (t) => {
    const { sink } = await sinkAndChannel(t);
    assert.equal((await channelTo(t, `${elsewhere(sink.url)}?insecure=1`).send(MAIL)).kind, 'accepted');
    assert.equal(sink.messages[0]?.secure, false);
  });

  test('a host whose name begins like loopback is elsewhere', async (t) => {
    const channel = channelTo(t, 'smtp://127.shop.invalid:25');
    assert.equal((await channel.send(MAIL)).kind, 'temporary');
  });
});

describe('addresses beyond ASCII', () => {
  const to = 'jürgen@example.com';

  test('go to a server that takes them', async (t) => {
    const { sink, channel } = await sinkAndChannel(t);
    assert.equal((await channel.send({ ...MAIL, to })).kind, 'accepted');
    assert.deepEqual(sink.messages[0]?.recipients, [to]);
  });

  test('never go to a server that does not', async (t) => {
    const { sink, channel } = await sinkAndChannel(t, { hideSmtpUtf8: true });
    assert.deepEqual(await channel.send({ ...MAIL, to }), { kind: 'permanent', reason: 'smtputf8_unsupported' });
    assert.deepEqual(sink.messages, []);
  });

  test('wait where the server does not answer', async (t) => {
    const { sink, channel } = await sinkAndChannel(t);
    await sink.stop();
    assert.deepEqual(await channel.send({ ...MAIL, to }), { kind: 'temporary', reason: 'ECONNREFUSED' });
  });
});

describe('one recipient, whatever is in the fields', () => {
  const refused = [
    'a@x.example,b@y.example',
    'a@x.example, b@y.example',
    'a@x.example;b@y.example',
    'a@x.example b@y.example',
    'a@x.example\r\nBcc: b@y.example',
    'a@x.example\r\nRCPT TO:<b@y.example>',
    'a@x.example\nb@y.example',
    'a@x.example>,<b@y.example',
    'Jane <a@x.example>',
    'group: a@x.example;',
    'a@b@x.example',
    'a@x.example\u2028b@y.example',
    'a@[x@y.example]',
    '"a"b"@x.example',
    '@x.example',
    'a@',
    'a',
    '',
  ];
  test('what is not exactly one address is refused before any server hears of it', async (t) => {
    const { sink, channel } = await sinkAndChannel(t);
    for (const to of refused)
      assert.deepEqual(await channel.send({ ...MAIL, to }), { kind: 'permanent', reason: 'malformed_address' }, to);
    assert.equal(sink.connections, 0);
  });

  test('a quoted local part is one address', async (t) => {
    const server = await scripted(t, () => undefined);
    const channel = channelTo(t, server.url);
    const quoted = ['"a,b"@x.example', '"a b"@x.example', '"c@d"@x.example'];
    for (const to of quoted) assert.equal((await channel.send({ ...MAIL, to })).kind, 'accepted', to);
    assert.deepEqual(
      server.commands.filter((command) => command.startsWith('RCPT')),
      quoted.map((to) => `RCPT TO:<${to}>`),
    );
  });

  test('line breaks make no header: subject, id and sender', async (t) => {
    const { sink, channel } = await sinkAndChannel(t, {}, 'Ac"me, Inc. <no-reply@shop.example>');
    await channel.send({ ...MAIL, id: 'x>\r\nBcc: b@y.example', subject: 'Hello\r\nBcc: b@y.example\r\n\r\nbody' });
    const [message] = sink.messages;
    assert.deepEqual(message?.recipients, ['jane@example.com']);
    assert.equal(message?.headers.has('bcc'), false);
    assert.equal(message?.headers.get('message-id'), '<xBccby.example@shop.example>');
    assert.equal(message?.text, MAIL.text);
    assert.match(message?.headers.get('from') ?? '', /<no-reply@shop\.example>$/);
  });

  test('a line that is a dot, and commands in the body, stay in the body', async (t) => {
    const { sink, channel } = await sinkAndChannel(t);
    const text = 'one\n.\nRCPT TO:<b@y.example>\nQUIT\n';
    assert.equal((await channel.send({ ...MAIL, text })).kind, 'accepted');
    assert.equal(sink.messages[0]?.text, text);
    assert.equal(sink.messages.length, 1);
  });

  test('nothing is read from files or URLs', async (t) => {
    const { sink, channel } = await sinkAndChannel(t);
    const html = '<img src="data:image/png;base64,AAAA"><img src="/etc/hostname">\n';
    await channel.send({ ...MAIL, html });
    assert.equal(sink.messages[0]?.html, html);
  });
});

describe('a knock', () => {
  test('goes the way of a mail on the same connection, and delivers nothing', async (t) => {
    const server = await scripted(t, () => undefined);
    const channel = channelTo(t, server.url);
    await channel.send(MAIL);
    assert.equal((await channel.probe()).kind, 'accepted');
    assert.equal((await channel.probe()).kind, 'accepted');
    await channel.send({ ...MAIL, id: 'after-the-knock' });
    const verbs = server.commands.map((command) => command.split(' ')[0]);
    assert.equal(verbs.filter((verb) => verb === 'message').length, 2);
    assert.equal(verbs.filter((verb) => verb === 'MAIL').length, 2);
    assert.ok(verbs.includes('RSET'));
  });

  test('opens a connection where none is open, and keeps it', async (t) => {
    const { sink, channel } = await sinkAndChannel(t);
    assert.equal((await channel.probe()).kind, 'accepted');
    assert.equal(sink.connections, 1);
    for (let count = 0; count < 40; count += 1) assert.equal((await channel.probe()).kind, 'accepted');
    assert.ok(sink.connections <= 5, `${sink.connections} connections`);
    assert.deepEqual(sink.messages, []);
  });

  test('hears the same of an outage as a mail', async (t) => {
    const { sink, channel } = await sinkAndChannel(t);
    await channel.send(MAIL);
    await sink.stop();
    assert.deepEqual(await channel.probe(), await channel.send(MAIL));
    assert.deepEqual(await channel.probe(), { kind: 'temporary', reason: 'ECONNREFUSED' });
  });

  for (const answer of ['554 no service', '421 busy', 'close'])
    test(`hears the same of a greeting as a mail: ${answer}`, async (t) => {
      const server = await scripted(t, (command) => (command === 'greeting' ? answer : undefined));
      const channel = channelTo(t, server.url);
      assert.deepEqual(await channel.probe(), await channel.send(MAIL));
      assert.equal((await channel.probe()).kind, 'temporary');
    });
});

interface ScriptedServer {
  url: string;
  /** What clients said: commands, and `message` for each body that was ended. */
  commands: string[];
}

/**
 * An SMTP server that answers as `answer` says, and politely where it returns undefined. It is asked about `greeting`,
 * every command, and `message` at the end of a body; `close` hangs up, `silence` says nothing.
 */
async function scripted(t: TestContext, answer: (command: string) => string | undefined): Promise<ScriptedServer> {
  const commands: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.setEncoding('utf8').on('error', () => socket.destroy());
    let unread = '';
    let inBody = false;
    const reply = (command: string): void => {
      const text = answer(command) ?? POLITE[command.split(/[ :]/)[0] ?? ''] ?? '250 ok';
      if (text === 'close') socket.end();
      else if (text !== 'silence') socket.write(`${text}\r\n`);
      inBody = command === 'DATA' && text.startsWith('3');
    };
    reply('greeting');
    socket.on('data', (chunk: string) => {
      const lines = (unread + chunk).split('\r\n');
      unread = lines.pop() ?? '';
      for (const line of lines) {
        if (inBody && line !== '.') continue;
        const command = inBody ? 'message' : line;
        commands.push(command);
        reply(command);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { url: `smtp://127.0.0.1:${(server.address() as AddressInfo).port}`, commands };
}

const POLITE: Record<string, string> = {
  greeting: '220 mail.example ESMTP',
  DATA: '354 go ahead',
  QUIT: '221 bye',
};
