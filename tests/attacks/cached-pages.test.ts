/** No page of one person is kept for another, and no secret stands where logs, histories and referrers keep it. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ROUTES } from '../../src/web/routes.ts';
import { codeIn, linkIn, NEW_PASSWORD, OLD_PASSWORD, wrongCode } from '../people.ts';
import { openShop, type RunningShop } from '../running-shop.ts';
import type { Answer } from '../visitor.ts';

for (const engine of ['sqlite', 'postgres'] as const)
  describe(`pages that are kept on ${engine}`, () => {
    let shop: RunningShop;
    before(async () => {
      shop = await openShop(engine, { REGAIN_LOG_LEVEL: 'debug' });
    });
    after(() => shop.close());

    test('row 41, Drupal CVE-2016-9450: no page, redirect, refusal or API answer may be stored, and none names itself to where it leads', async () => {
      const owner = await shop.someone();
      const guest = shop.visitor();
      await guest.post('/sign-in', { identifier: owner, password: OLD_PASSWORD });
      guest.cookies.set('__Host-regain-recovery', await shop.proven(owner));
      await guest.post('/sign-in', { identifier: owner, password: OLD_PASSWORD });
      const cookie = [...guest.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
      const asked: [string, string][] = [
        ...ROUTES.map(([method, path]): [string, string] => [method, path.replace(':token', 'x')]),
        ['GET', '/'],
        ['GET', '/nowhere'],
        ['GET', '/api/v1/recovery'],
        ['GET', '/api/v1/sessions/current'],
        ['GET', '/api/v1/nowhere'],
        ['POST', '/api/v1/recovery'],
        ['POST', '/api/v1/sessions'],
        ['PUT', '/recover'],
      ];
      for (const [method, path] of asked)
        for (const headers of [{}, { Cookie: cookie }] as Record<string, string>[]) {
          const answer = await fetch(shop.program.origin + path, { method, headers, redirect: 'manual' });
          await answer.arrayBuffer();
          assert.equal(answer.headers.get('cache-control'), 'no-store', `${method} ${path}`);
          assert.equal(answer.headers.get('referrer-policy'), 'no-referrer', `${method} ${path}`);
          for (const name of ['etag', 'last-modified', 'expires', 'age'])
            assert.equal(answer.headers.get(name), null, `${method} ${path}`);
        }
    });

    test('row 41, Drupal CVE-2016-9450: no address of the way holds a code, a handle or who it is about', async () => {
      const owner = await shop.someone();
      const guest = shop.visitor();
      const answers: Answer[] = [];
      const keep = async (answer: Promise<Answer>): Promise<void> => void answers.push(await answer);
      const secrets = new Set<string>([
        owner,
        encodeURIComponent(owner),
        NEW_PASSWORD,
        encodeURIComponent(NEW_PASSWORD),
      ]);
      const remember = (): void => {
        for (const value of guest.cookies.values()) secrets.add(value);
      };
      await keep(guest.post('/recover/from-sign-in', { identifier: owner }));
      await keep(guest.post('/recover', { identifier: owner }));
      remember();
      const code = codeIn(await shop.mail(owner));
      secrets.add(code);
      await keep(guest.post('/recover/code', { code: wrongCode(code) }));
      await keep(guest.post('/recover/resend'));
      await keep(guest.get('/recover/another-way'));
      await keep(guest.post('/recover/code', { code }));
      remember();
      await keep(guest.post('/recover/password', { password: NEW_PASSWORD, password2: 'another' }));
      await keep(guest.post('/recover/password', { password: NEW_PASSWORD, password2: NEW_PASSWORD }));
      await keep(guest.post('/sign-in', { identifier: owner, password: NEW_PASSWORD }));
      remember();
      assert.equal(answers.at(-1)?.url, '/account');
      for (const { url, text } of answers) {
        const links = [...text.matchAll(/\b(?:href|src|action|formaction)="([^"]*)"/g)].map(
          (match) => match[1] as string,
        );
        for (const address of [url, ...links])
          for (const secret of secrets) assert.ok(!address.includes(secret), address);
        assert.doesNotMatch(text, /<form[^>]+method="?get/i, 'a form that would write its fields into the address');
      }
    });

    test('row 41, Drupal CVE-2016-9450: the log, at its most talkative, holds no code, handle, link, password, address or name', async () => {
      const owner = await shop.someone({ name: 'Xenia Quillfeather' });
      const guest = shop.visitor();
      const secrets = new Set<string>([owner, 'Xenia', OLD_PASSWORD, NEW_PASSWORD, 'Mistyped-Password-1']);
      const remember = (): void => {
        for (const value of guest.cookies.values())
          for (const part of [value, decodeURIComponent(value)]) secrets.add(part);
      };
      const seenBefore = shop.program.output().length;
      await guest.post('/sign-in', { identifier: owner, password: 'Mistyped-Password-1' });
      await guest.post('/recover', { identifier: owner });
      remember();
      const mail = await shop.mail(owner);
      const cancel = linkIn(mail, '/cancel/');
      secrets.add(codeIn(mail)).add(cancel.split('/').at(-1) as string);
      await guest.get(cancel);
      await guest.get(`/recover/code?code=${codeIn(mail)}&token=${guest.cookies.get('__Host-regain-recovery')}`);
      await guest.post('/recover/code', { code: codeIn(mail) });
      remember();
      await guest.post('/recover/password', { password: NEW_PASSWORD, password2: NEW_PASSWORD });
      const notMe = linkIn(await shop.mail(owner, /was changed/), '/not-me/');
      secrets.add(notMe.split('/').at(-1) as string);
      await guest.get(notMe);
      await guest.get(`/nowhere/${owner}`);
      await guest.post('/sign-in', { identifier: owner, password: NEW_PASSWORD });
      remember();
      const { token } = (await shop.post('/sessions', { identifier: owner, password: NEW_PASSWORD })).json;
      secrets.add(token);
      await shop.api('GET', '/sessions/current', { token });
      await shop.program.kill();
      const log = shop.program.output().slice(seenBefore);
      await shop.program.start();
      assert.match(log, /"route":"\/recover\/code"/, 'there is a log of it');
      assert.match(log, /"route":"\/recover\/cancel\/:token"/);
      for (const secret of secrets) assert.ok(!log.includes(secret), `the log holds ${secret}`);
    });
  });
