import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { PASSWORD_MAX_BYTES, PASSWORD_MAX_CHARACTERS } from '../../src/rules/limits.ts';
import {
  type JudgesKnowledge,
  judgePassword,
  normalizePassword,
  type PasswordFacts,
  type PasswordReason,
  type PasswordVerdict,
} from '../../src/rules/passwords.ts';

const nobody: PasswordFacts = {
  name: null,
  birthday: null,
  emails: [],
  phones: [],
  brand: 'Acme',
  host: 'acme.example',
};
const jane: PasswordFacts = {
  name: 'Jane Ann Doe-Miller',
  birthday: '1990-05-21',
  emails: ['jd.garden@fernhill.example'],
  phones: ['+442079460123'],
  brand: 'Acme',
  host: 'accounts.blueshop.co.uk',
};

/** Knows a list and one answer for every estimate, and counts what it was asked. */
function knowledgeOf({ leaked = [] as string[], guessesLog10 = 12 } = {}) {
  const asked = { leaked: 0, guesses: 0, words: [] as readonly string[] };
  const knowledge: JudgesKnowledge = {
    isLeaked(password) {
      asked.leaked += 1;
      return leaked.includes(password);
    },
    async guessesLog10(_password, words) {
      asked.guesses += 1;
      asked.words = words;
      return guessesLog10;
    },
  };
  return { knowledge, asked };
}

const strong = knowledgeOf().knowledge;

async function judge(
  password: string,
  changes: Partial<Parameters<typeof judgePassword>[1]> = {},
): Promise<PasswordVerdict> {
  return judgePassword(password, { profile: 'guide', facts: nobody, knowledge: strong, ...changes });
}

async function reasonsFor(password: string, facts: PasswordFacts = nobody): Promise<PasswordReason[]> {
  return (await judge(password, { facts })).reasons;
}

describe('length and mix (R48 to R51)', () => {
  const guide: [string, string, PasswordReason[]][] = [
    ['7 code points, mixed', 'kV9#mut', ['too_short']],
    ['8 code points, mixed', 'kV9#mutQ', []],
    ['8 code points, no symbol', 'kV9xmutQ', ['needs_mix']],
    ['8 code points, no number', 'kVx#mutQ', ['needs_mix']],
    ['8 code points, no letter', '19#27+36', ['needs_mix']],
    ['letters, numbers and symbols of other scripts', 'яблок٣٤。', []],
    ['a space is a symbol', 'kV9 mutQ', []],
    ['14 lower-case letters', 'qzvhmxkwpltnbr', ['needs_mix']],
    ['15 lower-case letters', 'qzvhmxkwpltnbrg', []],
    ['20 lower-case letters', 'qzvhmxkwpltnbrgcfjds', []],
    ['16 digits', '8203917465820391', []],
    ['15 emoji are 15 characters', '😀'.repeat(15), []],
    ['14 emoji are 14 characters', '😀'.repeat(14), ['needs_mix']],
    ['a phrase with spaces', 'four kind words here', []],
    ['spaces only', ' '.repeat(15), []],
    ['nothing', '', ['too_short', 'needs_mix']],
    ['64 characters', 'a'.repeat(64), []],
    ['256 characters', 'a'.repeat(256), []],
    ['256 emoji, 1,024 bytes', '😀'.repeat(256), []],
    ['257 characters', 'a'.repeat(257), ['too_long']],
    ['257 emoji', '😀'.repeat(257), ['too_long']],
    ['100 kB', 'a'.repeat(100_000), ['too_long']],
  ];
  for (const [name, password, reasons] of guide)
    test(`guide: ${name}`, async () => assert.deepEqual(await reasonsFor(password), reasons));

  test('nist asks 15 characters and no mix', async () => {
    const nist = async (password: string) => (await judge(password, { profile: 'nist' })).reasons;
    assert.deepEqual(await nist('kV9#mutQkV9#mu'), ['too_short']);
    assert.deepEqual(await nist('qzvhmxkwpltnbr'), ['too_short']);
    assert.deepEqual(await nist('qzvhmxkwpltnbrg'), []);
  });

  test('what is short enough in characters is short enough in bytes', () => {
    assert.ok(4 * PASSWORD_MAX_CHARACTERS <= PASSWORD_MAX_BYTES);
  });

  test('control characters and half surrogate pairs are refused', async () => {
    for (const character of ['\0', '\n', '\t', '\u007f', '\u0085', '\ud83d', '\ude00'])
      assert.deepEqual(
        await reasonsFor(`four kind ${character} words`),
        ['control_characters'],
        JSON.stringify(character),
      );
  });

  test('nothing is asked about a password beyond the bounds', async () => {
    const { knowledge, asked } = knowledgeOf();
    for (const forMeter of [false, true])
      for (const password of ['a'.repeat(257), 'é'.repeat(513), 'a'.repeat(10_000_000)])
        assert.equal((await judge(password, { knowledge, forMeter, facts: jane })).accepted, false);
    assert.deepEqual({ leaked: asked.leaked, guesses: asked.guesses }, { leaked: 0, guesses: 0 });
  });
});

