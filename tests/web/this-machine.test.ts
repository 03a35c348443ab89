import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { startInProcess } from '../in-process.ts';

const DEVELOPMENT = { NODE_ENV: 'development', REGAIN_ORIGIN: 'http://localhost:3000' };

describe('the development inbox', () => {
  const PAGES = ['/dev/inbox', '/dev/inbox/list', '/dev/inbox/chats/telegram'];

  test('is shown to this machine, and to nobody else', async (t) => {
    const { regain, close } = await startInProcess('sqlite', DEVELOPMENT);
    t.after(close);
    const seen = async (path: string, peer: string | undefined, forwardedFor?: string): Promise<number> => {
      const headers = new Headers(forwardedFor === undefined ? [] : [['X-Forwarded-For', forwardedFor]]);
      const request = new Request(new URL(path, regain.config.origin), { headers });
      return (await regain.fetch(request, peer === undefined ? {} : { peer })).status;
    };
    for (const path of PAGES) {
      for (const peer of ['127.0.0.1', '::1', '::ffff:127.0.0.1', undefined]) assert.equal(await seen(path, peer), 200);
      for (const peer of ['192.168.1.7', '::ffff:192.168.1.7', '2001:db8::1', '', 'nonsense'])
        assert.equal(await seen(path, peer), 403, peer);
      for (const through of ['203.0.113.7', '127.0.0.1, 203.0.113.7', '203.0.113.7, 127.0.0.1', 'unknown', ''])
        assert.equal(await seen(path, '127.0.0.1', through), 403, `through a tunnel: ${through}`);
      assert.equal(await seen(path, '127.0.0.1', '127.0.0.1'), 200, 'behind a proxy of this machine');
    }
    assert.equal(await seen('/sign-in', '192.168.1.7'), 200, 'the rest is for everybody');
  });

  test('is not shown through a tunnel, in whichever header it names who called', async (t) => {
    const { regain, close } = await startInProcess('sqlite', DEVELOPMENT);
    t.after(close);
    const seen = async (name: string, value: string): Promise<number> => {
      const request = new Request(new URL('/dev/inbox', regain.config.origin), { headers: { [name]: value } });
      return (await regain.fetch(request, { peer: '127.0.0.1' })).status;
    };
    for (const name of ['X-Real-IP', 'CF-Connecting-IP', 'True-Client-IP', 'Fly-Client-IP']) {
      assert.equal(await seen(name, '203.0.113.9'), 403, name);
      assert.equal(await seen(name, '127.0.0.1'), 200, name);
    }
    for (const value of [
      'for=203.0.113.9',
      'for="[2001:db8::1]:4711"',
      'For=127.0.0.1;by=x, for=203.0.113.9',
      'by=x',
      'for=_hidden',
    ])
      assert.equal(await seen('Forwarded', value), 403, value);
    for (const value of ['for=127.0.0.1', 'for="127.0.0.1:4711";proto=http', 'for="[::1]"'])
      assert.equal(await seen('Forwarded', value), 200, value);
  });

  test('is not shown under the name of another site, which may have been made to lead here', async (t) => {
    const { regain, close } = await startInProcess('sqlite', {
      ...DEVELOPMENT,
      REGAIN_ORIGIN: 'http://shop.test:3000',
    });
    t.after(close);
    const seen = async (origin: string): Promise<number> =>
      (await regain.fetch(new Request(`${origin}/dev/inbox`), { peer: '127.0.0.1' })).status;
    for (const origin of ['http://rebound.example:3000', 'http://127.0.0.1.rebound.example', 'http://192.168.1.7:3000'])
      assert.equal(await seen(origin), 403, origin);
    const here = ['http://localhost:3000', 'http://127.0.0.1:3000', 'http://[::1]:3000', 'http://shop.localhost:3000'];
    for (const origin of [...here, 'http://shop.test:3000']) assert.equal(await seen(origin), 200, origin);
  });

  test('takes nothing from elsewhere either, and says why', async (t) => {
    const { regain, close } = await startInProcess('sqlite', DEVELOPMENT);
    t.after(close);
    const body = new URLSearchParams({ behaviour: 'fail' });
    const posted = new Request(new URL('/dev/inbox/behaviour', regain.config.origin), { method: 'POST', body });
    const answer = await regain.fetch(posted, { peer: '192.168.1.7' });
    assert.equal(answer.status, 403);
    assert.match(await answer.text(), /this machine only.*REGAIN_DEV_ON_NETWORK=yes/s);
  });

  test('is shown to whoever reaches it where that was asked for', async (t) => {
    const { regain, close } = await startInProcess('sqlite', { ...DEVELOPMENT, REGAIN_DEV_ON_NETWORK: 'yes' });
    t.after(close);
    const request = new Request(new URL('/dev/inbox', regain.config.origin));
    assert.equal((await regain.fetch(request, { peer: '192.168.1.7' })).status, 200);
  });
});
