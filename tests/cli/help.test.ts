/** What a command answers to a question, and to an argument that it does not know: nothing is done by the way. */
import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { describe, test } from 'node:test';
import { regain, testFolder } from '../regain.ts';

const COMMANDS = [
  '',
  'serve',
  'work',
  'migrate',
  'sessions',
  'sessions end',
  'accounts',
  'accounts add',
  'accounts import',
  'accounts unfreeze',
  'messages',
  'messages list',
  'messages show',
  'messages retry',
  'audit',
  'audit verify',
  'audit export',
  'doctor',
  'doctor timing',
  'doctor enumerate',
  'doctor spend',
];

describe('regain says how it goes', () => {
  for (const command of COMMANDS)
    test(`regain ${command} --help, -h and help`, async (t) => {
      const { folder, remove } = await testFolder();
      t.after(remove);
      const words = command === '' ? [] : command.split(' ');
      for (const question of ['--help', '-h', 'help']) {
        const { code, stdout, stderr } = await regain([...words, question], { cwd: folder });
        assert.equal(code, 0, question);
        assert.match(stdout, new RegExp(`^Usage:\\n {2}regain ${words[0] ?? 'serve'}[ \\n]`), question);
        assert.ok(stdout.includes(`regain ${words.join(' ')}`), question);
        assert.equal(stderr, '');
      }
      assert.deepEqual(await readdir(folder), []);
    });

  test('behind other arguments, too', async (t) => {
    const { folder, remove } = await testFolder();
    t.after(remove);
    const { code, stdout } = await regain(['sessions', 'end', '--everyone', '--help'], { cwd: folder });
    assert.equal(code, 0);
    assert.match(stdout, /^Usage:/);
    assert.deepEqual(await readdir(folder), []);
  });
});

describe('an argument that a command does not know', () => {
  for (const [command, argument] of [
    ['serve', '--fast'],
    ['serve', ''],
    ['work', '--once'],
    ['work', '2'],
    ['migrate', '--dry-run'],
    ['migrate', 'now'],
    ['doctor', 'everything'],
  ] as const)
    test(`regain ${command} '${argument}'`, async (t) => {
      const { folder, remove } = await testFolder();
      t.after(remove);
      const { code, stdout, stderr } = await regain([command, argument], { cwd: folder });
      assert.equal(code, 2);
      assert.equal(stdout, '');
      assert.ok(
        stderr.startsWith(`regain ${command}: does not know '${argument}'\n\nUsage:\n  regain ${command}`),
        stderr,
      );
      assert.deepEqual(await readdir(folder), []);
    });
});
