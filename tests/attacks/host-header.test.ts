/** Whatever the request says of its host, every link, redirect and page carries the configured origin (ADVISORIES 5, 6, 7, 32; R08). */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ENGINES, type TestDatabase } from '../engines.ts';
import { codeIn, linkIn, NEW_PASSWORD, OLD_PASSWORD } from '../people.ts';
import { type RawAnswer, requestBytes, sendRaw } from '../raw-http.ts';
import { type Running, serve } from '../regain.ts';
import { type SinkMessage, type SmtpSink, startSmtpSink } from '../smtp-sink.ts';

const ORIGIN = 'https://accounts.shop.example';
const EVIL = 'evil.example';

interface Lie {
  title: string;
  headers: [string, string][];
  /** In front of the path, as a client of a proxy writes it. */
  prefix?: string;
}
const HOST: [string, string] = ['Host', 'accounts.shop.example'];
const LIES: Lie[] = [
  { title: 'Host', headers: [['Host', EVIL]] },
  { title: 'Host with a port', headers: [['Host', `${EVIL}:8443`]] },
  { title: 'Host of the shop with a foreign port', headers: [['Host', `accounts.shop.example:6666`]] },
  { title: 'Host in IPv6', headers: [['Host', '[2001:db8::bad]']] },
  { title: 'X-Forwarded-Host', headers: [HOST, ['X-Forwarded-Host', EVIL], ['X-Forwarded-Port', '6666']] },
  { title: 'X-Forwarded-Host, a list', headers: [HOST, ['X-Forwarded-Host', `accounts.shop.example, ${EVIL}`]] },
  { title: 'X-Forwarded-Proto', headers: [HOST, ['X-Forwarded-Proto', 'javascript']] },
  { title: 'X-Forwarded-Proto and others of its kind', headers: [HOST, ['X-Forwarded-Proto', 'http'], ['X-Forwarded-Scheme', 'http'], ['X-Forwarded-Prefix', `//${EVIL}`]] },
  { title: 'Forwarded', headers: [HOST, ['Forwarded', `for=192.0.2.1;host=${EVIL};proto=http`]] },
  { title: 'Forwarded, a list', headers: [HOST, ['Forwarded', `host=accounts.shop.example, host="${EVIL}:80"`]] },
  { title: 'X-Original-URL and X-Host', headers: [HOST, ['X-Host', EVIL], ['X-Original-URL', `//${EVIL}/`], ['X-Rewrite-URL', `//${EVIL}/`]] },
  { title: 'Origin and Referer', headers: [HOST, ['Referer', `https://${EVIL}/`], ['X-Wap-Profile', `http://${EVIL}/`]] },
  { title: 'an absolute target', headers: [HOST], prefix: `http://${EVIL}` },
]; // biome-ignore format: one row for one lie

