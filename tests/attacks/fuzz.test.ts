/**
 * Every address of the OpenAPI document and of the pages, asked for in every wrong way over real sockets: no 5xx, nothing of
 * the inside in an answer, nothing of the request unescaped, the security headers on everything, and nothing written by
 * what was refused (ASVS 5.0 V16.5; STANDARDS R81, R86).
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { parseConfig } from '../../src/config.ts';
import { DEVELOPMENT_ROUTES, ROUTES } from '../../src/web/routes.ts';
import { ENGINES, type TestDatabase } from '../engines.ts';
import { type RawAnswer, requestBytes, sendRaw } from '../raw-http.ts';
import { type Running, serve } from '../regain.ts';
import { openRowCounter, type RowCounter } from '../row-counts.ts';
import { callApi } from '../visitor.ts';

/** The same requests every time; `SEED=7 npm test -- fuzz` sends others. */
const DEFAULT_SEED = 20_260_314;
const RUNS_PER_ADDRESS = 30;
/** Shows where it is repeated without escaping; its letters occur nowhere else. */
const MARKER = `"'><svg/onload=zq7x>`;
const ODD_TEXTS = ['\0', 'en\0', 'person@example.com\0', '\ud800a', '\x7f\x80', MARKER, '', 'a'.repeat(10_000)];
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND', 'PURGE', 'TRACE'];
const SECURITY_HEADERS: [string, RegExp][] = [
  ['content-security-policy', /default-src 'none'/],
  ['x-content-type-options', /^nosniff$/],
  ['referrer-policy', /^no-referrer$/],
  ['cache-control', /no-store|no-cache|immutable/],
];
const INSIDE =
  /\n\s+at |node_modules|node:internal|file:\/\/|\/src\/|\.ts\b|sqlite|postgres|relation "|pg_|select .+ from|insert into|ERR_|TypeError/i;
/** What a worker may still be writing for earlier requests that were accepted is not among these. */
const WRITTEN_BY_REQUESTS = ['accounts', 'addresses', 'proofs', 'outbox', 'sessions'];

const PAGES: { path: string; fields: string[] }[] = [...ROUTES, ...DEVELOPMENT_ROUTES].map(([, path]) => ({
  path,
  fields: ['identifier', 'password', 'password2', 'code', 'country', 'identifier-choice', 'name', 'birthday-day'],
}));

