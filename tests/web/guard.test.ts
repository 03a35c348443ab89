/** What holds for every request and every answer: headers, cookies, other sites, other hosts, other methods, bad bodies. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { BODY_MAX_BYTES, LIMITS } from '../../src/rules/limits.ts';
import { ROUTES } from '../../src/web/routes.ts';
import { startOnAPort } from '../e2e/on-a-port.ts';
import { type InProcess, startInProcess } from '../in-process.ts';
import { addPerson, codeIn, linkIn, NEW_PASSWORD, OLD_PASSWORD, SENDS_OF_STRANGERS } from '../people.ts';
import { rowCounts } from '../row-counts.ts';
import { Visitor } from '../visitor.ts';

const ORIGIN = 'https://accounts.shop.example';
const JANE = 'jane@example.com';
const FORM = 'application/x-www-form-urlencoded';

describe('every answer', () => {
  let program: InProcess;
  before(async () => {
    program = await startInProcess('sqlite');
    await addPerson(program, { emails: [JANE] });
  });
  after(() => program.close());

  const send = (
    method: string,
    path: string,
    headers: Record<string, string> = {},
    body?: BodyInit,
  ): Promise<Response> => program.regain.fetch(request(ORIGIN + path, method, headers, body), { peer: '127.0.0.1' });
  const post = (path: string, fields: Record<string, string> = {}, headers: Record<string, string> = {}) =>
    send('POST', path, { 'Content-Type': FORM, ...headers }, new URLSearchParams(fields).toString());
  const get = (path: string, headers: Record<string, string> = {}) => send('GET', path, headers);
  const visitor = () => new Visitor((asked) => program.regain.fetch(asked, { peer: '127.0.0.1' }), ORIGIN);
  const pathOfAsset = async (): Promise<string> =>
    /\/assets\/regain\.css[^"]*/.exec(await (await get('/help')).text())![0];

  test('carries the security headers, whatever its status', async () => {
    for (let tries = 0; tries < LIMITS['sign-in'].burst; tries += 1) await post('/sign-in', guess);
    const answers: [status: number, answer: Response][] = [
      [200, await get('/sign-in')],
      [200, await get('/help')],
      [200, await get('/healthz')],
      [200, await get('/readyz')],
      [200, await get('/api/openapi.json')],
      [200, await get(await pathOfAsset())],
      [303, await get('/')],
      [303, await get('/.well-known/change-password')],
      [303, await post('/recover', { identifier: JANE })],
      [400, await post('/recover', { identifier: 'nonsense' })],
      [400, await send('POST', '/recover', { 'Content-Type': FORM }, 'identifier=a&identifier=b')],
      [400, await send('POST', '/recover', { 'Content-Type': FORM }, new Uint8Array([0xff, 0xfe]))],
      [401, await post('/sign-in', { identifier: JANE, password: 'wrong' })],
      [403, await post('/sign-in', {}, { 'Sec-Fetch-Site': 'cross-site' })],
      [404, await get('/nowhere')],
      [404, await get('/assets/nothing.css')],
      [404, await get('/api/nowhere')],
      [404, await get('/recover/not-me/forged')],
      [405, await post('/help')],
      [413, await post('/recover', { identifier: 'x'.repeat(BODY_MAX_BYTES) })],
      [415, await send('POST', '/recover', { 'Content-Type': 'text/plain' }, 'identifier=a')],
      [429, await post('/sign-in', guess)],
    ];
    for (const [status, answer] of answers) {
      assert.equal(answer.status, status);
      assertGuarded(answer);
    }
  });

  test('says to the second when it makes sense to come back', async () => {
    const guest = visitor();
    await guest.post('/recover', { identifier: 'patient@example.com' });
    const early = await guest.post('/recover/resend');
    assert.deepEqual([early.status, early.headers.get('retry-after')], [429, '30']);
    for (let tries = 0; tries < LIMITS['sign-in'].burst; tries += 1)
      await post('/sign-in', { ...guess, identifier: 'b@b.example' });
    const often = await post('/sign-in', { ...guess, identifier: 'b@b.example' });
    assert.deepEqual(
      [often.status, often.headers.get('retry-after')],
      [429, String(LIMITS['sign-in'].refillMs / 1000)],
    );
    for (let times = 0; times < SENDS_OF_STRANGERS; times += 1) await post('/recover', { identifier: 'c@c.example' });
    const flooded = await post('/recover', { identifier: 'c@c.example' });
    assert.equal(flooded.status, 429);
    assert.ok(Number(flooded.headers.get('retry-after')) > 0);
  });

  test('is never stored, but for assets, which are kept for ever under a version', async () => {
    const asset = await pathOfAsset();
    assert.match(asset, /\?v=[\w-]{8}$/);
    const style = await get(asset);
    assert.equal(style.headers.get('cache-control'), 'public, max-age=31536000, immutable');
    assert.match(style.headers.get('content-type') ?? '', /^text\/css/);
    for (const path of [
      '/sign-in',
      '/recover',
      '/help',
      '/healthz',
      '/',
      '/nowhere',
      '/api/nowhere',
      '/assets/nothing.css',
    ])
      assert.equal((await get(path)).headers.get('cache-control'), 'no-store', path);
  });

  test('sets a cookie only where one is needed, out of reach of scripts and of other sites', async () => {
    const guest = visitor();
    for (const [method, path] of ROUTES.filter(([method]) => method === 'GET'))
      assert.deepEqual((await send(method, path.replace(':token', 'x'))).headers.getSetCookie(), [], path);
    const set: string[] = [
      ...(await post('/recover', { identifier: JANE })).headers.getSetCookie(),
      ...(await post('/register', { identifier: 'new@example.com' })).headers.getSetCookie(),
      ...(await post('/sign-in', { identifier: JANE, password: OLD_PASSWORD })).headers.getSetCookie(),
      ...(await get('/help?lang=en')).headers.getSetCookie(),
    ];
    const names = set.map((line) => line.slice(0, line.indexOf('=')));
    for (const name of ['recovery', 'registration', 'session', 'device', 'locale'])
      assert.ok(names.includes(`__Host-regain-${name}`), name);
    for (const line of set) {
      const attributes = line
        .split('; ')
        .slice(1)
        .map((attribute) => attribute.toLowerCase());
      for (const attribute of ['path=/', 'httponly', 'secure', 'samesite=lax'])
        assert.ok(attributes.includes(attribute), line);
      assert.ok(!attributes.some((attribute) => attribute.startsWith('domain')), line);
      assert.doesNotMatch(line, /jane|example/, 'opaque');
    }
    const ofProofs = set.filter((line) => /-(recovery|registration)=[^;]/.test(line));
    for (const line of ofProofs) assert.doesNotMatch(line, /max-age|expires/i, 'ends with the browser');
    assert.equal(guest.cookies.size, 0);
  });

  test('lets no other site act: Sec-Fetch-Site where there is one, else Origin', async () => {
    const guest = visitor();
    const signedIn = (await guest.post('/sign-in', { identifier: JANE, password: OLD_PASSWORD })).url;
    assert.equal(signedIn, '/account');
    const cookie = `__Host-regain-session=${guest.cookies.get('__Host-regain-session')}`;
    const isSignedIn = async (): Promise<boolean> => (await get('/account', { Cookie: cookie })).status === 200;
    const fromElsewhere: Record<string, string>[] = [
      { 'Sec-Fetch-Site': 'cross-site' },
      { 'Sec-Fetch-Site': 'same-site' },
      { 'Sec-Fetch-Site': 'cross-site', Origin: ORIGIN },
      { 'Sec-Fetch-Site': 'nonsense' },
      { Origin: 'https://evil.example' },
      { Origin: 'https://accounts.shop.example.evil.example' },
      { Origin: 'http://accounts.shop.example' },
      { Origin: 'https://accounts.shop.example:444' },
      { Origin: 'null' },
      { Origin: 'http://accounts.shop.example', Host: 'accounts.shop.example' },
    ];
    for (const foreign of fromElsewhere) {
      const answer = await post('/sign-out', {}, { ...foreign, Cookie: cookie });
      assert.equal(answer.status, 403, JSON.stringify(foreign));
      assert.match(await answer.text(), /did not come from our page/);
    }
    assert.ok(await isSignedIn());
    // Webhooks are called by no browser, and by whoever can prove who he is.
    for (const [method, path] of ROUTES.filter(
      ([method, path]) => method === 'POST' && !path.startsWith('/webhooks/'),
    )) {
      const answer = await send(method, path.replace(':token', 'x'), {
        'Sec-Fetch-Site': 'cross-site',
        Cookie: cookie,
      });
      assert.equal(answer.status, 403, path);
    }
    const fromHere: Record<string, string>[] = [
      { 'Sec-Fetch-Site': 'same-origin' },
      { 'Sec-Fetch-Site': 'none' },
      { Origin: ORIGIN },
      {},
    ];
    for (const own of fromHere) {
      const answer = await post('/recover', { identifier: 'nonsense' }, own);
      assert.equal(answer.status, 400, JSON.stringify(own));
    }
    assert.equal((await post('/sign-out', {}, { Origin: ORIGIN, Cookie: cookie })).status, 303);
    assert.ok(!(await isSignedIn()));
  });

  test('a session is never taken over from the browser: signing in makes a new one', async () => {
    const guest = visitor();
    guest.cookies.set('__Host-regain-session', 'planted-by-a-thief-AAAAAAAAAAAAAAAAAAAAA');
    assert.equal((await guest.post('/sign-in', { identifier: JANE, password: OLD_PASSWORD })).url, '/account');
    assert.notEqual(guest.cookies.get('__Host-regain-session'), 'planted-by-a-thief-AAAAAAAAAAAAAAAAAAAAA');
  });

  test('well-known addresses, signs of life, HEAD, and methods that are not taken', async () => {
    const change = await get('/.well-known/change-password');
    assert.deepEqual([change.status, change.headers.get('location')], [303, '/recover']);
    const probe = '/.well-known/resource-that-should-not-exist-whose-status-code-should-not-be-200';
    assert.equal((await get(probe)).status, 404);
    assert.deepEqual(await (await get('/healthz')).json(), { status: 'ok' });
    assert.deepEqual(await (await get('/readyz')).json(), { status: 'ready' });
    for (const path of ['/sign-in', '/healthz', '/help', await pathOfAsset()]) {
      const [head, whole] = [await send('HEAD', path), await get(path)];
      assert.deepEqual([head.status, await head.text()], [200, ''], path);
      assert.equal(head.headers.get('content-type'), whole.headers.get('content-type'));
      assertGuarded(head);
    }
    for (const [method, path, allowed] of [
      ['POST', '/help', 'GET, HEAD'],
      ['PUT', '/sign-in', 'GET, HEAD, POST'],
      ['DELETE', '/recover/cancel/x', 'GET, HEAD, POST'],
      ['GET', '/sign-out', 'POST'],
      ['POST', '/assets/regain.css', 'GET, HEAD'],
      ['PUT', '/api/v1/recovery', 'POST, GET, HEAD'],
    ] as const) {
      const answer = await send(method, path);
      assert.deepEqual([answer.status, answer.headers.get('allow')], [405, allowed], `${method} ${path}`);
    }
  });

  test('no header of a request names the host of a page, a redirect or a mail', async () => {
    const seen = program.sink.messages.length;
    const evil = 'evil.example';
    const attempts: Record<string, string>[] = [
      { Host: evil },
      { 'X-Forwarded-Host': evil, 'X-Forwarded-Proto': 'http', 'X-Forwarded-Port': '666' },
      { Forwarded: `host=${evil};proto=http;for=192.0.2.1` },
      { 'X-Host': evil, 'X-Original-Host': evil, 'X-Forwarded-Server': evil },
      { 'X-Original-URL': `https://${evil}/x`, 'X-Rewrite-URL': `//${evil}/x` },
      { Referer: `https://${evil}/`, 'X-Forwarded-Prefix': `//${evil}` },
    ];
    for (const headers of attempts)
      for (const origin of [ORIGIN, `https://${evil}`]) {
        const ask = (method: string, path: string, body?: string): Promise<Response> =>
          program.regain.fetch(
            request(origin + path, method, { ...(body ? { 'Content-Type': FORM } : {}), ...headers }, body),
            {
              peer: '127.0.0.1',
            },
          );
        for (const path of [
          '/',
          '/sign-in',
          '/recover',
          '/help',
          '/nowhere',
          '/.well-known/change-password',
          '/api/openapi.json',
        ])
          await assertNoTrace(await ask('GET', path), evil);
        await assertNoTrace(
          await ask('POST', '/recover', `identifier=${encodeURIComponent(`host-${seen}@example.com`)}`),
          evil,
        );
      }
    await program.settled();
    const fresh = await addressee('host.header@example.com');
    await program.regain.fetch(
      request(
        `https://${evil}/recover`,
        'POST',
        { 'Content-Type': FORM, Host: evil, 'X-Forwarded-Host': evil },
        `identifier=${fresh}`,
      ),
    );
    await program.settled();
    const mail = program.sink.messages.findLast(({ to }) => to === fresh)!;
    assert.ok(linkIn(mail, '/cancel/'));
    for (const url of mail.text.match(/https?:\/\/[^/\s]+/g) ?? []) assert.equal(url, ORIGIN);
    for (const { raw, html, text } of program.sink.messages.slice(seen))
      assert.ok(![raw, html, text].join().includes(evil));
  });

  test('what no page sends is refused with a clear page, and nothing is written', async () => {
    const guest = visitor();
    await guest.post('/recover', { identifier: JANE });
    await program.settled();
    const cookie = [...guest.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const before = await rowCounts(program.regain.config.database);
    const paths = ['/sign-in', '/recover', '/recover/code', '/recover/password', '/register', '/register/complete'];
    const tenMegabytes = 'x'.repeat(10 * 1024 * 1024);
    const bodies: [what: string, status: number, type: string | undefined, body: BodyInit][] = [
      ['a field twice', 400, FORM, 'identifier=a%40a.example&identifier=b%40b.example&code=1&password=x&password2=x'],
      ['bytes that are no UTF-8', 400, FORM, new Uint8Array([...Buffer.from('identifier='), 0xff, 0xc0])],
      ['ten megabytes', 413, FORM, `identifier=${tenMegabytes}`],
      ['ten megabytes without a length', 413, FORM, streamOf(tenMegabytes)],
      ['JSON', 415, 'application/json', JSON.stringify({ identifier: JANE })],
      ['text', 415, 'text/plain', `identifier=${JANE}`],
      [
        'a multipart form',
        415,
        'multipart/form-data; boundary=x',
        `--x\r\nContent-Disposition: form-data; name="identifier"\r\n\r\n${JANE}\r\n--x--`,
      ],
      ['no type', 415, undefined, new Uint8Array(Buffer.from(`identifier=${JANE}`))],
    ];
    for (const path of paths)
      for (const [what, status, type, body] of bodies) {
        const given = body instanceof ReadableStream ? streamOf(tenMegabytes) : body;
        const answer = await send('POST', path, { Cookie: cookie, ...(type ? { 'Content-Type': type } : {}) }, given);
        assert.equal(answer.status, status, `${what} to ${path}`);
        assert.match(await answer.text(), /<title>Error: /, `${what} to ${path}`);
      }
    const identifiers = [
      'identifier%5B%5D=jane%40example.com', 'identifier%5B0%5D=jane%40example.com', 'identifier.x=jane%40example.com',
      'identifier=', 'identifier=+++', 'identifier=jane', 'identifier=jane%40', 'identifier=%40example.com',
      'identifier=jane%40example.com%2Cjoe%40example.com', 'identifier=jane%40example.com%3Bjoe%40example.com',
      'identifier=jane%40example.com%0D%0ABcc%3A+joe%40example.com', 'identifier=jane%00%40example.com',
      'identifier=jane%40example.com%00', 'identifier=%1Bjane%40example.com', 'identifier=jane%E2%80%8B%40example.com',
      'identifier=%22%3Cscript%3E%22%40example.com%3E', 'identifier=jane%40%5B127.0.0.1%5D', 'identifier=jane%40127.0.0.1',
      `identifier=${'a'.repeat(300)}%40example.com`, `identifier=a%40${'b'.repeat(300)}.com`, `identifier=${'1'.repeat(300)}`,
      '__proto__=x', 'constructor=x', 'toString=x',
    ]; // biome-ignore format: a list
    for (const path of ['/sign-in', '/recover', '/register'])
      for (const body of identifiers) {
        const answer = await send('POST', path, { 'Content-Type': FORM }, `${body}&password=x`);
        assert.ok(answer.status === 400, `${body.slice(0, 60)} to ${path} answers ${answer.status}`);
        const page = await answer.text();
        assert.match(page, /<title>Error: /);
        assert.doesNotMatch(page, /<script>/);
      }
    for (const code of [
      '',
      '1',
      '12345',
      '1234567',
      'abcdef',
      '１２３４５',
      '%00',
      '1'.repeat(400),
      '-12345',
      '1e5',
      '０'.repeat(7),
    ]) {
      const answer = await guest.post('/recover/code', { code });
      assert.deepEqual([answer.status, answer.url], [400, '/recover/code'], code.slice(0, 20));
    }
    assert.deepEqual(await rowCounts(program.regain.config.database), before);
  });

  test('an unknown cookie leads back to the beginning, and a step that was not reached to the one that was', async () => {
    const lost = visitor();
    lost.cookies.set('__Host-regain-recovery', 'x'.repeat(22));
    lost.cookies.set('__Host-regain-registration', '__proto__');
    lost.cookies.set('__Host-regain-session', '%00');
    for (const [path, leads] of [
      ['/recover/code', '/recover'],
      ['/recover/password', '/recover'],
      ['/recover/another-way', '/recover'],
      ['/register/code', '/register'],
      ['/register/complete', '/register'],
      ['/account', '/sign-in'],
    ] as const) {
      assert.equal((await lost.get(path)).url, leads, path);
      assert.equal((await visitor().get(path)).url, leads, path);
    }
    for (const path of ['/recover/code', '/recover/resend', '/recover/password'])
      assert.equal((await lost.post(path, { code: '123456', password: 'x', password2: 'x' })).url, '/recover', path);
    const waiting = visitor();
    await waiting.post('/recover', { identifier: JANE });
    const answer = await waiting.post('/recover/password', { password: NEW_PASSWORD, password2: NEW_PASSWORD });
    assert.equal(answer.url, '/recover/code');
    assert.equal((await visitor().post('/sign-in', { identifier: JANE, password: NEW_PASSWORD })).status, 401);
  });

  async function addressee(email: string): Promise<string> {
    await addPerson(program, { emails: [email] });
    return email;
  }
});

