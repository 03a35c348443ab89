/** Every link of the docs leads somewhere: a file that is there, and in it a heading of that name. */
import assert from 'node:assert/strict';
import { globSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, test } from 'node:test';

const pages = globSync('**/*.md', { exclude: (name) => /(^|\/)(node_modules|\.[^/]+)(\/|$)/.test(String(name)) }).map(
  (file) => file.replaceAll('\\', '/'),
);

describe('the docs', () => {
  test('are found', () => {
    for (const page of ['README.md', 'SECURITY.md', 'bench/README.md', 'docs/reference/asvs.md'])
      assert.ok(pages.includes(page), page);
  });

  test('have no link to a file or a heading that is not there', () => {
    const broken = pages.flatMap((page) =>
      linksIn(readFileSync(page, 'utf8'))
        .map((link) => problemOf(page, link))
        .filter((problem) => problem !== undefined),
    );
    assert.deepEqual(broken, []);
  });

  test('a broken link, a broken anchor and a good one are told apart', () => {
    const links = linksIn(
      '[a](nowhere.md) [b](README.md#nowhere) ![c](README.md#read-on)\n\n[d]: #nowhere\n`[e](f.md)`',
    );
    assert.deepEqual(links, ['nowhere.md', 'README.md#nowhere', 'README.md#read-on', '#nowhere']);
    assert.deepEqual(
      links.map((link) => problemOf('README.md', link) === undefined),
      [false, false, true, false],
    );
  });

  test('a heading is named as GitHub names it, and a second one of its name is numbered', () => {
    assert.deepEqual(
      anchorsIn("# Run `npm test`, it's [here](x.md)\n## Left\n```\n# no heading\n```\n## Left\n### Größe & Maß_1"),
      new Set(['run-npm-test-its-here', 'left', 'left-1', 'größe--maß_1']),
    );
  });

  test('every decision is in the list of decisions, once and in order', () => {
    const listed = [
      ...readFileSync('docs/decisions/README.md', 'utf8').matchAll(/^\| \[(\d{4})\]\(([^)]+)\) \| (.+) \|$/gm),
    ];
    const files = globSync('docs/decisions/[0-9]*.md').map((file) => file.slice('docs/decisions/'.length));
    assert.deepEqual(
      listed.map((row) => row[2]),
      files.sort(),
    );
    for (const [, number = '', file = '', title = ''] of listed) {
      const heading = readFileSync(`docs/decisions/${file}`, 'utf8').split('\n')[0];
      assert.equal(heading, `# ${number}: ${title}`);
    }
  });
});

/** Where a link of a page leads to nothing: the page, the link, and what is missing. */
function problemOf(page: string, link: string): string | undefined {
  const [path = '', anchor] = link.split('#');
  const target = path === '' ? page : normalize(join(dirname(page), decodeURIComponent(path))).replaceAll('\\', '/');
  const found = statSync(target, { throwIfNoEntry: false });
  if (!found) return `${page}: ${link}: no such file`;
  if (anchor === undefined || !target.endsWith('.md')) return undefined;
  return anchorsIn(readFileSync(target, 'utf8')).has(decodeURIComponent(anchor))
    ? undefined
    : `${page}: ${link}: no such heading`;
}

/** Targets of inline links, images and definitions that stay in the repository. */
function linksIn(markdown: string): string[] {
  const prose = withoutBlocks(markdown).replace(/`[^`\n]*`(?!\])/g, '');
  const links = prose.matchAll(/\]\(\s*<?([^()\s>]+)>?(?:\s+"[^"]*")?\s*\)|^\[[^\]]+\]:\s*(\S+)/gm);
  return [...links].map((match) => match[1] ?? match[2] ?? '').filter((link) => !/^[a-z][a-z+.-]*:/i.test(link));
}

/** As GitHub makes them: lower case, without punctuation, spaces as dashes. */
function anchorsIn(markdown: string): Set<string> {
  const anchors = new Set<string>();
  for (const match of withoutBlocks(markdown).matchAll(/^#{1,6}\s+(.+?)\s*#*$/gm)) {
    const words = (match[1] ?? '').replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase();
    const name = words.replace(/[^\p{L}\p{N}\p{M}_ -]/gu, '').replaceAll(' ', '-');
    let anchor = name;
    for (let again = 1; anchors.has(anchor); again += 1) anchor = `${name}-${again}`;
    anchors.add(anchor);
  }
  return anchors;
}

function withoutBlocks(markdown: string): string {
  return markdown.replace(/^(`{3,})[^\n]*\n[\s\S]*?^\1`*\s*$/gm, '').replace(/<!--[\s\S]*?-->/g, '');
}
