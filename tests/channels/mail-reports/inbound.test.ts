import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import PostalMime from 'postal-mime';
import { createInboundReports } from '../../../src/channels/mail-reports/inbound.ts';
import { createKeys } from '../../../src/keys.ts';
import type { Received } from '../../../src/ports.ts';
import { bounceAddress, messageOfBounceAddress } from '../../../src/rules/bounce-addresses.ts';
import {
  absenceNote,
  abuseReport,
  type Bounced,
  exchangeBounce,
  eximBounce,
  gmailBounce,
  postfixBounce,
} from '../../bounce-mails.ts';
import { call, regainSignature } from '../../signed-calls.ts';

const SECRET = 'the secret of the mail server';
const NOW = Date.parse('2026-03-14T09:15:00Z');
const SETTING = 'bounces@shop.example';
const ID = Buffer.from('0123456789abcdef').toString('base64url');
const keys = createKeys(['a root secret of the test, 32 bytes and more']);
const inbound = createInboundReports(
  { secret: SECRET },
  { clock: { now: () => NOW }, messageOf: (address) => messageOfBounceAddress(SETTING, address, keys) },
);
const BOUNCED: Bounced = {
  returnPath: bounceAddress(SETTING, ID, keys) as string,
  messageId: `<${ID}@shop.example>`,
  recipient: 'jane@example.com',
};
/** Without our token: what a server returns that writes to the sender's own address. */
const UNMARKED: Bounced = { ...BOUNCED, returnPath: 'no-reply@shop.example' };

function receive(mail: string | Uint8Array): Promise<Received> {
  return inbound.receive(call(mail, { 'Regain-Signature': regainSignature(SECRET, mail, NOW) }));
}

async function eventsOf(mail: string | Uint8Array) {
  const received = await receive(mail);
  assert.equal(received.kind, 'received');
  return received.kind === 'received' ? received.events : [];
}

const failed = { type: 'receipt', status: 'failed', trouble: 'no-mailbox', recipient: 'jane@example.com' };
const marked = { providerId: '', messageId: ID };
const unmarked = { providerId: BOUNCED.messageId, messageId: ID };

describe('bounces as mail servers write them', () => {
  const at = (second: number): number => Date.parse(`2026-03-14T09:12:0${second}Z`);

  test('Postfix', async () => {
    assert.deepEqual(await eventsOf(postfixBounce(BOUNCED)), [{ ...failed, ...marked, reason: '5.1.1', at: at(3) }]);
    assert.deepEqual(await eventsOf(postfixBounce(UNMARKED)), [{ ...failed, ...unmarked, reason: '5.1.1', at: at(3) }]);
  });

  test('Exim, where only the diagnostic says more than 5.0.0, and the returned body lies', async () => {
    assert.deepEqual(await eventsOf(eximBounce(BOUNCED)), [{ ...failed, ...marked, reason: '5.1.1', at: at(4) }]);
    assert.deepEqual(await eventsOf(eximBounce(UNMARKED)), [{ ...failed, ...unmarked, reason: '5.1.1', at: at(4) }]);
  });

  test('Exchange', async () => {
    assert.deepEqual(await eventsOf(exchangeBounce(BOUNCED)), [
      { ...failed, ...unmarked, reason: '5.1.10', at: at(5) },
    ]);
  });

  test('Gmail', async () => {
    assert.deepEqual(await eventsOf(gmailBounce(BOUNCED)), [{ ...failed, ...marked, reason: '5.1.1', at: at(6) }]);
  });

  test('where neither a token nor a Message-ID is left, the id that was given to the envelope', async () => {
    const bare = postfixBounce(UNMARKED)
      .replace(/Message-ID: .*\r\n/, '')
      .replace('X-Postfix-Queue-ID', `Original-Envelope-Id: ${ID}\r\nX-Postfix-Queue-ID`);
    assert.deepEqual(await eventsOf(bare), [{ ...failed, ...marked, reason: '5.1.1', at: at(3) }]);
  });

  test('line ends of a pipe (LF) read the same', async () => {
    const piped = postfixBounce(BOUNCED).replaceAll('\r\n', '\n');
    assert.deepEqual(await eventsOf(piped), await eventsOf(postfixBounce(BOUNCED)));
  });

  test('a return path that a server wrote in capitals', async () => {
    const shouting = { ...BOUNCED, returnPath: BOUNCED.returnPath.toUpperCase() };
    assert.deepEqual(await eventsOf(eximBounce(shouting)), await eventsOf(eximBounce(BOUNCED)));
  });
});

