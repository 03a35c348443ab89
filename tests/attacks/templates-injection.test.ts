/** What strangers choose (names, browsers, addresses, parameters) is text wherever it is shown, and absent where it need not be. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ROUTES } from '../../src/web/routes.ts';
import { codeIn, linkIn, NEW_PASSWORD, OLD_PASSWORD } from '../people.ts';
import { openShop, type RunningShop, SHOP_ORIGIN } from '../running-shop.ts';
import type { SinkMessage } from '../smtp-sink.ts';
import type { Visitor } from '../visitor.ts';

const LINK = '<a href=//evil.example>Your code</a>';

for (const engine of ['sqlite', 'postgres'] as const)
  describe(`injected text on ${engine}`, () => {
    let shop: RunningShop;
    before(async () => {
      shop = await openShop(engine);
    });
    after(() => shop.close());

    const register = async (email: string, name: string): Promise<{ status: number; guest: Visitor }> => {
      const guest = shop.visitor();
      await guest.post('/register', { identifier: email });
      await guest.post('/register/code', { code: codeIn(await shop.mail(email)) });
      const form = { name, password: NEW_PASSWORD, password2: NEW_PASSWORD };
      const { status } = await guest.post('/register/complete', form);
      return { status, guest };
    };

    function assertHarmless(mail: SinkMessage): void {
      const parts = [mail.subject, mail.text, mail.html, mail.raw].join('\n');
      // A random token of ours may spell it.
      const written = parts.replace(/=\r?\n/g, '').replace(/[\w-]{22,}/g, '');
      assert.doesNotMatch(written, /evil/i);
      assert.deepEqual(mail.recipients, [mail.to]);
      assert.doesNotMatch(mail.raw.slice(0, mail.raw.indexOf('\r\n\r\n')), /^(bcc|cc|reply-to|x-evil):/im);
      assert.doesNotMatch(parts, /[\u202a-\u202e\u2066-\u2069]/);
      for (const [, href] of mail.html.matchAll(/href="([^"]*)"/g))
        assert.ok(href?.startsWith(`${SHOP_ORIGIN}/`) || href === 'mailto:support@accounts.shop.example', String(href));
      assert.doesNotMatch(mail.html, /<(script|img|iframe|form|object|svg)\b|\son\w+=|javascript:/i);
    }

    test('row 18, Zitadel CVE-2024-41953: a name of markup is shown as its characters on the page, and stands in no mail', async () => {
      const email = 'markup@example.com';
      const { status, guest } = await register(email, LINK);
      assert.equal(status, 200);
      await guest.post('/sign-in', { identifier: email, password: NEW_PASSWORD });
      const account = await guest.get('/account');
      assert.equal(account.url, '/account');
      assert.match(account.text, /&lt;a href=\/\/evil\.example&gt;Your code&lt;\/a&gt;/);
      assert.ok(!account.text.includes('<a href=//evil'));
      await guest.post('/recover', { identifier: email });
      const code = await shop.mail(email);
      await guest.post('/recover/code', { code: codeIn(code) });
      await guest.post('/recover/password', { password: OLD_PASSWORD, password2: OLD_PASSWORD });
      const changed = await shop.mail(email);
      await shop.visitor().post(linkIn(changed, '/not-me/'));
      const blocked = await shop.mail(email);
      await shop.post('/registration', { identifier: email });
      const taken = await shop.mail(email);
      for (const mail of [code, changed, blocked, taken]) assertHarmless(mail);
    });

    for (const [what, name] of [
      ['a line break and a header', 'Jane\r\nBcc: evil@evil.example'],
      ['a right-to-left override', 'Jane \u202egnol si edoc ruoy'],
      ['an isolate', 'Jane \u2067evil\u2069'],
      ['a line separator', 'Jane\u2028evil'],
      ['a NUL', 'Jane\u0000evil'],
    ] as const)
      test(`row 18, Zitadel CVE-2024-41953: a name with ${what} is refused`, async () => {
        const email = `${what.replaceAll(' ', '-')}@example.com`;
        assert.equal((await register(email, name)).status, 400);
        assert.deepEqual(await shop.sql('select id from addresses where canonical = ?', email), []);
        const { json } = await shop.post('/registration', { identifier: email });
        await shop.post('/registration/verify', { token: json.token, code: codeIn(await shop.mail(email)) });
        const made = await shop.post('/registration/complete', { token: json.token, name, password: NEW_PASSWORD });
        assert.equal(made.status, 400);
      });

    test('row 18, Zitadel CVE-2024-41953: browsers, languages and addresses of markup reach no mail as such', async () => {
      const owner = await shop.someone({ name: LINK });
      const stranger = `o'brien+{{code}}&lt@example.com`;
      for (const browser of [LINK, 'evil.example', 'Firefox/1\u202e evil', '{{evil}} Chrome/1 <script>evil</script>'])
        for (const identifier of [owner, stranger]) {
          const sent = await fetch(`${shop.program.origin}/api/v1/recovery`, {
            method: 'POST',
            headers: {
              'Content-Type': 'application/json',
              'User-Agent': Buffer.from(browser).toString('latin1'),
              'Accept-Language': '"><script>evil</script>',
            },
            body: JSON.stringify({ identifier, locale: '"><evil>' }),
          });
          assert.equal(sent.status, 202, await sent.text());
        }
      await shop.drained();
      const mails = shop.sink.messages.filter(({ to }) => to === owner || to === stranger);
      assert.equal(mails.length, 5, 'four codes, and one mail to who has no account');
      for (const mail of mails) assertHarmless(mail);
    });

    test('row 22, Zitadel CVE-2025-67495, CVE-2026-29191: a strict policy, no script in any page, and nothing of a request comes back as markup', async () => {
      const owner = await shop.someone({ name: '"><script>evil()</script>' });
      const attack = `"'><script>evil()</script><img src=x onerror=evil()>`;
      const signedIn = shop.visitor();
      await signedIn.post('/sign-in', { identifier: owner, password: OLD_PASSWORD });
      const recovering = shop.visitor();
      await recovering.post('/recover', { identifier: owner });
      const verified = shop.visitor();
      verified.cookies.set('__Host-regain-recovery', await shop.proven(await shop.someone()));
      const fields = {
        identifier: attack,
        code: attack,
        name: attack,
        birthday_day: attack,
        country: attack,
        password: attack,
        'identifier-choice': attack,
        channel: attack,
      };
      const query = new URLSearchParams({ notice: attack, sent: attack, lang: attack, next: attack, error: attack });
      let pages = 0;
      for (const guest of [shop.visitor(), signedIn, recovering, verified])
        for (const [method, path] of [...ROUTES, ['GET', `/${encodeURIComponent(attack)}`] as const]) {
          const address = `${path.replace(':token', encodeURIComponent(attack))}?${query}`;
          const { headers, text } = method === 'GET' ? await guest.get(address) : await guest.post(address, fields);
          const policy = headers.get('content-security-policy') ?? '';
          assert.match(policy, /^default-src 'none';/, path);
          assert.match(policy, /script-src 'self'(;|$)/, path);
          assert.doesNotMatch(policy, /unsafe|\*|https?:|nonce|strict-dynamic/, path);
          if (!headers.get('content-type')?.startsWith('text/html')) continue;
          pages += 1;
          assert.doesNotMatch(text, /<script(?! type="module" src="\/assets\/[\w.]+\?v=[\w-]+"><\/script>)/i, path);
          assert.doesNotMatch(text, /(href|src|action)="(?!\/(?![/\\])|#|mailto:|data:image\/svg)/i, path);
          // Inside of a quoted value it is text.
          assert.doesNotMatch(text.replace(/"[^"]*"/g, '""'), /<[^>]+\s(on\w+|style)\s*=|<img src=x/i, path);
        }
      assert.ok(pages > 60, `${pages} pages`);
    });

    test('row 22, Zitadel CVE-2025-67495, CVE-2026-29191: the script of the pages makes neither markup nor code of what it reads', async () => {
      const page = await shop.visitor().get('/recover');
      const script = /src="(\/assets\/[^"]+)"/.exec(page.text)?.[1] as string;
      const { text, status } = await shop.visitor().get(script);
      assert.equal(status, 200);
      assert.doesNotMatch(
        text,
        /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|setTimeout\(['"`]|createContextualFragment|DOMParser|location\.(search|assign|replace)|location(\.href)? =[^=]|srcdoc|javascript:/,
      );
    });
  });