test('with plain http, as in development, cookies do without Secure and answers without HSTS', async (t) => {
  const program = await startOnAPort();
  t.after(() => program.close());
  const ask = (
    path: string,
    fields?: Record<string, string>,
    headers: Record<string, string> = {},
  ): Promise<Response> =>
    program.regain.fetch(
      request(
        program.origin + path,
        fields ? 'POST' : 'GET',
        { ...(fields ? { 'Content-Type': FORM } : {}), ...headers },
        fields && new URLSearchParams(fields).toString(),
      ),
    );
  const [cookie] = (await ask('/recover', { identifier: JANE })).headers.getSetCookie();
  assert.match(cookie ?? '', /^regain-recovery=[\w-]{22,}; Path=\/; HttpOnly; SameSite=Lax$/);
  assert.equal((await ask('/help')).headers.get('strict-transport-security'), null);
  const { port } = new URL(program.origin);
  const loopback = { Origin: `http://127.0.0.1:${port}`, Host: `127.0.0.1:${port}` };
  assert.equal(
    (await ask('/recover', { identifier: '' }, loopback)).status,
    400,
    'another name of this machine is fine',
  );
  assert.equal((await ask('/recover', { identifier: '' }, { ...loopback, Origin: 'http://evil.example' })).status, 403);
});