for (const engine of ['sqlite', 'postgres'] as const)
  describe(`every address, asked in every wrong way, on ${engine}`, () => {
    let program: Running;
    let database: TestDatabase;
    let counter: RowCounter;
    const addresses: { path: string; fields: string[] }[] = [];
    /** Of a recovery that waits for its code, of one that waits for a password, and of a session. */
    const handles: string[] = [];
    before(async () => {
      database = await ENGINES[engine]();
      program = await serve({ REGAIN_DATABASE_URL: database.url });
      counter = await openRowCounter(parseConfig({ REGAIN_DATABASE_URL: database.url }).database);
      const document = await (await fetch(`${program.origin}/api/openapi.json`)).json();
      handles.push(...(await livingHandles(program)));
      addresses.push(...addressesOf(document as OpenApi), ...PAGES, { path: '/assets/:file', fields: [] });
    });
    after(async () => {
      const faults = program.output().match(/^.*(?:request-fault|worker-fault|delivery-fault).*$/gm) ?? [];
      await program.stop();
      await counter.close();
      await database.remove();
      assert.deepEqual(faults, []);
    });

    const ask = (parts: readonly (Uint8Array | string)[]): Promise<RawAnswer> => sendRaw(program.origin, parts);
    const rows = async (): Promise<number[]> => {
      const counts = await counter.counts();
      return WRITTEN_BY_REQUESTS.map((table) => counts[table] as number);
    };

    test('the document names every call of the API', () => {
      assert.equal(addresses.filter(({ path }) => path.startsWith('/api/v1/')).length, 12);
      assert.ok(addresses.some(({ fields }) => fields.includes('token')));
    });

    test('every method, well-formed and empty', async () => {
      for (const { path } of addresses)
        for (const method of METHODS) {
          const target = path.replace(/:\w+/g, 'x');
          const answer = await ask([
            requestBytes(method, target, [
              ['Host', 'localhost'],
              ['Connection', 'close'],
            ]),
          ]);
          assertDecent(answer, `${method} ${target}`);
        }
    });

    test('bodies, headers, queries and paths that no client sends', async () => {
      for (const address of addresses)
        await fc.assert(
          fc.asyncProperty(attackOn(address, handles), async (attack) => {
            const before = await rows();
            const answer = await ask(attack.parts);
            assertDecent(answer, attack.title);
            if (answer.status >= 400 || answer.status === 0) assert.deepEqual(await rows(), before, attack.title);
          }),
          { numRuns: RUNS_PER_ADDRESS, seed: Number(process.env.SEED ?? DEFAULT_SEED) },
        );
    });

    test('bodies of the API that are right but for one field', async () => {
      for (const { path, fields } of addresses.filter((address) => address.path.startsWith('/api/')))
        for (const handle of handles)
          for (const body of nearlyRight(fields, handle)) {
            const headers: [string, string][] = [
              ['Host', 'localhost'],
              ['Connection', 'close'],
              ['Content-Type', 'application/json'],
              ['Content-Length', String(Buffer.byteLength(body))],
            ];
            assertDecent(await ask([requestBytes('POST', path, headers), body]), `${path} ${body}`);
          }
    });

    const json = (text: string | Uint8Array): Uint8Array => Buffer.from(text as string);
    const post = (headers: [string, string][], ...body: (Uint8Array | string)[]): Promise<RawAnswer> =>
      ask([
        requestBytes('POST', '/api/v1/recovery', [
          ['Host', 'localhost'],
          ['Connection', 'close'],
          ['Content-Type', 'application/json'],
          ...headers,
        ]),
        ...body,
      ]);
    const good = json('{"identifier":"jane@example.com"}');

    const lies: [string, () => Promise<RawAnswer>, number[]][] = [
    ['a length that is too small', () => post([['Content-Length', '5']], good), [400]],
    ['a length that is no number', () => post([['Content-Length', 'five']], good), [400]],
    ['a negative length', () => post([['Content-Length', '-1']], good), [400]],
    ['two lengths', () => post([['Content-Length', '5'], ['Content-Length', '33']], good), [400]],
    ['a length and chunks', () => post([['Content-Length', '33'], ['Transfer-Encoding', 'chunked']], '0\r\n\r\n'), [400]],
    ['a length of a terabyte', () => post([['Content-Length', '1099511627776']]), [413]],
    ['chunks that are no chunks', () => post([['Transfer-Encoding', 'chunked']], 'zz\r\n'), [400]],
    ['a chunk longer than it says', () => post([['Transfer-Encoding', 'chunked']], '2\r\n{"identifier"}\r\n0\r\n\r\n'), [400]],
    // 413, unless the answer is lost with the connection, which is cut on whoever goes on writing (RFC 9112, 9.6).
    ['chunks without end', () => post([['Transfer-Encoding', 'chunked']], ...endless()), [0, 413]],
    ['an encoding nobody knows', () => post([['Transfer-Encoding', 'gzip']], good), [400, 501]],
    ['a compressed body', () => post([['Content-Encoding', 'gzip'], ['Content-Length', '33']], good), [202, 400, 415]],
    ['an expectation nobody meets', () => post([['Expect', 'the unexpected'], ['Content-Length', '33']], good), [417]],
    ['a header of 100 kB', () => post([['X-Long', 'x'.repeat(100_000)], ['Content-Length', '33']], good), [431]],
    ['two thousand headers', () => post(Array.from({ length: 3_000 }, (_, at) => [`X-${at}`, '1']), good), [431, 400]],
    ['a header with a NUL', () => post([['X-Nul', 'a\0b'], ['Content-Length', '33']], good), [400]],
    ['a header name with a space', () => post([['X Space', 'b'], ['Content-Length', '33']], good), [400]],
    ['a header that goes on in the next line', () => post([['X-Fold', 'a\r\n b'], ['Content-Length', '33']], good), [400]],
    ['no Host', () => ask([requestBytes('GET', '/sign-in', [['Connection', 'close']])]), [400]],
    ['two Hosts', () => ask([requestBytes('GET', '/sign-in', [['Host', 'a'], ['Host', 'b'], ['Connection', 'close']])]), [400]],
    ['a path that is no path', () => ask([requestBytes('GET', 'sign-in', [['Host', 'localhost'], ['Connection', 'close']])]), [400]],
    ['a path of 60 kB', () => ask([requestBytes('GET', `/${'a'.repeat(60_000)}`, [['Host', 'localhost']])]), [431, 414]],
    ['no HTTP at all', () => ask([`${MARKER}\r\n\r\n`]), [400]],
    ['TLS where there is none', () => ask([Buffer.from('1603010200010001fc0303', 'hex'), '\r\n\r\n']), [400]],
    ['HTTP of another century', () => ask(['GET /sign-in HTTP/3.7\r\nHost: localhost\r\n\r\n']), [400, 505]],
    ['a tunnel', () => ask([requestBytes('CONNECT', 'evil.example:443', [['Host', 'evil.example']])]), [0, 400, 405]],
    ['an upgrade', () => ask([requestBytes('GET', '/sign-in', [['Host', 'localhost'], ['Connection', 'Upgrade, close'], ['Upgrade', 'websocket']])]), [200, 400, 426]],
  ]; // biome-ignore format: a table is read in rows

    for (const [title, send, expected] of lies)
      test(title, async () => {
        const before = await rows();
        const answer = await send();
        assert.ok(expected.includes(answer.status), `${title}: ${answer.status}\n${answer.head}\n${answer.body}`);
        assertDecent(answer, title);
        if (answer.status >= 400) assert.deepEqual(await rows(), before);
      });

    test('a body that stops half-way writes nothing, and the server goes on', async () => {
      const before = await rows();
      const head = requestBytes('POST', '/api/v1/recovery', [
        ['Host', 'localhost'],
        ['Content-Type', 'application/json'],
        ['Content-Length', '33'],
      ]);
      await sendRaw(program.origin, [head, good.subarray(0, 10)], { halfClose: true });
      assert.deepEqual(await rows(), before);
      assert.equal((await fetch(`${program.origin}/healthz`)).status, 200);
    });
  });

