/** `regain doctor enumerate`: that it walks, and that it finds what leaks. */
import assert from 'node:assert/strict';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { importAccounts } from '../../src/actions/add-account.ts';
import { regain, testFolder } from '../regain.ts';
import { honest, type Leak, type LeakyServer, startLeakyServer } from './leaky-server.ts';

const KNOWN = 'jane@shop.example';
const UNKNOWN = 'john@shop.example';

describe('doctor enumerate', () => {
  let folder: string;
  let remove: () => Promise<void>;
  before(async () => {
    ({ folder, remove } = await testFolder());
  });
  after(() => remove());
  const enumerate = (args: string[]): ReturnType<typeof regain> =>
    regain(['doctor', 'enumerate', ...args], { cwd: folder, env: { TMPDIR: folder } });

  test('a scratch installation: all kinds, limits, expiry and a clock that moves', async () => {
    const { stdout, code } = await enumerate([
      '--only',
      'the sending limit',
      '--only',
      'expiry',
      '--only',
      'signing in',
    ]);
    assert.match(stdout, /^A scratch installation, which writes to unknown addresses$/m);
    assert.match(stdout, /^A scratch installation, which does not write to unknown addresses$/m);
    for (const scenario of ['the sending limit', 'expiry', 'signing in'])
      assert.equal(
        stdout.match(new RegExp(`^same +${scenario} +(\\d+) of \\1 steps, 14 kinds$`, 'gm'))?.length,
        2,
        stdout,
      );
    assert.match(stdout, /^Every kind was told the same as an identifier that nobody has\.$/m);
    assert.equal(code, 0);
    assert.deepEqual(await readdir(folder), [], 'nothing of the scratch installation stays');
  });

  test('a mailbox that lets mail wait, or refuses it, tells nobody that an account is behind it', async () => {
    const { stdout, code } = await enumerate(['--only', 'answers 451', '--only', 'answers 550']);
    assert.doesNotMatch(stdout, /DIFFER/);
    assert.equal(stdout.match(/^same .* 14 kinds$/gm)?.length, 4);
    assert.equal(code, 0);
  });

  test('wrong calls', async () => {
    await writeFile(join(folder, 'people.txt'), `known=${KNOWN}\n`);
    const url = ['--url', 'http://127.0.0.1:1'];
    const calls: [string[], RegExp][] = [
      [['--only', 'nothing'], /no scenario has 'nothing' in it; there are: recovery by the API; /],
      [['--mail-delay-ms', 'x'], /--mail-delay-ms must be a whole number/],
      [[...url, '--mail-delay-ms', '3', '--identifiers', 'people.txt'], /identifiers that nobody has: unknown=\.\.\./],
      [[...url, '--identifier', KNOWN], /'jane@shop\.example' is not of the form kind=identifier.*known, unconfirmed/],
      [[...url, '--identifier', `unknown=${UNKNOWN}`], /name identifiers that exist, too/],
      [['--identifier', `known=${KNOWN}`], /belong to --url/],
      [['--url', 'http://shop.example'], /must be https, or http on this machine/],
      [[...url, '--identifier', `known=${KNOWN}`, '--identifier', `unknown=${KNOWN}`], /named twice/],
      [
        [...url, '--identifiers', 'people.txt', '--identifier', `unknown=${UNKNOWN}`],
        /sends real messages.*--yes-send-messages/,
      ],
      [
        [
          '--url',
          'https://shop.example',
          '--identifiers',
          'people.txt',
          '--identifier',
          `unknown=${UNKNOWN}`,
          '--yes-send-messages',
          '--pace-ms',
          '1',
        ],
        /--pace-ms must be .* 100 or more/,
      ],
    ];
    for (const [args, problem] of calls) {
      const { stdout, stderr, code } = await enumerate(args);
      assert.match(stderr, problem);
      assert.equal(stdout, '');
      assert.equal(code, 2);
    }
  });
});

