/** The SMPP channel against servers of other hands: the package's own, and Net::SMPP of Perl where it is installed. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import type { AddressInfo, Server } from 'node:net';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import smpp, { type Pdu, type Session } from 'smpp';
import { createSmppChannel, type SmppChannel } from '../../src/channels/smpp.ts';
import type { ChannelEvent, OutgoingText } from '../../src/ports.ts';
import { parseSmppUrl } from '../../src/rules/sms-urls.ts';

const NOW = Date.UTC(2026, 2, 14, 9, 12);
const TEXT: OutgoingText = {
  id: 'message-1',
  to: '+15005550006',
  text: 'Use only on acme.com: 482913\n@acme.com #482913',
  code: '482913',
  kind: 'recovery-code',
  locale: 'en',
  usefulUntil: NOW + 600_000,
};

function channelTo(
  t: TestContext,
  port: number,
  onEvent: (event: ChannelEvent) => void,
  enquireEveryMs?: number,
): SmppChannel {
  const settings = parseSmppUrl(new URL(`smpp://user:pass@127.0.0.1:${port}?from=Shop`));
  const ignore = (): void => {};
  const channel = createSmppChannel(
    { ...settings, enquireEveryMs: enquireEveryMs ?? settings.enquireEveryMs },
    {
      clock: { now: () => NOW },
      random: { bytes: (length) => Buffer.alloc(length), below: () => 0 },
      log: { debug: ignore, info: ignore, warn: ignore, error: ignore },
      onEvent,
    },
  );
  t.after(() => channel.close());
  return channel;
}

type PackageServer = Server & { on(event: 'session', listener: (session: Session) => void): PackageServer };
const { createServer } = smpp as unknown as { createServer(): PackageServer };

test('the package’s own server reads the same text, and its receipt is heard', async (t) => {
  const read: Pdu[] = [];
  const server = createServer();
  server.on('session', (session) => {
    session.on('error', () => {});
    session.on('pdu', (pdu: Pdu) => {
      if (pdu.isResponse()) return;
      const response = pdu.response();
      if (pdu.command !== 'submit_sm') return void session.send(response);
      read.push(pdu);
      session.send(Object.assign(response, { message_id: 'abc' }));
      session.send(
        new smpp.PDU('deliver_sm', {
          source_addr: '15005550006',
          esm_class: 4,
          receipted_message_id: 'abc',
          message_state: 2,
        }),
      );
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const heard = Promise.withResolvers<ChannelEvent>();
  const channel = channelTo(t, (server.address() as AddressInfo).port, heard.resolve);
  assert.deepEqual(await channel.send(TEXT), { kind: 'accepted', providerId: 'abc' });
  assert.equal(read[0]?.short_message?.message, TEXT.text);
  assert.deepEqual(await heard.promise, {
    type: 'receipt',
    providerId: 'abc',
    messageId: 'message-1',
    status: 'delivered',
    at: NOW,
    reason: null,
  });
});

const perl = spawnSync('perl', ['-MNet::SMPP', '-MJSON::PP', '-e', '1']).status === 0;

test('Net::SMPP reads the same fields, answers in hexadecimal and reports in decimal', {
  skip: !perl && 'Net::SMPP is not installed (Debian: libnet-smpp-perl)',
}, async (t) => {
  const server = spawn('perl', ['tests/net-smpp-server.pl'], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => server.kill());
  const lines = createInterface(server.stdout)[Symbol.asyncIterator]();
  const next = async (): Promise<string> => String((await lines.next()).value);
  /** What it read next. The line asks by its own clock whether the other side lives, between any two of them. */
  let asked = 0;
  const read = async (): Promise<unknown> => {
    for (;;) {
      const one = JSON.parse(await next()) as { command: string };
      if (one.command !== 'enquire_link') return one;
      assert.deepEqual(one, { command: 'enquire_link' });
      asked += 1;
    }
  };
  const heard = Promise.withResolvers<ChannelEvent>();
  const channel = channelTo(t, Number(await next()), heard.resolve, 50);
  assert.deepEqual(await channel.send(TEXT), { kind: 'accepted', providerId: 'ABC1' });
  assert.deepEqual(await read(), { command: 'bind', system_id: 'user', password: 'pass' });
  assert.deepEqual(await read(), {
    command: 'submit',
    source_addr: 'Shop',
    source_addr_ton: 5,
    source_addr_npi: 0,
    destination_addr: '15005550006',
    dest_addr_ton: 1,
    dest_addr_npi: 1,
    esm_class: 0,
    data_coding: 0,
    registered_delivery: 1,
    validity_period: '000000001000000R',
    hex: Buffer.from(TEXT.text.replaceAll('@', '\0'), 'latin1').toString('hex'),
  });
  assert.deepEqual(await heard.promise, {
    type: 'receipt',
    providerId: 'ABC1',
    messageId: 'message-1',
    status: 'delivered',
    at: NOW,
    reason: null,
  });
  assert.deepEqual(await read(), { command: 'deliver_resp', status: 0 });
  if (asked === 0) assert.deepEqual(JSON.parse(await next()), { command: 'enquire_link' });
  const gone = once(server, 'exit');
  await channel.close();
  await gone;
});