test('without its database the program says so, tells nothing of itself, and accepts nothing', async (t) => {
  const program = await startInProcess('sqlite');
  t.after(() => program.close());
  await addPerson(program, { emails: [JANE] });
  const guest = new Visitor((asked) => program.regain.fetch(asked), ORIGIN);
  await guest.post('/recover', { identifier: JANE });
  await program.settled();
  await program.worker.stop();
  await program.regain.context.store.close();
  const answers = [
    await guest.post('/recover', { identifier: JANE }),
    await guest.post('/recover/code', { code: codeIn(program.sink.messages[0]!) }),
    await guest.post('/sign-in', { identifier: JANE, password: OLD_PASSWORD }),
    await guest.get('/recover/code'),
  ];
  for (const answer of answers) {
    assert.equal(answer.status, 503);
    assert.equal(answer.headers.get('retry-after'), '10');
    assert.match(answer.text, /<h1>We are busy right now<\/h1>/);
    assert.doesNotMatch(answer.text, /sqlite|database|Error:? .*at |node:|\.ts/i);
    assertGuarded(new Response('', { headers: answer.headers, status: 503 }));
  }
  assert.equal((await guest.get('/readyz')).status, 503);
  assert.equal((await guest.get('/healthz')).status, 200);
  assert.equal((await guest.get('/sign-in')).status, 503, 'with the cookie of a recovery it would have to look it up');
  assert.equal((await new Visitor((asked) => program.regain.fetch(asked), ORIGIN).get('/sign-in')).status, 200);
});