function assertDecent(answer: RawAnswer, title: string): void {
  const shown = `${title}\n${answer.head}\n\n${answer.body.slice(0, 2000)}`;
  // A tunnel is refused by closing; of an endless body the answer may be lost with the connection.
  if (answer.status === 0) {
    assert.match(title, /tunnel|without end/, shown);
    return;
  }
  assert.ok(answer.status >= 200 && answer.status < 500, shown);
  for (const [name, expected] of SECURITY_HEADERS)
    assert.match(answer.headers.get(name) ?? '', expected, `${name}: ${shown}`);
  const text = `${answer.head}\n${answer.body}`;
  if (/^(text|application)\/.*(json|html|plain)/.test(answer.headers.get('content-type') ?? ''))
    assert.doesNotMatch(answer.body, INSIDE, shown);
  assert.ok(!text.includes('<svg/onload'), shown);
  // Only a page shows what was typed, escaped.
  if (!answer.headers.get('content-type')?.startsWith('text/html')) assert.ok(!text.includes('zq7x'), shown);
  else assert.ok(!answer.head.includes('zq7x'), shown);
}

async function livingHandles(program: Running): Promise<string[]> {
  const post = async (path: string, body: object) =>
    (await callApi(fetch, program.origin, 'POST', `/api/v1${path}`, { body })).json;
  const identifier = 'demo@shop.example';
  const password = /stop working: (.*)\)/.exec(program.output())?.[1];
  const session = await post('/sessions', { identifier, password });
  const verified = await post('/recovery', { identifier });
  const code = await codeInInbox(program.origin);
  assert.equal((await post('/recovery/verify', { token: verified.token, code })).state, 'verified');
  const waiting = await post('/recovery', { identifier });
  return [waiting.token, verified.token, session.token];
}

/** The live stream of the inbox says when the mail has left. */
async function codeInInbox(origin: string): Promise<string> {
  const events = await fetch(`${origin}/dev/inbox/events`);
  for await (const _ of events.body ?? []) {
    const page = await (await fetch(`${origin}/dev/inbox`)).text();
    const code = />\s*(\d{6})\b/.exec(page)?.[1];
    if (code) return code;
  }
  throw new Error('the inbox was closed without a code in it');
}

interface OpenApi {
  paths: Record<string, Record<string, { requestBody?: { content: Record<string, { schema: { $ref: string } }> } }>>;
  components: { schemas: Record<string, { properties?: Record<string, unknown> }> };
}

/** Every path of the document, with the fields that its bodies have. */
function addressesOf({ paths, components }: OpenApi): { path: string; fields: string[] }[] {
  return Object.entries(paths).map(([path, calls]) => {
    const names = Object.values(calls)
      .map(({ requestBody }) => requestBody?.content['application/json']?.schema.$ref.split('/').at(-1))
      .filter((name) => name !== undefined);
    return { path, fields: names.flatMap((name) => Object.keys(components.schemas[name]?.properties ?? {})) };
  });
}

interface Attack {
  title: string;
  parts: (Uint8Array | string)[];
  toString(): string;
}