for (const engine of Object.keys(ENGINES) as (keyof typeof ENGINES)[])
  describe(`a request that lies about its host, on ${engine}`, () => {
    let program: Running;
    let sink: SmtpSink;
    let database: TestDatabase;
    before(async () => {
      sink = await startSmtpSink();
      database = await ENGINES[engine]();
      program = await serve({
        NODE_ENV: 'production',
        REGAIN_ORIGIN: ORIGIN,
        REGAIN_DATABASE_URL: database.url,
        REGAIN_SMTP_URL: sink.url,
        REGAIN_MAIL_FROM: 'Shop <no-reply@shop.example>',
      });
    });
    after(async () => {
      await program.stop();
      await sink.stop();
      await database.remove();
    });

    const send = (lie: Lie, method: string, path: string, type = '', body = ''): Promise<RawAnswer> => {
      const content: [string, string][] = type === '' ? [] : [['Content-Type', type]];
      const headers: [string, string][] = [
        ...lie.headers,
        ...content,
        ['Content-Length', String(body.length)],
        ['Connection', 'close'],
      ];
      return sendRaw(program.origin, [requestBytes(method, `${lie.prefix ?? ''}${path}`, headers, body)]);
    };
    const api = async (lie: Lie, path: string, json: object, status: number) => {
      const answer = await send(lie, 'POST', `/api/v1${path}`, 'application/json', JSON.stringify(json));
      assert.equal(answer.status, status, `${lie.title}: ${path}: ${answer.body}`);
      assertClean(answer.head + answer.body, lie);
      return JSON.parse(answer.body);
    };
    const mailTo = (address: string, subject: RegExp): Promise<SinkMessage> =>
      sink.waitFor((mail) => mail.to.includes(address) && subject.test(mail.subject), `${subject} to ${address}`);

    LIES.forEach((lie, index) => {
      test(`row 5, CVE-2017-12161; row 6, CVE-2023-49097; row 7, CVE-2025-64101; row 32, CVE-2017-9303: ${lie.title}: six kinds of mail carry the configured origin`, async () => {
        const identifier = `person${index}@example.com`;
        const registration = await api(lie, '/registration', { identifier }, 202);
        const first = await mailTo(identifier, /./);
        const token = registration.token;
        await api(lie, '/registration/verify', { token, code: codeIn(first) }, 200);
        await api(lie, '/registration/complete', { token, name: 'Jane', password: OLD_PASSWORD }, 201);
        const mailsOf = (address: string) => sink.messages.filter(({ to }) => to.includes(address));
        const nextMail = async (address: string, after: number): Promise<SinkMessage> => {
          await sink.waitFor(
            (mail) => mail.to.includes(address) && mailsOf(address).indexOf(mail) >= after,
            `mail ${after}`,
          );
          return mailsOf(address)[after] as SinkMessage;
        };
        await api(lie, '/registration', { identifier }, 202);
        await nextMail(identifier, 1);
        const recovery = await api(lie, '/recovery', { identifier }, 202);
        const code = await nextMail(identifier, 2);
        await api(lie, '/recovery/verify', { token: recovery.token, code: codeIn(code) }, 200);
        await api(lie, '/recovery/password', { token: recovery.token, password: NEW_PASSWORD }, 200);
        const changed = await nextMail(identifier, 3);
        const blocked = await send(
          lie,
          'POST',
          linkIn(changed, '/recover/not-me/'),
          'application/x-www-form-urlencoded',
        );
        assert.equal(blocked.status, 200);
        assertClean(blocked.head + blocked.body, lie);
        await nextMail(identifier, 4);
        const unknown = `nobody${index}@example.com`;
        await api(lie, '/recovery', { identifier: unknown }, 202);
        await nextMail(unknown, 0);

        const mails = [...mailsOf(identifier), ...mailsOf(unknown)];
        assert.equal(new Set(mails.map(({ subject }) => subject.replace(/\d/g, ''))).size, 6);
        for (const mail of mails) {
          assertClean(mail.text + mail.html, lie);
          const links = `${mail.text} ${mail.html}`.match(/\b[a-z]+:\/\/[^\s"'<>]+/gi) ?? [];
          for (const link of links) assert.equal(new URL(link).origin, ORIGIN, `${lie.title}: ${link}`);
          assert.doesNotMatch(mail.html, /javascript:/i);
        }
      });

      test(`${lie.title}: pages and redirects stay here`, async () => {
        for (const path of [
          '/',
          '/sign-in',
          '/recover',
          '/recover/code',
          '/recover/password',
          '/register',
          '/register/code',
          '/account',
          '/help',
          '/.well-known/change-password',
          '/nothing',
          '/api/openapi.json',
          '/recover/cancel/x',
          '//evil.example/sign-in',
          '/\\evil.example',
        ])
          for (const method of ['GET', 'POST']) {
            const answer = await send(lie, method, path, 'application/x-www-form-urlencoded');
            assert.ok(answer.status >= 200 && answer.status < 500, `${path}: ${answer.status}`);
            assertClean(answer.head + answer.body, lie);
            const location = answer.headers.get('location');
            if (location !== undefined) assert.match(location, /^\/(?![/\\])/, `${method} ${path}`);
          }
      });
    });

    test('two hosts, or none, are refused', async () => {
      for (const headers of [[HOST, ['Host', EVIL]], [['Host', EVIL], HOST], []] as [string, string][][])
        assert.equal((await send({ title: 'hosts', headers }, 'GET', '/sign-in')).status, 400);
    });
  });

function assertClean(text: string, lie: Lie): void {
  for (const foreign of [EVIL, '6666', '8443', '2001:db8::bad'])
    assert.ok(!text.includes(foreign), `${lie.title}: ${foreign} in\n${text}`);
}
