/** The page on what adapters are checked against names every source that the tests judge by, and the libraries as installed. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { Source } from '../channels/published/source.ts';

const PAGE = readFileSync('docs/reference/providers.md', 'utf8');
const LIBRARIES = ['twilio', '@sendgrid/eventwebhook', 'sns-validator', 'whatsapp-api-js', 'postmark'];

test('every description that the tests judge by has its row, and no row is about another', async () => {
  const files = globSync('tests/channels/published/*.ts').filter((file) => !file.endsWith('source.ts'));
  const modules = await Promise.all(files.map((file) => import(`../../${file}`) as Promise<{ SOURCES: Source[] }>));
  const rows = modules.flatMap(({ SOURCES }) =>
    SOURCES.map(({ what, address, version, read }) => `| ${what} | ${address} | ${version} | ${read} |`),
  );
  const shown = PAGE.split('\n').filter((line) => /\| \d{4}-\d\d-\d\d \|$/.test(line));
  assert.deepEqual(shown.toSorted(), rows.toSorted());
});

for (const name of LIBRARIES)
  test(`${name} is the one that is installed`, () => {
    const { version } = JSON.parse(readFileSync(`node_modules/${name}/package.json`, 'utf8'));
    assert.ok(PAGE.includes(`| \`${name}\` ${version}, `), `${name} ${version}`);
  });