describe('what a report says of the address', () => {
  for (const [status, reply] of [
    ['5.2.2', '552'],
    ['5.7.1', '550'],
    ['5.4.4', '550'],
  ] as const)
    test(`${status} is final for the message and says nothing of the mailbox`, async () => {
      const [event] = await eventsOf(postfixBounce(BOUNCED, status, reply));
      assert.ok(event?.type === 'receipt');
      assert.deepEqual([event.status, event.reason, event.trouble], ['failed', status, undefined]);
    });

  test('a delay is no failure', async () => {
    const [event] = await eventsOf(postfixBounce(BOUNCED, '4.4.1', '451'));
    assert.ok(event?.type === 'receipt');
    assert.deepEqual([event.status, event.reason, event.trouble], ['sent', '4.4.1', undefined]);
  });

  for (const [action, status] of [
    ['delivered', 'delivered'],
    ['relayed', 'sent'],
    ['expanded', 'sent'],
  ] as const)
    test(`"${action}" is ${status}`, async () => {
      const mail = postfixBounce(BOUNCED, '2.1.5', '250').replace('Action: failed', `Action: ${action} (to mailbox)`);
      const [event] = await eventsOf(mail);
      assert.ok(event?.type === 'receipt');
      assert.equal(event.status, status);
    });

  test('whose mailbox it is: the original recipient before the one it was forwarded to', async () => {
    const mail = postfixBounce(BOUNCED).replace(
      'Final-Recipient: rfc822; jane@example.com',
      'Final-Recipient: rfc822; else@example.net',
    );
    const [event] = await eventsOf(mail);
    assert.ok(event?.type === 'receipt');
    assert.equal(event.recipient, 'jane@example.com');
  });

  test('a report of abuse', async () => {
    assert.deepEqual(await eventsOf(abuseReport(BOUNCED)), [
      {
        type: 'receipt',
        ...marked,
        status: 'delivered',
        at: Date.parse('2026-03-14T09:30:00Z'),
        reason: 'abuse',
        trouble: 'complaint',
      },
    ]);
  });
});

describe('what is no bounce of ours', () => {
  test('an absence note is taken and forgotten', async () => {
    assert.deepEqual(await eventsOf(absenceNote(BOUNCED)), []);
  });

  test('a report on somebody else’s mail, a forged token, an empty mail, bytes', async () => {
    const foreign = { ...UNMARKED, messageId: '<CAF+xyz@mail.example.net>' };
    assert.deepEqual(await eventsOf(postfixBounce(foreign)), []);
    const forged = {
      ...foreign,
      returnPath: BOUNCED.returnPath.replace(/.(?=@)/, (last) => (last === 'a' ? 'b' : 'a')),
    };
    assert.deepEqual(await eventsOf(postfixBounce(forged)), []);
    assert.deepEqual(await eventsOf(''), []);
    assert.deepEqual(await eventsOf(Buffer.from([0, 255, 13, 10, 128])), []);
  });

  test('a mail cut off anywhere is read as far as it goes, and nothing is made up', async () => {
    const whole = postfixBounce(BOUNCED);
    const [expected] = await eventsOf(whole);
    for (let length = 0; length < whole.length; length += 37)
      for (const event of await eventsOf(whole.slice(0, length))) {
        assert.ok(event.type === 'receipt' && expected?.type === 'receipt');
        assert.equal(event.messageId, ID);
        if (event.status === 'failed') assert.ok(['5.1.1', '5.1', '550', 'failed'].includes(event.reason ?? ''));
      }
  });

  test('a thousand nested parts are refused or read, at once', async () => {
    const deep = Array.from(
      { length: 1_000 },
      (_, at) => `Content-Type: multipart/mixed; boundary="b${at}"\r\n\r\n--b${at}\r\n`,
    ).join('');
    const received = await receive(deep);
    assert.ok(received.kind === 'refused' ? received.status === 400 : received.events.length === 0);
  });
});