function attackOn({ path, fields }: { path: string; fields: string[] }, handles: string[]): fc.Arbitrary<Attack> {
  return fc
    .record({
      method: fc.oneof({ weight: 4, arbitrary: fc.constant('POST') }, fc.constantFrom(...METHODS)),
      target: target(path),
      headers: fc.array(oddHeader(handles), { maxLength: 3 }),
      body: body(fields, handles),
      framing: fc.constantFrom('length', 'length', 'chunked'),
    })
    .map(({ method, target, headers, body: { type, bytes }, framing }) => {
      const all: [string, string][] = [
        ['Host', 'localhost'],
        ['Connection', 'close'],
        ['Content-Type', type],
        ...headers,
      ];
      all.push(framing === 'length' ? ['Content-Length', String(bytes.length)] : ['Transfer-Encoding', 'chunked']);
      const sent = framing === 'length' ? bytes : chunked(bytes);
      const title = `${method} ${target} ${JSON.stringify(all)} ${bytes.subarray(0, 300).toString('latin1')}`;
      return { title, parts: [requestBytes(method, target, all), sent], toString: () => title };
    });
}

/** The path with its parameters filled in, sometimes bent, sometimes with a query. */
function target(path: string): fc.Arbitrary<string> {
  const segment = fc.oneof(
    fc.constantFrom('x', '..', '%2e%2e', '%00', '%ff', '%', '%zz', '%0d%0aX-Evil:%20zq7x', encodeURIComponent(MARKER)),
    fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }).map(safeEncode),
    fc.constant('a'.repeat(5_000)),
    fc
      .tuple(fc.base64String({ maxLength: 60 }), fc.base64String({ maxLength: 30 }))
      .map(([a, b]) => encodeURI(`${a}.${b}`)),
  );
  const filled = segment.map((value) => path.replace(/:\w+/g, value));
  const bent = filled.map((value) => value.replace('/', '//')).filter((value) => !value.startsWith('////'));
  const name = fc.constantFrom('lang', 'notice', 'sent', 'message', '__proto__', encodeURIComponent(MARKER));
  const query = fc.tuple(name, segment).map(([key, value]) => `?${key}=${value}`);
  return fc
    .tuple(
      fc.oneof(
        { weight: 8, arbitrary: filled },
        bent,
        filled.map((value) => `${value}/`),
      ),
      fc.oneof(fc.constant(''), query),
    )
    .map(([at, search]) => at + search);
}

function safeEncode(text: string): string {
  return encodeURIComponent(text.toWellFormed());
}

function oddHeader(handles: string[]): fc.Arbitrary<[string, string]> {
  const anything = fc
    .string({ maxLength: 60 })
    .map((text) => text.replace(/[^\x20-\x7e]/g, '?'))
    .map((text) => text.trim());
  const handle = fc.constantFrom(...handles);
  const purpose = fc.constantFrom('recovery', 'registration', 'session');
  return fc.oneof(
    fc.tuple(purpose, handle).map(([name, value]): [string, string] => ['Cookie', `regain-${name}=${value}`]),
    handle.map((value): [string, string] => ['Authorization', `Bearer ${value}`]),
    fc.tuple(
      fc.constantFrom(
        'Cookie', 'Accept-Language', 'Accept', 'Accept-Encoding', 'User-Agent', 'Authorization', 'X-Forwarded-For',
        'X-Forwarded-Host', 'X-Forwarded-Proto', 'Forwarded', 'X-HTTP-Method-Override', 'If-None-Match', 'Range',
      ), // biome-ignore format: one list
      fc.oneof(anything, fc.constant(MARKER)),
    ),
    fc.constantFrom<[string, string][]>(
      ['Cookie', `regain-recovery=${MARKER}; regain-session=%00; regain-device=a.b; regain-locale=__proto__`],
      ['Cookie', `${'regain-recovery=x; '.repeat(200)}`],
      ['Cookie', 'regain-recovery=%E0%A4%A; regain-registration=%; regain-device=.'],
      ['Accept-Language', 'xx-XX, *;q=2, -;q=a, en-US-x-zq7x'],
      ['Accept-Language', `${'en-'.repeat(2_000)}`],
      ['Authorization', `Bearer ${'a'.repeat(128)}`],
      ['Authorization', 'Bearer \xff\xfe'],
      ['Accept', 'application/json'],
      ['Origin', 'null'],
      ['Origin', 'https://evil.example'],
      ['Sec-Fetch-Site', 'cross-site'],
      ['User-Agent', `Mozilla/5.0 (${MARKER}) Firefox/${'9'.repeat(500)}`],
    ),
  );
}

