/** `regain doctor timing`, small: that it runs, says what it found, and finds what leaks. 0.5 itself is for 5,000 a side. */
import assert from 'node:assert/strict';
import { scryptSync } from 'node:crypto';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { regain, testFolder } from '../regain.ts';
import { honest, type LeakyServer, startLeakyServer } from './leaky-server.ts';

const WITH_A_SECRET_WRONG = [
  'POST /api/v1/recovery',
  'POST /api/v1/recovery/verify, a wrong code',
  'POST /recover, the form',
  'POST /recover/code, a wrong code',
  'POST /api/v1/sessions, a wrong password',
  'POST /sign-in, a wrong password',
];

describe('doctor timing', () => {
  let folder: string;
  let remove: () => Promise<void>;
  before(async () => {
    ({ folder, remove } = await testFolder());
  });
  after(() => remove());
  const timing = (args: string[], env: Record<string, string> = {}): ReturnType<typeof regain> =>
    regain(['doctor', 'timing', ...args], { cwd: folder, env: { TMPDIR: folder, ...env } });

  test('thirty of each kind: a table with a verdict for every request and kind, and the wider bound', async () => {
    // Of the operator's own settings none reaches the scratch installation.
    const env = { REGAIN_SMTP_URL: 'smtp://127.0.0.1:1' };
    const { stdout, stderr, code } = await timing(
      ['--count', '30', '--seed', '7', '--mail-delay-ms', '20', '--only', 'a wrong'],
      env,
    );
    assert.match(stdout, /^A scratch installation on this machine, SQLite, a mail server that takes 20 ms, seed 7$/m);
    for (const request of WITH_A_SECRET_WRONG)
      for (const kind of ['known', 'unconfirmed', 'blocked']) {
        const row =
          stdout.split('\n').find((line) => line.startsWith(`${request}  `) && line.includes(` ${kind} `)) ?? '';
        assert.match(
          row,
          / 30 +30 +\d+\.\d\d ms +\d+\.\d\d ms +[01]\.\d{3} +[01]\.\d{3} to [01]\.\d{3} +(alike|DIFFER) +identical$/,
          `${request}, ${kind}: ${stdout}`,
        );
      }
    // 3 * sqrt(61 / (12 * 900)) = 0.225, and two deviations are 0.150.
    assert.match(stdout, /within 0\.5 ± 0\.150 /);
    assert.match(stdout, /The bound is 0\.275 to 0\.725, wider than the usual 0\.02 because 30 are few\./);
    assert.equal(code, stdout.includes('No kind could be told from an unknown identifier.') ? 0 : 1, stdout);
    assert.equal(
      stderr,
      'starting a scratch installation, 30 identifiers of each kind ...\nmeasured 720 of 720 requests\n',
    );
    assert.deepEqual(await readdir(folder), [], 'nothing of the scratch installation stays');
  });

  test('wrong calls', async () => {
    await writeFile(join(folder, 'people.txt'), 'known=jane@shop.example\nunknown=john@shop.example\n');
    const running = ['--url', 'http://127.0.0.1:1', '--identifiers', 'people.txt'];
    const calls: [string[], RegExp][] = [
      [['--count', '5'], /--count must be a whole number from 10 to 20000/],
      [['--seed', 'x'], /--seed must be a whole number/],
      [['--kinds', 'known,dead'], /--kinds: 'dead' is none of known, unconfirmed/],
      [['--only', 'nothing'], /no request has 'nothing' in it; there are: POST \/api\/v1\/recovery; /],
      [['--url', 'http://127.0.0.1:1'], /name identifiers that exist, too/],
      [running, /sends real messages to these identifiers.*--yes-send-messages/],
      [[...running, '--yes-send-messages', '--count', '20'], /--count belongs to a scratch installation/],
      [['--url', 'http://127.0.0.1:1', '--identifiers', 'no.txt'], /no\.txt/],
    ];
    for (const [args, problem] of calls) {
      const { stdout, stderr, code } = await timing(args);
      assert.match(stderr, problem);
      assert.equal(stdout, '');
      assert.equal(code, 2);
    }
  });
});