describe('normalizing (R52)', () => {
  test('both spellings of an accent are one password', () => {
    assert.equal(normalizePassword('cafe\u0301'), 'caf\u00e9');
    assert.equal(normalizePassword('\u1100\u1161\u11a8'), '\uac01');
  });

  test('spaces at the ends, case and compatibility forms stay', () => {
    for (const typed of [' Four words ', 'ﬁne', 'ＡＢＣ', '²', '\u00a0a'])
      assert.equal(normalizePassword(typed), typed);
  });

  test('what is too long is too long in any form', async () => {
    // Four code points that compose to one: 257 such characters, and 256.
    const decomposed = '\u03b1\u0313\u0300\u0345';
    assert.deepEqual(await reasonsFor(normalizePassword(decomposed.repeat(257))), ['too_long']);
    assert.equal([...normalizePassword(decomposed.repeat(256))].length, 256);
  });
});

describe('leaked (R53)', () => {
  test('the whole password, and its lower case', async () => {
    const { knowledge } = knowledgeOf({ leaked: ['password1!', 'Trustno1!'] });
    const reasons = async (password: string) => (await judge(password, { knowledge })).reasons;
    assert.deepEqual(await reasons('password1!'), ['leaked']);
    assert.deepEqual(await reasons('PassWord1!'), ['leaked']);
    assert.deepEqual(await reasons('Trustno1!'), ['leaked']);
    assert.deepEqual(await reasons('trustno1!'), []);
    assert.deepEqual(await reasons('my password1! is long'), []);
  });

  test('its score is low however strong it looks', async () => {
    const { knowledge } = knowledgeOf({ leaked: ['kV9#mutQ'], guessesLog10: 20 });
    assert.equal((await judge('kV9#mutQ', { knowledge, forMeter: true })).score, 1);
  });
});

describe('strength (R56)', () => {
  test('the floor is 10^8 guesses', async () => {
    const weak = knowledgeOf({ guessesLog10: 7.99 }).knowledge;
    assert.deepEqual((await judge('kV9#mutQ', { knowledge: weak })).reasons, ['too_guessable']);
    const enough = knowledgeOf({ guessesLog10: 8 }).knowledge;
    assert.deepEqual((await judge('kV9#mutQ', { knowledge: enough })).reasons, []);
  });

  test('the score follows the guesses', async () => {
    const scores = await Promise.all(
      [0, 2.9, 3, 5.9, 6, 7.9, 8, 9.9, 10, 64].map(
        async (guessesLog10) => (await judge('kV9#mutQ', { knowledge: knowledgeOf({ guessesLog10 }).knowledge })).score,
      ),
    );
    assert.deepEqual(scores, [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]);
  });

  test('the estimator is asked once, and only where its answer decides', async () => {
    const { knowledge, asked } = knowledgeOf();
    await judge('kV9xmutQ', { knowledge });
    await judge('jane kV9#mutQ', { knowledge, facts: jane });
    assert.equal(asked.guesses, 0);
    await judge('kV9#mutQ', { knowledge });
    assert.equal(asked.guesses, 1);
  });

  test('a meter has a score where only the mix is missing', async () => {
    const { knowledge, asked } = knowledgeOf();
    const verdict = await judge('kV9xmutQ', { knowledge, forMeter: true });
    assert.deepEqual([verdict.reasons, verdict.score, verdict.guessesLog10, asked.guesses], [['needs_mix'], 4, 12, 1]);
    assert.equal((await judge('', { knowledge, forMeter: true })).score, 0);
  });

  test('the estimator is told what a guesser would know', async () => {
    const { knowledge, asked } = knowledgeOf();
    await judge('kV9#mutQ', { knowledge, facts: jane });
    for (const word of [
      'jane',
      'ann',
      'doe',
      'miller',
      'jd.garden',
      'fernhill',
      'acme',
      'blueshop',
      '1990',
      '442079460123',
    ])
      assert.ok(asked.words.includes(word), word);
  });
});