describe('doctor enumerate of a running installation', () => {
  let server: LeakyServer;
  let folder: string;
  let remove: () => Promise<void>;
  before(async () => {
    ({ folder, remove } = await testFolder());
    server = await startLeakyServer();
    const jane = { kind: 'email', typed: KNOWN, canonical: KNOWN } as const;
    const person = { identifiers: [jane], name: 'Jane', birthday: null, locale: 'en', passwordHash: null };
    await importAccounts(server.inProcess.regain.context, [person], { confirmed: true });
  });
  after(async () => {
    await server.stop();
    await remove();
  });
  afterEach(async () => {
    server.leak = honest;
    // All limits are free again.
    await server.inProcess.advance(48 * 3_600_000);
  });
  const enumerate = (only: string, env: Record<string, string> = server.env): ReturnType<typeof regain> => {
    const named = ['--identifier', `known=${KNOWN}`, '--identifier', `unknown=${UNKNOWN}`];
    const args = ['doctor', 'enumerate', '--url', server.url, ...named, '--yes-send-messages', '--only', only];
    return regain(args, { cwd: folder, env });
  };
  /** Does something to the answers for the known identifier alone. */
  const about =
    (path: string, leak: (answer: Response) => Response): Leak =>
    ({ path: asked, sent, answer }) =>
      asked === path && sent.includes(KNOWN) ? leak(answer) : answer;

  test('an honest one: the same, and what can not be waited for is said', async () => {
    const { stdout, code } = await enumerate('signing in');
    assert.ok(stdout.includes(`\n${server.url}\n`), stdout);
    assert.match(
      stdout,
      /^same +signing in +26 of 32 steps, 2 kinds; the rest was left out \(420 seconds pass: too long/m,
    );
    assert.match(stdout, /^Every kind was told the same/m);
    assert.equal(code, 0);
  });

  test('one header more is found', async () => {
    server.leak = about('/api/v1/sessions', ({ body, status, headers }) => {
      const more = new Headers(headers);
      more.set('X-Cache', 'hit');
      return new Response(body, { status, headers: more });
    });
    const { stdout, code } = await enumerate('signing in');
    assert.match(stdout, /^DIFFER {2}signing in/m);
    assert.match(stdout, /^signing in, step 2, a wrong password, 1 of 24\n {2}- unknown, \+ known\n/m);
    assert.match(stdout, /^ {2}\+ header x-cache: hit$/m);
    assert.match(stdout, /^Answers differ: a stranger/m);
    assert.equal(code, 1);
  });

  test('a limit that is spent one request earlier is found', async () => {
    let asked = 0;
    server.leak = about('/api/v1/sessions', (answer) => {
      asked += 1;
      return asked === 20 ? new Response('{}', { status: 429, headers: { 'Retry-After': '360' } }) : answer;
    });
    const { stdout, code } = await enumerate('signing in');
    assert.match(stdout, /^signing in, step 21, a wrong password, 20 of 24\n/m);
    assert.match(stdout, /^ {2}- status 401$/m);
    assert.match(stdout, /^ {2}\+ status 429$/m);
    assert.equal(code, 1);
  });

  test('a waiting time of its own is found', async () => {
    server.leak = about('/api/v1/sessions', ({ body, status, headers }) => {
      const longer = new Headers(headers);
      if (status === 429) longer.set('Retry-After', '720');
      return new Response(body, { status, headers: longer });
    });
    const { stdout, code } = await enumerate('signing in');
    assert.match(stdout, /^ {2}- header retry-after: 360\n {2}\+ header retry-after: 720$/m);
    assert.equal(code, 1);
  });

  test('a cookie of another form is found', async () => {
    server.leak = about('/recover', ({ body, status, headers }) => {
      const longer = new Headers(headers);
      longer.set('Set-Cookie', (headers.get('Set-Cookie') ?? '').replace(/=([^;]*)/, '=$1x'));
      return new Response(body, { status, headers: longer });
    });
    const { stdout, code } = await enumerate('recovery on the pages');
    assert.match(stdout, /^ {2}- cookie __Host-regain-recovery=<43 characters>; /m);
    assert.match(stdout, /^ {2}\+ cookie __Host-regain-recovery=<44 characters>; /m);
    assert.equal(code, 1);
  });

  test('an installation that does not know our secret is left alone', async () => {
    server.asked.length = 0;
    const another = { ...server.env, REGAIN_SECRET: 'another secret that is long enough: 32 bytes and more' };
    const { stdout, stderr, code } = await enumerate('signing in', another);
    assert.match(stderr, /it does not prove to be yours/);
    assert.equal(stdout, '');
    assert.equal(code, 1);
    assert.equal(server.asked.length, 1);
    assert.match(server.asked[0] ?? '', /^GET \/\.well-known\/regain\//);
  });

  test('an installation that forwards the question to the right one is left alone', async () => {
    const { stderr, code } = await enumerate('signing in', {
      ...server.env,
      REGAIN_ORIGIN: 'https://accounts.elsewhere.example',
    });
    assert.match(stderr, /it does not prove to be yours/);
    assert.equal(code, 1);
  });
});
