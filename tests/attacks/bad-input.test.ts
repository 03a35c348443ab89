/** What no honest client sends: every answer is a clear 4xx, nothing is written, nothing is repeated back (ADVISORIES 13, 39). */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ENGINES } from '../engines.ts';
import { type InProcess, startInProcess } from '../in-process.ts';
import { addPerson, OLD_PASSWORD } from '../people.ts';
import { Visitor } from '../visitor.ts';

const ENDPOINTS: Record<string, Record<string, string>> = {
  '/recovery': { identifier: 'jane@example.com' },
  '/recovery/resend': { token: 'nonsense' },
  '/recovery/verify': { token: 'nonsense', code: '123456' },
  '/recovery/password': { token: 'nonsense', password: 'quiet meadow lantern 58' },
  '/registration': { identifier: 'jane@example.com' },
  '/registration/resend': { token: 'nonsense' },
  '/registration/verify': { token: 'nonsense', code: '123456' },
  '/registration/complete': { token: 'nonsense', name: 'Jane', password: 'quiet meadow lantern 58' },
  '/sessions': { identifier: 'jane@example.com', password: 'quiet meadow lantern 58' },
};
const CANARY = 'zebra-canary';

describe('bad input', () => {
  let program: InProcess;
  before(async () => {
    program = await startInProcess('sqlite');
  });
  after(() => program.close());

  const send = (
    path: string,
    raw: BodyInit,
    headers: Record<string, string> = { 'Content-Type': 'application/json' },
  ) => program.api('POST', path, { raw, headers });
  const written = (): Promise<number> => program.regain.context.store.transaction((tx) => tx.outbox.count('queued'));

  for (const [path, good] of Object.entries(ENDPOINTS)) {
    const field = Object.keys(good)[0] as string;
    const withField = (value: unknown): string => JSON.stringify({ ...good, [field]: value });
    const cases: [string, string | Uint8Array<ArrayBuffer>, Record<string, string>?][] = [
      ['nothing', ''],
      ['no JSON', '{"identifier": '],
      ['a string', '"jane@example.com"'],
      ['null', 'null'],
      ['a number', '7'],
      ['an array', JSON.stringify([good])],
      ['an array as value', withField(['a@example.com', 'b@example.com'])],
      ['an object as value', withField({ $ne: null })],
      ['a number as value', withField(0)],
      ['a boolean as value', withField(true)],
      ['null as value', withField(null)],
      ['an empty value', withField('')],
      ['a missing field', JSON.stringify({ ...good, [field]: undefined })],
      ['an unknown field', JSON.stringify({ ...good, [CANARY]: 'x' })],
      ['an account id', JSON.stringify({ ...good, accountId: 'x' })],
      ['a prototype', `{"__proto__": {"admin": true}, ${JSON.stringify(good).slice(1)}`],
      ['a repeated key', `{"${field}": "x", ${JSON.stringify(good).slice(1)}`],
      [
        'a repeated key, escaped',
        `{"\\u00${field.charCodeAt(0).toString(16)}${field.slice(1)}": "x", ${JSON.stringify(good).slice(1)}`,
      ],
      ['a value of 300 kB', withField(CANARY.repeat(25_000))],
      ['a body of 10 MB', withField('x'.repeat(10_000_000))],
      ['invalid UTF-8', Uint8Array.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d])],
      ['a form', new URLSearchParams(good).toString(), { 'Content-Type': 'application/x-www-form-urlencoded' }],
      ['text/plain', JSON.stringify(good), { 'Content-Type': 'text/plain' }],
      ['no content type', new TextEncoder().encode(JSON.stringify(good)), {}],
      ['deep nesting', `${'['.repeat(5_000)}${']'.repeat(5_000)}`],
    ];
    for (const [title, raw, headers] of cases)
      test(`POST ${path} with ${title}`, async () => {
        const queuedBefore = await written();
        const answer = await send(path, raw, headers);
        assert.ok(answer.status >= 400 && answer.status < 500, `answered ${answer.status}`);
        assert.equal(answer.headers.get('content-type'), 'application/problem+json');
        assert.equal(answer.json.status, answer.status);
        assert.ok(!JSON.stringify(answer.json).includes(CANARY));
        assert.equal(await written(), queuedBefore);
      });
  }

  const identifiers: [string, string][] = [
    ['300 characters', `${'a'.repeat(290)}@example.com`],
    ['400 characters', `${'a'.repeat(390)}@example.com`],
    ['a NUL', 'jane\u0000@example.com'],
    ['a line break', 'jane@example.com\r\nBcc: thief@example.com'],
    ['two addresses', 'jane@example.com,thief@example.com'],
    ['two addresses apart', 'jane@example.com thief@example.com'],
    ['a full-width at sign', 'jane＠example.com'],
    ['a right-to-left override', 'jane\u202e@example.com'],
    ['a lone surrogate', 'jane\ud800@example.com'],
    ['SQL', "' or 1=1 --"],
  ];
  for (const [title, identifier] of identifiers)
    for (const path of ['/recovery', '/registration'])
      test(`POST ${path} for an identifier with ${title}`, async () => {
        const { status, json } = await send(path, JSON.stringify({ identifier }));
        assert.equal(status, 400);
        assert.equal(json.code, 'invalid_identifier');
        assert.ok(!JSON.stringify(json).includes('thief'));
      });

  test('unknown tokens of every length are unknown, not errors', async () => {
    for (const token of [
      'a',
      'a'.repeat(43),
      'a'.repeat(128),
      '../../etc/passwd',
      '0',
      'null',
      'undefined',
      '%00',
      '\u{1f600}',
    ])
      for (const path of ['/recovery/resend', '/recovery/verify', '/recovery/password']) {
        const { status, json } = await send(path, JSON.stringify({ ...ENDPOINTS[path], token }));
        assert.equal(status, 404);
        assert.equal(json.code, 'recovery_not_found');
      }
  });

  test('an unknown address below /api answers a problem document, and a wrong method says which are right', async () => {
    const unknown = await program.api('GET', '/nothing');
    assert.equal(unknown.status, 404);
    assert.equal(unknown.json.code, 'not_found');
    const method = await program.api('GET', '/recovery/verify');
    assert.equal(method.status, 405);
    assert.equal(method.headers.get('allow'), 'POST');
  });
});