describe('what the page ticks', () => {
  const ticked = ({ rules }: PasswordVerdict) => rules.filter(({ met }) => met).map(({ key }) => key);

  test('guide has five rules, nist four', async () => {
    const keys = async (profile: 'guide' | 'nist') => (await judge('', { profile })).rules.map(({ key }) => key);
    assert.deepEqual(await keys('guide'), ['length', 'mix', 'personal', 'leaked', 'strength']);
    assert.deepEqual(await keys('nist'), ['length', 'personal', 'leaked', 'strength']);
  });

  test('nothing is ticked before it can be judged', async () => {
    assert.deepEqual(ticked(await judge('', { forMeter: true })), []);
    assert.deepEqual(ticked(await judge('kV9#mut', { forMeter: true })), ['mix']);
    assert.deepEqual(ticked(await judge('kV9#mutQ', { forMeter: true })), [
      'length',
      'mix',
      'personal',
      'leaked',
      'strength',
    ]);
    assert.deepEqual(ticked(await judge('jane9#mutQ', { forMeter: true, facts: jane })), [
      'length',
      'mix',
      'leaked',
      'strength',
    ]);
  });
});

describe('personal facts', () => {
  const refused: [PasswordReason, string[]][] = [
    [
      'contains_name',
      [
        'jane kV9#mutQ',
        'xxJANEkV9#',
        'enaJ-kV9#mut',
        'j4n3kV9#mut',
        'J@n3#kV9mut',
        'Jäne#kV9mut',
        'ｊａｎｅ#kV9m',
        'mi11er#kV9mut',
        'M!ll3r#kV9mut',
        'rellim7#kV9mut',
        'ann#kV9mutQ',
        'kV9#mut-Doe-7',
        'xAnnQ7#kV9',
        '4nn#kV9mutQ',
        'annann1#',
        'kV9#7-eod',
      ],
    ],
    [
      'contains_birthday',
      [
        'kVx#19900521',
        'kVx#21051990',
        'kVx#05211990',
        'kVx#210590',
        'kVx#052190',
        'kVx#900521',
        'kVx#1990-05-21',
        'kVx 21.05.1990 mut',
        'kVx#5/21/1990',
        'kVx#21 5 1990',
        'kVx#1990.5.21',
        'kVx#21/5/90',
        'kVx#12509910',
        'kVx#I99OO521',
        'kVx#!990o52l',
        'kVx#21may1990',
        'kVx-May-21-1990',
        'May 21st, 1990 kVx',
        'kVx#1990may21',
        'kVx#21may90',
        'kVx#m4y211990',
        '21 of may 1990 kVx',
        'kVx1990#mut2105',
        'kV#0521mutQuo1990',
        'kVx#1990',
        '1990kVx#',
        '2105#kVx',
        'may21#kVx',
        'kV#may1990',
      ],
    ],
    [
      'contains_email',
      [
        'kV9#jd.garden@fernhill.example',
        'jd.garden#kV9m',
        'JDgarden#kV9m',
        'nedrag.dj#kV9m',
        'kV9#fernhill7',
        'f3rnh1ll#kV9m',
      ],
    ],
    [
      'contains_phone',
      [
        'kV#442079460123',
        'kV#02079460123',
        'kV#460123mut',
        'kV#4420 79mut',
        'kV#321064970',
        'kVx#946O123mut',
        'kV 020 7946 0123',
      ],
    ],
    ['contains_brand', ['acme#kV9mut', 'kV9#ACM3mut', 'emca#kV9mut', 'blueshop#kV9m', 'bLu3sh0p#kV9m']],
  ];
  for (const [reason, passwords] of refused)
    for (const password of passwords)
      test(`${reason}: ${password}`, async () => assert.deepEqual(await reasonsFor(password, jane), [reason]));

  const accepted = [
    'planning a meadow 4 you',
    'kV9#mutQ-doer',
    'cannon fodder 7 mice',
    'kV9#mutQ1990',
    'kV9#2105mutQ',
    'room 5219 on floor 7!',
    'kV9#46012mutQ',
    'may the best team win 7!',
    'placement test 77 #',
    'correct horse battery staple',
    'accounts are dull 9 #',
    'a kV9#mutQ co uk',
    'illusions oil soils',
  ];
  for (const password of accepted)
    test(`accepted: ${password}`, async () => assert.deepEqual(await reasonsFor(password, jane), []));

  test('two letters of a name, and a digit run that could spell it, refuse nothing', async () => {
    const facts = { ...nobody, name: 'Li Gigi', emails: ['jo@me.com'] };
    assert.deepEqual(await reasonsFor('like 9191 jolly limes', facts), []);
    assert.deepEqual(await reasonsFor('li-kV9#mut jo.me', facts), []);
    assert.deepEqual(await reasonsFor('kV#gig1mutQ', facts), ['contains_name']);
  });

  test('every leet digit is read', async () => {
    const pairs = {
      '4': 'a',
      '@': 'a',
      '8': 'b',
      '3': 'e',
      '9': 'g',
      '1': 'i',
      '!': 'l',
      '|': 'i',
      '0': 'o',
      '5': 's',
      $: 's',
      '7': 't',
      '+': 't',
      '2': 'z',
    };
    for (const [digit, letter] of Object.entries(pairs))
      assert.deepEqual(
        await reasonsFor(`kV9# qu${digit}xy`, { ...nobody, name: `Qu${letter}xy` }),
        ['contains_name'],
        digit,
      );
  });

  test('the score of a password with a fact in it is low however strong it looks', async () => {
    assert.equal((await judge('jane#kV9mutQ', { facts: jane, forMeter: true })).score, 1);
  });

  test('small words inside a name belong to everybody', async () => {
    const facts = { ...nobody, name: 'Mia van der Berg' };
    assert.deepEqual(await reasonsFor('a van der kV9#mut', facts), []);
    assert.deepEqual(await reasonsFor('van der berg kV9#', facts), ['contains_name']);
  });

  test('short names are found whole, in either order', async () => {
    const facts = { ...nobody, name: 'Li Wu' };
    for (const password of ['liwu#kV9mut', 'Li.Wu#kV9mut', 'wuli#kV9mut', 'kV9#li wu 7mut'])
      assert.deepEqual(await reasonsFor(password, facts), ['contains_name'], password);
  });

  test('names of other scripts', async () => {
    assert.deepEqual(await reasonsFor('kV9#ИВАНОВмут', { ...nobody, name: 'Иван Иванов' }), ['contains_name']);
    assert.deepEqual(await reasonsFor('kV9#李小龙mut', { ...nobody, name: '李小龙' }), ['contains_name']);
    assert.deepEqual(await reasonsFor('kV9#김철수mut', { ...nobody, name: '김철수' }), ['contains_name']);
    assert.deepEqual(await reasonsFor('kV9#Soerenmut', { ...nobody, name: 'Sören' }), []);
    assert.deepEqual(await reasonsFor('kV9#sorenmut', { ...nobody, name: 'Søren' }), ['contains_name']);
  });

  test('domains of mail providers are everyday words', async () => {
    const facts = { ...nobody, emails: ['quentin@live.com', 'quentin@mail.example'] };
    assert.deepEqual(await reasonsFor('delivery by email 7 #', facts), []);
    assert.deepEqual(await reasonsFor('live#kV9mut', facts), ['contains_email']);
  });

  test('facts that are missing or strange refuse nothing', async () => {
    const facts = { name: '', birthday: 'May 1990', emails: ['', '@', 'x'], phones: ['', '+1'], brand: '', host: '' };
    assert.deepEqual(await reasonsFor('kV9#mutQ may 1990', facts), []);
    for (const host of ['127.0.0.1', '[::1]', '10.0.0.1'])
      assert.deepEqual(await reasonsFor('127.0.0.1 kV#mut 10.0.0.1', { ...facts, host }), []);
  });
});

