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