/** Bodies that are right but for the one field that gets a NUL; PostgreSQL takes none in a text, SQLite does. */
const API_BODIES: [path: string, body: Record<string, string>][] = [
  ['/recovery', { identifier: 'jane@example.com', channel: 'email', locale: 'en', device: 'x.y', work: 'x' }],
  ['/registration', { identifier: 'jane@example.com', channel: 'email', locale: 'en', device: 'x.y', work: 'x' }],
  ['/recovery/resend', { token: 'nonsense', channel: 'email' }],
  ['/recovery/verify', { token: 'nonsense', code: '123456' }],
  ['/recovery/account', { token: 'nonsense', account: 'x' }],
  ['/recovery/password', { token: 'nonsense', password: OLD_PASSWORD }],
  ['/registration/complete', { token: 'nonsense', name: 'Jane', birthday: '1990-1-31', password: OLD_PASSWORD }],
  ['/work', { identifier: 'jane@example.com' }],
  ['/sessions', { identifier: 'jane@example.com', password: OLD_PASSWORD, device: 'x.y' }],
];
const FORMS: [path: string, form: Record<string, string>][] = [
  ['/sign-in', { identifier: 'jane@example.com', password: OLD_PASSWORD }],
  ['/recover', { identifier: '5551234', country: 'US', work: 'x', 'identifier-choice': 'typed' }],
  ['/recover/code', { code: '123456' }],
  ['/recover/resend', { channel: 'email' }],
  ['/recover/account', { account: 'x' }],
  ['/recover/confirm', { link: 'x.y', answer: 'yes' }],
  ['/account/addresses/add', { identifier: 'new@example.com', password: OLD_PASSWORD, asked: 'x' }],
  ['/account/messengers/confirm/telegram', { answer: 'yes', offer: 'x' }],
  ['/account/messengers/unlink/telegram', { password: OLD_PASSWORD }],
];

for (const engine of Object.keys(ENGINES) as (keyof typeof ENGINES)[])
  describe(`a NUL in any text, on ${engine}`, () => {
    let program: InProcess;
    let owner: Visitor;
    before(async () => {
      program = await startInProcess(engine);
      await addPerson(program, { emails: ['owner@example.com'] });
      const { fetch, config } = program.regain;
      owner = new Visitor((request) => fetch(request, { peer: '127.0.0.1' }), config.origin);
      await owner.post('/recover', { identifier: 'owner@example.com' });
      await program.settled();
      const signedIn = await owner.post('/sign-in', { identifier: 'owner@example.com', password: OLD_PASSWORD });
      assert.equal(signedIn.url, '/account');
    });
    after(() => program.close());

    const withNul = (texts: Record<string, string>): [field: string, texts: Record<string, string>][] =>
      Object.entries(texts).map(([field, text]) => [
        field,
        { ...texts, [field]: `${text.slice(0, 1)}\0${text.slice(1)}` },
      ]);
    /** Whatever went wrong inside since the last look. */
    const faults = () => program.logged.splice(0).filter(({ event }) => event.endsWith('-fault'));

    for (const [path, body] of API_BODIES)
      for (const [field, texts] of withNul(body))
        test(`POST /api/v1${path}: ${field}`, async () => {
          const { status } = await program.api('POST', path, { body: texts });
          await program.settled();
          assert.ok(status < 500, `answered ${status}`);
          assert.deepEqual(faults(), []);
        });
    for (const [path, form] of FORMS)
      for (const [field, texts] of withNul(form))
        test(`POST ${path}: ${field}`, async () => {
          const { status } = await owner.post(path, texts);
          await program.settled();
          assert.ok(status < 500, `answered ${status}`);
          assert.deepEqual(faults(), []);
        });
  });
