/** The table of OWASP ASVS 5.0.0: every requirement of V6 and V7 once, and every test that it names is there. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join, normalize } from 'node:path';
import { describe, test } from 'node:test';

const FILE = 'docs/reference/asvs.md';
const ANSWERS = ['met', 'partly', 'not met', 'none'];

/** Level of each requirement by section, in order: V6.1.1 is of level 1, V6.1.2 of level 2. */
const LEVELS: Record<string, string> = {
  'V6.1': '122',
  'V6.2': '111111112222',
  'V6.3': '11223333',
  'V6.4': '112233',
  'V6.5': '22222333',
  'V6.6': '2223',
  'V6.7': '33',
  'V6.8': '2222',
  'V7.1': '222',
  'V7.2': '1111',
  'V7.3': '22',
  'V7.4': '11222',
  'V7.5': '223',
  'V7.6': '22',
};
const REQUIREMENTS = Object.entries(LEVELS).flatMap(([section, levels]) =>
  [...levels].map((level, at) => `${section}.${at + 1} of level ${level}`),
);

interface Row {
  id: string;
  level: string;
  asks: string;
  answer: string;
  shown: string;
}

const page = readFileSync(FILE, 'utf8');
const rows = page.split('\n').flatMap((line): Row[] => {
  if (!/^\| V\d/.test(line)) return [];
  const [, id = '', level = '', asks = '', answer = '', shown = '', ...rest] = line
    .split('|')
    .map((cell) => cell.trim());
  assert.deepEqual(rest, [''], `${id} has five cells`);
  return [{ id, level, asks, answer, shown }];
});

describe('the table of ASVS', () => {
  test('has each of the 66 requirements once, in order, with its level', () => {
    assert.equal(REQUIREMENTS.length, 66);
    assert.deepEqual(
      rows.map(({ id, level }) => `${id} of level ${level}`),
      REQUIREMENTS,
    );
  });

  test('answers each in one of its words, and says why where it is not met', () => {
    for (const { id, asks, answer, shown } of rows) {
      assert.ok(ANSWERS.includes(answer), `${id}: ${answer}`);
      assert.ok(asks.length > 8 && shown.length > 8, id);
      if (answer === 'met' || answer === 'partly') assert.match(shown, /\]\(/, `${id} names what shows it`);
      if (answer === 'partly') assert.ok(withoutEvidence(shown).length > 20, `${id} says what is missing`);
    }
  });

  test('counts its answers', () => {
    const counts = ANSWERS.map((answer) => `${rows.filter((row) => row.answer === answer).length} ${answer}`);
    assert.ok(page.includes(`**${counts.join(', ')}.**`), counts.join(', '));
  });

  test('names tests that are there, by their titles', () => {
    const named = rows.flatMap(({ id, shown }) => namedTests(shown).map((test) => ({ id, ...test })));
    assert.ok(named.length > 50, `${named.length} tests are named`);
    for (const { id, file, title } of named) {
      assert.ok(existsSync(file), `${id}: ${file}`);
      assert.ok(titlesIn(file).includes(title), `${id}: no test "${title}" in ${file}`);
    }
  });
});

/** `[words](../../tests/x.test.ts): \`title\`, \`title\`` */
function namedTests(shown: string): { file: string; title: string }[] {
  return [...shown.matchAll(/\]\(([^)]+\.test\.ts)\)((?:[:,] `[^`]+`)*)/g)].flatMap((match) => {
    const titles = [...(match[2] ?? '').matchAll(/`([^`]+)`/g)].map((title) => title[1] ?? '');
    assert.ok(titles.length > 0, `no title behind ${match[1]}`);
    return titles.map((title) => ({ file: normalize(join('docs/reference', match[1] ?? '')), title }));
  });
}

function titlesIn(file: string): string[] {
  const calls = readFileSync(file, 'utf8').matchAll(/\btest\(\s*(['"`])((?:\\.|(?!\1).)*)\1/g);
  return [...calls].map((call) => (call[2] ?? '').replace(/\\(['"`])/g, '$1'));
}

function withoutEvidence(shown: string): string {
  return shown.replace(/\[[^\]]*\]\([^)]*\)|`[^`]*`/g, '');
}
