/** `regain doctor timing`, small: that it runs and says what it found. Whether 0.5 is met is for 2,000 on a quiet machine. */
import assert from 'node:assert/strict';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type Running, regain, serve, TEST_SECRET, testFolder } from '../regain.ts';

const ENDPOINTS = [
  'POST /api/v1/recovery ',
  'POST /api/v1/recovery/verify, a wrong code',
  'POST /api/v1/sessions, a wrong password',
  'POST /api/v1/registration',
  'POST /recover, the form',
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

  test('thirty a side: a table with a verdict for every endpoint, and the wider bound', async () => {
    const { stdout, stderr, code } = await timing(['--count', '30', '--seed', '7'], {
      REGAIN_SMTP_URL: 'smtp://127.0.0.1:1',
    });
    assert.match(stdout, /^A scratch installation on this machine, seed 7$/m);
    assert.match(stdout, /^endpoint +known +unknown +median known +median unknown +AUC +p +times +answers$/m);
    for (const endpoint of ENDPOINTS) {
      const row = stdout.split('\n').find((line) => line.startsWith(endpoint)) ?? '';
      assert.match(
        row,
        / 30 +30 +\d+\.\d\d ms +\d+\.\d\d ms +[01]\.\d{3} +[01]\.\d{3} +(alike|DIFFER) +identical$/,
        row,
      );
    }
    // 3 * sqrt(61 / (12 * 900)) = 0.225, and two deviations are 0.150.
    assert.match(stdout, /within 0\.5 ± 0\.150 /);
    assert.match(stdout, /The bound is 0\.275 to 0\.725, wider than the usual 0\.03 because 30 are few\./);
    assert.equal(code, stdout.includes('could not be told apart.') ? 0 : 1, stdout);
    assert.equal(stderr, 'starting a scratch installation with 30 accounts ...\nmeasured 300 of 300 requests\n');
    assert.deepEqual(await readdir(folder), [], 'nothing of the scratch installation stays');
  });

  test('wrong calls', async () => {
    await writeFile(join(folder, 'known.txt'), 'jane@shop.example\n');
    const running = ['--origin', 'http://127.0.0.1:1', '--known', 'known.txt', '--unknown', 'known.txt'];
    const calls: [string[], RegExp][] = [
      [['--count', '5'], /--count must be a whole number from 10 to 20000/],
      [['--seed', 'x'], /--seed must be a whole number/],
      [['--origin', 'http://127.0.0.1:1'], /--origin, --known and --unknown belong together/],
      [running, /sends real messages to the known identifiers.*--yes-send-messages/],
      [[...running, '--yes-send-messages'], /both files need 10 identifiers or more/],
      [
        ['--known', 'known.txt', '--unknown', 'no.txt', '--origin', 'http://a.example', '--yes-send-messages'],
        /no\.txt/,
      ],
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
  let server: Running;
  before(async () => {
    server = await serve();
    const emails = Array.from({ length: 12 }, (_, at) => `person${at}@shop.example`);
    await writeFile(join(server.folder, 'people.csv'), `email\n${emails.join('\n')}\n`);
    await writeFile(join(server.folder, 'known.txt'), `${emails.join('\r\n')}\r\n\r\n`);
    await writeFile(join(server.folder, 'unknown.txt'), emails.map((email) => `not-${email}\n`).join(''));
    await regain(['accounts', 'import', 'people.csv'], { cwd: server.folder, env: { REGAIN_SECRET: TEST_SECRET } });
  });
  after(() => server.stop());
  const timing = (unknown: string): ReturnType<typeof regain> =>
    regain(
      [
        'doctor',
        'timing',
        '--origin',
        server.origin,
        '--known',
        'known.txt',
        '--unknown',
        unknown,
        '--yes-send-messages',
      ],
      { cwd: server.folder },
    );

  test('measures the identifiers of the files', async () => {
    const { stdout } = await timing('unknown.txt');
    assert.ok(stdout.includes(`${server.origin}, seed `), stdout);
    for (const endpoint of ENDPOINTS) assert.match(stdout, new RegExp(`^${endpoint}.* 12 +12 .* identical$`, 'm'));
  });

  test('answers that differ are found and shown', async () => {
    // Nobody's phone number can be registered yet, so its answer stands for any that gives something away.
    const phones = Array.from({ length: 12 }, (_, at) => `+336123456${10 + at}\n`);
    await writeFile(join(server.folder, 'phones.txt'), phones.join(''));
    const { stdout, code } = await timing('phones.txt');
    assert.match(stdout, /^POST \/api\/v1\/registration .* DIFFER$/m);
    assert.match(
      stdout,
      /^ {2}POST \/api\/v1\/registration, only for known identifiers: 202; headers .* body token:string/m,
    );
    assert.match(stdout, /only for unknown identifiers: 400; headers .*code=invalid_identifier/);
    assert.match(stdout, /known and unknown can be told apart\.$/m);
    assert.equal(code, 1);
  });

  test('a limit ends an endpoint, and that is said', async () => {
    for (let round = 0; round < 4; round += 1) await timing('unknown.txt');
    const { stdout, code } = await timing('unknown.txt');
    assert.match(stdout, /^POST \/api\/v1\/recovery .*too few: a limit was reached/m);
    assert.equal(code, 1);
  });

  test('an installation that is not there', async () => {
    await server.kill();
    const { stdout, stderr, code } = await timing('unknown.txt');
    assert.match(stderr, /regain doctor timing: .*ECONNREFUSED/);
    assert.equal(stdout, '');
    assert.equal(code, 1);
  });
});