function body(fields: string[], handles: string[]): fc.Arbitrary<{ type: string; bytes: Buffer }> {
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 80 }),
    fc.constantFrom(...handles),
    fc.constantFrom(
      MARKER, '', '\0', '\ud800', '\udfff@example.com', 'jane@example.com', '+14155550123', "' or 1=1 --", '{{7*7}}',
      'a'.repeat(400), '😀'.repeat(200), '\u202e', `jane@example.com\r\nBcc: ${MARKER}`, '1990-02-31', '123456',
    ), // biome-ignore format: one list
  );
  const value = fc.oneof({ weight: 4, arbitrary: text }, fc.jsonValue({ maxDepth: 2 }), fc.bigInt().map(String));
  const key = fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(...fields, 'identifier') },
    fc.constantFrom('__proto__', 'constructor', 'toString', MARKER, '', 'accountId'),
  );
  const entries = fc.array(fc.tuple(key, value), { maxLength: 6 });
  const asJson = entries.map((list) => `{${list.map(([k, v]) => `${JSON.stringify(k)}:${JSON.stringify(v)}`).join()}}`);
  const asForm = entries.map((list) =>
    list.map(([k, v]) => `${safeEncode(k)}=${safeEncode(typeof v === 'string' ? v : JSON.stringify(v))}`).join('&'),
  );
  const odd = fc.constantFrom(
    '', 'null', '[]', '0', '"x"', '{', '{"identifier":', '\ufeff{}', '{"__proto__":{"a":1}}', `{"a":${'1'.repeat(9_000)}}`,
    `${'['.repeat(7_000)}${']'.repeat(7_000)}`, `${'{"a":'.repeat(2_500)}1${'}'.repeat(2_500)}`, '%', '%zz=%', '&&&=&',
    'identifier=%00&identifier=%ff', '{"identifier":"\\ud800"}', '{"identifier":"a\\u0000@b.example"}',
  ); // biome-ignore format: one list
  const bytes = fc.oneof(
    { weight: 3, arbitrary: asJson.map((json) => Buffer.from(json)) },
    { weight: 3, arbitrary: asForm.map((form) => Buffer.from(form)) },
    odd.map((odder) => Buffer.from(odder)),
    fc.uint8Array({ maxLength: 200 }).map((array) => Buffer.from(array)),
    fc.constant(Buffer.alloc(40_000, 'x')),
  );
  const type = fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom('application/json', 'application/x-www-form-urlencoded') },
    fc.constantFrom('text/plain', 'multipart/form-data; boundary=x', 'application/json; charset=utf-16', MARKER, '*/*'),
  );
  // A body is sent as what it looks like more often than not, so that the fuzz gets past the first check.
  return fc.record({ type, bytes, fits: fc.boolean() }).map(({ type, bytes, fits }) => {
    const looks = bytes[0] === 0x7b ? 'application/json' : 'application/x-www-form-urlencoded';
    return { type: fits ? looks : type, bytes };
  });
}

/** What a call asks for, but for one field: what only the database refuses is behind all other checks. */
function nearlyRight(fields: string[], handle: string): string[] {
  const right: Record<string, string> = {
    channel: 'email',
    locale: 'en',
    token: handle,
    code: '123456',
    account: 'm9Jm5UqVqWn6Lw3fXz1c4A',
    password: 'quiet meadow lantern 58',
    name: 'Jane',
    birthday: '1990-02-01',
  };
  const known = fields.filter((name) => name === 'identifier' || right[name] !== undefined);
  return known.flatMap((spoiled) =>
    ODD_TEXTS.map((odd, at) => {
      // Another one each time, so that no budget is in the way.
      const identifier = `person.${spoiled}.${at}@example.com`;
      return JSON.stringify(
        Object.fromEntries(
          known.map((name) => [name, name === spoiled ? odd : name === 'identifier' ? identifier : right[name]]),
        ),
      );
    }),
  );
}

function chunked(bytes: Buffer): Buffer {
  const parts = [];
  for (let at = 0; at < bytes.length; at += 700) {
    const part = bytes.subarray(at, at + 700);
    parts.push(Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from('\r\n'));
  }
  return Buffer.concat([...parts, Buffer.from('0\r\n\r\n')]);
}

function endless(): string[] {
  return Array.from({ length: 60 }, () => `400\r\n${'x'.repeat(1024)}\r\n`);
}
