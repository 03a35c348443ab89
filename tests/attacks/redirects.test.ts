/** No parameter, path, header or spelling leads a browser off the shop's own origin. */
import assert from 'node:assert/strict';
import { request } from 'node:http';
import { after, before, describe, test } from 'node:test';
import { parseConfig } from '../../src/config.ts';
import { ROUTES } from '../../src/web/routes.ts';
import { codeIn, NEW_PASSWORD, OLD_PASSWORD } from '../people.ts';
import { openShop, type RunningShop, SHOP_ORIGIN } from '../running-shop.ts';

/** Where an attacker would like to lead: as they are parsed, and as careless code reads them. */
const TARGETS = [
  'https://evil.example',
  'http://evil.example/',
  '//evil.example',
  '///evil.example',
  '/\\evil.example',
  '\\\\evil.example',
  '/\t/evil.example',
  '/\n/evil.example',
  '\thttps://evil.example',
  'https:evil.example',
  'https:/evil.example',
  'https://accounts.shop.example@evil.example',
  'https://accounts.shop.example:x@evil.example',
  'https://accounts.shop.example.evil.example',
  'https://accounts.shop.example.',
  'https://evil.example#accounts.shop.example',
  'https://evil.example?accounts.shop.example',
  'https://accounts.shop.exa\u043cple',
  'https://xn--accounts.shop.example-9j7k.evil.example',
  '/%2fevil.example',
  '/%5cevil.example',
  '%2f%2fevil.example',
  '/..//evil.example',
  '/.//evil.example',
  '/@evil.example',
  'javascript:alert(1)',
  'data:text/html,evil',
  '*.shop.example',
];
const PARAMETERS = [
  'next', 'return', 'return_to', 'returnUrl', 'redirect', 'redirect_uri', 'redirectTo', 'callbackURL', 'callback', 'continue',
  'url', 'to', 'dest', 'target', 'r', 'back', 'RelayState', 'service', 'origin', 'lang', 'notice', 'sent',
]; // biome-ignore format: one list