describe('properties', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 300 }),
    fc.string({ unit: 'grapheme', maxLength: 40 }),
    fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 40 }).map((units) => String.fromCharCode(...units)),
  );
  const date = fc
    .date({ min: new Date('1920-01-01'), max: new Date('2020-12-31'), noInvalidDate: true })
    .map((day) => day.toISOString().slice(0, 10));
  const facts: fc.Arbitrary<PasswordFacts> = fc.record({
    name: fc.option(fc.oneof(text, fc.constantFrom('Jane Doe', 'Ann', 'O’Neil'))),
    birthday: fc.option(fc.oneof(date, text)),
    emails: fc.array(fc.oneof(text, fc.emailAddress()), { maxLength: 2 }),
    phones: fc.array(fc.oneof(text, fc.stringMatching(/^\+[1-9]\d{6,14}$/)), { maxLength: 2 }),
    brand: text,
    host: fc.oneof(text, fc.domain()),
  });
  const profile = fc.constantFrom('guide' as const, 'nist' as const);

  test('any text is judged: accepted exactly without reasons, the same with and without a meter', async () => {
    await fc.assert(
      fc.asyncProperty(
        text,
        facts,
        profile,
        fc.integer({ min: 0, max: 20 }),
        async (typed, known, profile, guesses) => {
          const { knowledge, asked } = knowledgeOf({ guessesLog10: guesses });
          const options = { profile, facts: known, knowledge };
          const verdict = await judge(normalizePassword(typed), options);
          assert.equal(verdict.accepted, verdict.reasons.length === 0);
          assert.equal(new Set(verdict.reasons).size, verdict.reasons.length);
          assert.ok(asked.guesses <= 1);
          assert.ok(!verdict.accepted || (verdict.score >= 3 && verdict.rules.every(({ met }) => met)));
          assert.equal(
            (await judge(normalizePassword(typed), { ...options, forMeter: true })).accepted,
            verdict.accepted,
          );
        },
      ),
      { numRuns: 500 },
    );
  });

  test('a birthday in any spelling, anywhere, either way round, is refused', async () => {
    const months = 'jan feb mar apr may jun jul aug sep oct nov dec'.split(' ');
    const spelling = fc
      .tuple(date, fc.constantFrom('', '-', '.', '/', ' '), fc.nat(7), fc.boolean(), fc.boolean())
      .map(([birthday, separator, order, short, backwards]) => {
        const [y, m, d] = birthday.split('-') as [string, string, string];
        const yy = short ? y.slice(2) : y;
        const [m1, d1] = separator ? [String(Number(m)), String(Number(d))] : [m, d];
        const named = months[Number(m) - 1] as string;
        const orders = [
          [y, m, d],
          [d, m, yy],
          [m, d, yy],
          [yy, m, d],
          [yy, m1, d1],
          [d1, m1, yy],
          [m1, d1, yy],
          [d1, named, yy],
        ];
        const written = (orders[order] as string[]).join(separator);
        return { birthday, written: backwards ? [...written].reverse().join('') : written };
      });
    // No digits beside it: "1" before "1/1/1990" makes another date.
    const filling = fc.stringMatching(/^[a-z#]{0,20}$/);
    await fc.assert(
      fc.asyncProperty(spelling, filling, filling, async ({ birthday, written }, before, after) => {
        const { reasons } = await judge(`${before}${written}${after}`, { facts: { ...nobody, birthday } });
        assert.ok(reasons.includes('contains_birthday'), `${before}${written}${after}`);
      }),
      { numRuns: 2_000 },
    );
  });

  test('any six digits of a phone are refused', async () => {
    const phone = fc.stringMatching(/^[1-9]\d{8,13}$/);
    await fc.assert(
      fc.asyncProperty(phone, fc.nat(5), fc.stringMatching(/^[a-z ]{2,20}$/), async (digits, from, words) => {
        const at = Math.min(from, digits.length - 6);
        const password = `${words}#${digits.slice(at, at + 3)} ${digits.slice(at + 3, at + 6)}`;
        const { reasons } = await judge(password, { facts: { ...nobody, phones: [`+${digits}`] } });
        assert.ok(reasons.includes('contains_phone'), password);
      }),
    );
  });
});