describe('doctor timing of a running installation', () => {
  let server: LeakyServer;
  let folder: string;
  let remove: () => Promise<void>;
  before(async () => {
    ({ folder, remove } = await testFolder());
    server = await startLeakyServer();
    const at = Array.from({ length: 12 }, (_, index) => index);
    const people = at.map((index) => [`known=person${index}@shop.example`, `unknown=nobody${index}@shop.example`]);
    await writeFile(join(folder, 'people.txt'), `${people.flat().join('\r\n')}\r\n\r\n`);
    const phones = at.map((index) => [`known=person${index}@shop.example`, `unknown=+336123456${10 + index}`]);
    await writeFile(join(folder, 'phones.txt'), phones.flat().join('\n'));
  });
  after(async () => {
    await server.stop();
    await remove();
  });
  afterEach(async () => {
    server.leak = honest;
    await server.inProcess.advance(48 * 3_600_000);
  });
  const timing = (only: string, file = 'people.txt', env = server.env): ReturnType<typeof regain> => {
    const args = [
      'doctor',
      'timing',
      '--url',
      server.url,
      '--identifiers',
      file,
      '--yes-send-messages',
      '--only',
      only,
    ];
    return regain(args, { cwd: folder, env });
  };

  test('measures the identifiers of the file', async () => {
    const { stdout } = await timing('the form');
    assert.ok(stdout.includes(`${server.url}, seed `), stdout);
    assert.match(stdout, /^POST \/recover, the form +known +12 +12 .* identical$/m);
  });

  test('more work for known identifiers is found, and told in words', async () => {
    server.leak = ({ sent, answer }) => {
      if (sent.includes('person')) scryptSync('work', 'salt', 32, { N: 2 ** 15, maxmem: 2 ** 26 });
      return answer;
    };
    const { stdout, code } = await timing('the form');
    assert.match(stdout, /^POST \/recover, the form +known .* DIFFER +identical$/m);
    assert.match(
      stdout,
      /known: of 100 pairs, the answer for the known one takes longer than that for an unknown one in \d+\.$/m,
    );
    assert.match(stdout, /what stays can be used by a stranger\.$/m);
    assert.equal(code, 1);
  });

  test('answers that differ are found and shown', async () => {
    // Nobody's phone number can be registered, so its answer stands for any that gives something away.
    const { stdout, code } = await timing('registration', 'phones.txt');
    assert.match(stdout, /^POST \/api\/v1\/registration +known .* DIFFER$/m);
    assert.match(stdout, /only for known: 202; headers .* body token:string.* \(12 times\)$/m);
    assert.match(stdout, /only for unknown, not for known: 400; headers .*code=invalid_identifier.* \(12 times\)$/m);
    assert.equal(code, 1);
  });

  test('a limit ends a row, and that is said', async () => {
    server.leak = ({ path, answer }) =>
      path === '/recover' && server.asked.length > 10 ? new Response('', { status: 429 }) : answer;
    server.asked.length = 0;
    const { stdout, code } = await timing('the form');
    assert.match(stdout, /^POST \/recover, the form +known .*too few: a limit was reached$/m);
    assert.match(stdout, /only \d could be measured, 10 are needed\.$/m);
    assert.equal(code, 1);
  });

  test('an installation that is not ours is asked nothing', async () => {
    server.asked.length = 0;
    const { stderr, code } = await timing('the form', 'people.txt', {
      ...server.env,
      REGAIN_SECRET: 'another secret that is long enough: 32 bytes and more',
    });
    assert.match(stderr, /it does not prove to be yours/);
    assert.equal(code, 1);
    assert.equal(server.asked.length, 1);
  });
});