const guess = { identifier: 'mallory@example.com', password: 'a guess' };

function request(url: string, method: string, headers: Record<string, string>, body?: BodyInit): Request {
  return new Request(url, {
    method,
    headers,
    redirect: 'manual',
    ...(body === undefined ? {} : { body, duplex: 'half' }),
  } as RequestInit);
}

/** A body that does not tell its length beforehand. */
function streamOf(text: string): ReadableStream<Uint8Array> {
  const bytes = Buffer.from(`identifier=${text}`);
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at >= bytes.length) return controller.close();
      controller.enqueue(new Uint8Array(bytes.subarray(at, at + 65_536)));
      at += 65_536;
    },
  });
}

function assertGuarded({ headers, status, url }: Response): void {
  const policy = headers.get('content-security-policy') ?? '';
  for (const directive of [
    "default-src 'none'",
    "style-src 'self'",
    "script-src 'self'",
    "form-action 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ])
    assert.ok(policy.split('; ').includes(directive), `${directive} at ${status} ${url}`);
  assert.doesNotMatch(policy, /unsafe|\*|https?:/);
  assert.deepEqual(
    Object.fromEntries(
      [
        'x-content-type-options',
        'referrer-policy',
        'cross-origin-opener-policy',
        'cross-origin-resource-policy',
        'strict-transport-security',
        'server',
        'x-powered-by',
      ].map((name) => [name, headers.get(name)]),
    ),
    {
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
      'strict-transport-security': 'max-age=31536000; includeSubDomains',
      server: null,
      'x-powered-by': null,
    },
    `${status} ${url}`,
  );
}

async function assertNoTrace(answer: Response, evil: string): Promise<void> {
  const headers = [...answer.headers.entries()].flat().join('\n');
  assert.ok(!headers.includes(evil), headers);
  assert.ok(!(await answer.text()).includes(evil), answer.url);
}