for (const engine of ['sqlite', 'postgres'] as const)
  describe(`redirects on ${engine}`, () => {
    let shop: RunningShop;
    let cookies: string;
    before(async () => {
      shop = await openShop(engine);
      const owner = await shop.someone();
      const guest = shop.visitor();
      await guest.post('/sign-in', { identifier: owner, password: OLD_PASSWORD });
      guest.cookies.set('__Host-regain-recovery', (await shop.recovery(owner)).token);
      cookies = [...guest.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    });
    after(() => shop.close());

    /** Where this answer leads, as a browser on the shop's origin would read it; undefined where it leads nowhere. */
    function leadsTo({ headers, text }: { headers: Record<string, unknown>; text: string }, path: string): string[] {
      const base = path.startsWith('/') ? SHOP_ORIGIN + path : SHOP_ORIGIN;
      const named = [headers.location, headers.refresh, headers['content-location'], headers.link].filter(
        (value) => value !== undefined,
      );
      const inPage = [...text.matchAll(/\b(?:href|action|formaction)="([^"]*)"/g)].map((match) => match[1] as string);
      const moved = /http-equiv="?refresh/i.test(text) ? ['refresh in the page'] : [];
      return [...named.map(String), ...inPage, ...moved].map((value) => new URL(value, base).href);
    }

    /** Raw, because fetch would tidy the path before it is sent. */
    function raw(method: string, path: string, headers: Record<string, string> = {}, body = '') {
      return new Promise<{ status: number; headers: Record<string, unknown>; text: string }>((resolve, reject) => {
        const { hostname, port } = new URL(shop.program.origin);
        const sent = request(
          { hostname, port, method, path, headers: { ...headers, 'Content-Length': Buffer.byteLength(body) } },
          (response) => {
            const chunks: Buffer[] = [];
            response.on('data', (chunk: Buffer) => chunks.push(chunk));
            response.on('end', () =>
              resolve({
                status: response.statusCode ?? 0,
                headers: response.headers,
                text: Buffer.concat(chunks).toString(),
              }),
            );
          },
        );
        sent.on('error', reject);
        sent.end(body);
      });
    }

    async function assertStays(method: string, path: string, headers: Record<string, string> = {}, body = '') {
      const answer = await raw(method, path, { 'Accept-Encoding': 'identity', ...headers }, body);
      for (const url of leadsTo(answer, path))
        assert.ok(
          url.startsWith(`${SHOP_ORIGIN}/`) ||
            url === 'mailto:support@accounts.shop.example' ||
            url.startsWith('data:image/svg'),
          `${method} ${path} ${body} leads to ${url}`,
        );
    }

    test('row 29, better-auth CVE-2024-56734, CVE-2025-27143, CVE-2025-71403: no parameter steers any page', async () => {
      const FORM = { 'Content-Type': 'application/x-www-form-urlencoded' };
      for (const target of TARGETS) {
        const steering = new URLSearchParams(PARAMETERS.map((name) => [name, target]));
        for (const [method, path] of ROUTES.filter(([, address]) => address !== '/sign-out')) {
          const address = `${path.replace(':token', 'x')}?${steering}`;
          if (method === 'GET')
            for (const headers of [{}, { Cookie: cookies }] as Record<string, string>[])
              await assertStays(method, address, headers);
          else await assertStays(method, address, { ...FORM, Cookie: cookies }, `${steering}&code=0`);
        }
      }
    });

    test('row 29, better-auth CVE-2024-56734, CVE-2025-27143, CVE-2025-71403: no path is taken for another host', async () => {
      for (const target of TARGETS.map((text) => encodeURI(text).replaceAll('%25', '%')))
        for (const path of [
          target,
          `/${target}`,
          `/recover/${target}`,
          `/sign-in${target}`,
          `/recover/cancel/${target}`,
        ]) {
          if (/[\s]/.test(path)) continue;
          await assertStays('GET', path);
          await assertStays('POST', path, { 'Content-Type': 'application/x-www-form-urlencoded' }, 'x=1');
        }
    });

    test('row 29, better-auth CVE-2024-56734, CVE-2025-27143, CVE-2025-71403: no header steers a redirect', async () => {
      for (const target of TARGETS.map((text) => Buffer.from(text.replace(/[\t\n]/g, '')).toString('latin1')))
        for (const path of [
          '/',
          '/account',
          '/recover/code',
          '/recover/password',
          '/.well-known/change-password',
          '/nowhere',
        ])
          await assertStays('GET', path, {
            Host: /^[\w.-]+$/.test(target) ? target : 'evil.example',
            Referer: target,
            'X-Forwarded-Host': target,
            'X-Forwarded-Prefix': target,
            'X-Original-URL': target,
            'X-Rewrite-URL': target,
          });
    });

    test('row 29, better-auth CVE-2024-56734, CVE-2025-27143, CVE-2025-71403: the way through a recovery and a sign-in leads to our own pages, whatever is asked for', async () => {
      const owner = await shop.someone();
      const guest = shop.visitor();
      const steered = (path: string): string => `${path}?next=//evil.example&callbackURL=https://evil.example`;
      const also = { next: '//evil.example', callbackURL: 'https://evil.example', redirectTo: '/\\evil.example' };
      const form = { password: NEW_PASSWORD, password2: NEW_PASSWORD, ...also };
      assert.equal((await guest.post(steered('/recover'), { identifier: owner, ...also })).url, '/recover/code');
      const code = codeIn(await shop.mail(owner));
      assert.equal((await guest.post(steered('/recover/code'), { code, ...also })).url, '/recover/password');
      assert.equal((await guest.post(steered('/recover/password'), form)).url, '/sign-in');
      const signIn = { identifier: owner, password: NEW_PASSWORD, ...also };
      assert.equal((await guest.post(steered('/sign-in'), signIn)).url, '/account');
      assert.equal((await guest.post(steered('/sign-out'), also)).url, '/sign-in?notice=signed-out');
    });
  });

test('row 29, better-auth CVE-2024-56734, CVE-2025-27143, CVE-2025-71403: the one redirect that a setting names stays on the origin, too', () => {
  for (const target of TARGETS.filter((text) => !/^\/(?![\\/])[\x21-\x7e]*$/.test(text)))
    assert.throws(() => parseConfig({ REGAIN_HOME_PATH: target }), /REGAIN_HOME_PATH/, target);
});