describe('how much is read of what anybody may send', () => {
  const MIB = 1024 * 1024;

  test('a mail that holds no report is not taken apart', async (t) => {
    const parsed = parsedBytes(t);
    const mail = absenceNote(BOUNCED);
    for (const [letters, type] of [
      ['\n', 'text/plain'],
      ['\n', 'text/html'],
      ['<a ', 'text/html'],
      ['--b\n\n', 'multipart/mixed; boundary=b'],
      ['--b\n\n', 'multipart/report; boundary=b'],
    ] as const)
      assert.deepEqual(await eventsOf(mail.replace('text/plain', type) + letters.repeat(MIB / 6)), []);
    assert.deepEqual(parsed(), []);
  });

  test('the report is found before the mail that came back, of which only the beginning is read', async (t) => {
    const parsed = parsedBytes(t);
    for (const letters of ['\r\n', 'x', 'Final-Recipient: rfc822; else@example.com\r\n', '--\r\n']) {
      const mail = eximBounce(BOUNCED).replace(
        'Action: delivered\r\n',
        (it) => it + letters.repeat(MIB / letters.length),
      );
      assert.deepEqual(await eventsOf(mail), await eventsOf(eximBounce(BOUNCED)));
    }
    assert.equal(parsed().length, 8);
    for (const { bytes, lines } of parsed()) assert.ok(bytes <= 128 * 1024 && lines <= 4_000, `${bytes}, ${lines}`);
  });

  test('a report behind sixty kilobytes of explanation is found', async () => {
    const notes = `${'An explanation in many languages. '.repeat(3)}\r\n`.repeat(600);
    const mail = postfixBounce(BOUNCED).replace('This is the mail system', (it) => notes + it);
    assert.deepEqual(await eventsOf(mail), await eventsOf(postfixBounce(BOUNCED)));
  });

  test('an address is asked about only where it can be one, and not many', async () => {
    const asked: string[] = [];
    const asking = createInboundReports(
      { secret: SECRET },
      { clock: { now: () => NOW }, messageOf: (address) => void asked.push(address) },
    );
    for (const to of [
      'a'.repeat(60_000),
      `${'a'.repeat(60_000)}@example.com`,
      `a@${'b'.repeat(60_000)}`,
      '@'.repeat(60_000),
      'a@b,'.repeat(10_000),
      '@ '.repeat(20_000),
    ]) {
      const mail = postfixBounce(UNMARKED).replace('To: no-reply@shop.example', () => `To: ${to}`);
      const received = await asking.receive(call(mail, { 'Regain-Signature': regainSignature(SECRET, mail, NOW) }));
      assert.equal(received.kind, 'received');
    }
    assert.ok(asked.length <= 6 * 100, `${asked.length}`);
    assert.deepEqual(
      asked.filter((address) => address.length > 320 || !/^[^@].*@.*[^@]$/.test(address)),
      [],
    );
  });

  test('headers without end are taken and forgotten: refused, the mail would be posted again for days', async () => {
    const long = postfixBounce(BOUNCED).replace('Subject:', (it) => `X-Long: ${'x'.repeat(70_000)}\r\n${it}`);
    assert.deepEqual(await eventsOf(long), []);
  });

  test('a field is what stands behind its colon, whatever stands there', async () => {
    const strange = `${' '.repeat(60_000)}\u2028x`;
    const mail = postfixBounce(BOUNCED).replace('Remote-MTA:', () => `X-Strange:${strange}\r\nRemote-MTA:`);
    assert.deepEqual(await eventsOf(mail), await eventsOf(postfixBounce(BOUNCED)));
    const told = postfixBounce(BOUNCED).replace('Status: 5.1.1', () => `Status: 5.1.2 \u2028x`);
    assert.deepEqual(
      (await eventsOf(told)).map((event) => event.type === 'receipt' && event.reason),
      ['5.1.2'],
    );
  });
});

/** What was handed to the parser, whose work grows with its bytes and more with its lines. */
function parsedBytes(t: TestContext): () => { bytes: number; lines: number }[] {
  const { mock } = t.mock.method(PostalMime, 'parse');
  return () =>
    mock.calls.map(({ arguments: [mail] }) => {
      const bytes = Buffer.from(mail as Uint8Array);
      return { bytes: bytes.length, lines: bytes.toString('latin1').split('\n').length - 1 };
    });
}

describe('whose call it is', () => {
  const mail = postfixBounce(BOUNCED);

  test('no signature, another key, another body, an old one', async () => {
    const other = mail.replace('5.1.1', '5.1.2');
    for (const signature of [
      '',
      't=1,v1=',
      regainSignature('another secret', mail, NOW),
      regainSignature(SECRET, other, NOW),
      regainSignature(SECRET, mail, NOW - 301_000),
      regainSignature(SECRET, mail, NOW + 301_000),
      regainSignature(SECRET, mail, NOW).replace('v1=', 'v0='),
    ])
      assert.deepEqual(await inbound.receive(call(mail, { 'Regain-Signature': signature })), {
        kind: 'refused',
        status: 401,
      });
    assert.deepEqual(await inbound.receive(call('', {}, 'GET')), { kind: 'refused', status: 400 });
  });
});
