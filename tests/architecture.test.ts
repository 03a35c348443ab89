/** The arrows of the house, kept by a machine: which folder may know which. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, test } from 'node:test';

interface Import {
  from: string;
  to: string;
  typeOnly: boolean;
  names: string;
}

const files = globSync('src/**/*.ts').map((file) => file.replaceAll('\\', '/'));
const imports: Import[] = files.flatMap((file) =>
  [
    ...readFileSync(file, 'utf8').matchAll(
      /^(?:import|export)\s+(type\s+)?([^;'"]*?)\s*from\s+'([^']+)'|import\('([^']+)'\)/gm,
    ),
  ].map((match) => {
    const target = match[3] ?? match[4] ?? '';
    const to = target.startsWith('.') ? normalize(join(dirname(file), target)) : target;
    return { from: file, to, typeOnly: match[1] !== undefined, names: match[2] ?? '' };
  }),
);

/** The part of the house that a file belongs to: a folder of src, or one of the files beside them. */
function partOf(file: string): string {
  const [, first = '', second] = file.split('/');
  return second === undefined ? first : first;
}

/** Who may import whom by value. Types of `ports.ts`, of the store's interface and of `config.ts` may be named by all. */
const ARROWS: Record<string, readonly string[]> = {
  rules: ['rules'],
  'ports.ts': ['ports'],
  ports: ['ports', 'rules'],
  'config.ts': ['config', 'rules'],
  config: ['config', 'rules'],
  'keys.ts': ['ports.ts'],
  'system.ts': ['ports.ts'],
  'work.ts': ['ports.ts'],
  'settings.ts': ['rules'],
  'log.ts': ['ports.ts'],
  messages: ['messages', 'rules', 'ports.ts'],
  store: ['store', 'rules', 'ports.ts', 'system.ts'],
  accounts: ['accounts', 'rules', 'ports.ts'],
  passwords: ['passwords', 'rules', 'ports.ts'],
  'exchange.ts': ['rules', 'ports.ts'],
  'stand-in.ts': ['ports.ts'],
  'recent.ts': [],
  'pause.ts': [],
  'circuit-breaker.ts': ['rules'],
  'smpp-line.ts': ['rules', 'ports.ts'],
  channels: ['rules', 'ports.ts', 'exchange.ts', 'recent.ts', 'pause.ts', 'circuit-breaker.ts', 'smpp-line.ts'],
  locales: ['locales', 'rules'],
  actions: ['actions', 'rules', 'ports.ts'],
  workers: ['workers', 'rules', 'ports.ts', 'actions'],
  web: ['web', 'rules', 'ports.ts', 'actions', 'locales'],
  compose: ['compose', 'rules', 'ports.ts', 'actions', 'channels', 'config.ts', 'web'],
  'compose.ts': ['compose', 'rules', 'ports.ts', 'messages', 'store', 'accounts', 'passwords', 'channels', 'actions', 'workers', 'web', 'keys.ts', 'system.ts', 'work.ts', 'settings.ts', 'log.ts', 'config.ts', 'stand-in.ts'],
  'index.ts': ['compose.ts', 'config.ts'],
  cli: ['cli', 'compose', 'compose.ts', 'config.ts', 'actions', 'rules', 'ports.ts', 'store', 'passwords', 'channels', 'accounts', 'keys.ts', 'system.ts', 'log.ts', 'settings.ts'],
  testing: ['testing', 'rules', 'ports.ts', 'store'],
}; // biome-ignore format: one row for one part
/** Types that belong to an interface, wherever the adapter behind it lives. */
const TYPES_FOR_ALL = [
  'src/ports.ts',
  'src/store/store.ts',
  'src/config.ts',
  'src/messages/catalog.ts',
  'src/channels/inbox.ts',
  'src/channels/inbox-chats.ts',
];

describe('the arrows', () => {
  for (const part of new Set(files.map(partOf)))
    test(`${part} knows only ${(ARROWS[part] ?? []).join(', ') || 'itself'}`, () => {
      const allowed = ARROWS[part];
      assert.ok(allowed, `src/${part} has no row in the table of arrows`);
      const wrong = imports.filter(
        ({ from, to, typeOnly }) =>
          partOf(from) === part &&
          to.startsWith('src/') &&
          !allowed.includes(partOf(to)) &&
          !(typeOnly && TYPES_FOR_ALL.includes(to)),
      );
      assert.deepEqual(
        wrong.map(({ from, to }) => `${from} -> ${to}`),
        [],
      );
    });

  test('rules are pure: of Node only the MAC and the comparison', () => {
    const wrong = imports.filter(
      ({ from, to, names }) =>
        from.startsWith('src/rules/') &&
        to.startsWith('node:') &&
        !(
          to === 'node:crypto' &&
          /^\{\s*(createHmac|timingSafeEqual)(,\s*(createHmac|timingSafeEqual))*\s*\}$/.test(names)
        ),
    );
    assert.deepEqual(
      wrong.map(({ from, to, names }) => `${from} imports ${names} of ${to}`),
      [],
    );
  });

  test('no adapter imports another', () => {
    const wrong = imports.filter(
      ({ from, to, typeOnly }) =>
        /^src\/channels\//.test(from) && /^src\/channels\//.test(to) && !(typeOnly && TYPES_FOR_ALL.includes(to)),
    );
    assert.deepEqual(
      wrong.map(({ from, to }) => `${from} -> ${to}`),
      [],
    );
  });

  /** What makes a program behave differently from one run to the next enters in one place each. */
  const SINGLE: [string, RegExp, RegExp][] = [
    ['Date.now and new Date()', /\bDate\.now\(|new Date\(\)/, /^src\/system\.ts$/],
    ['randomness', /\brandomBytes\(|\brandomInt\(|Math\.random\(|randomUUID\(/, /^src\/(system|cli\/load-config)\.ts$/],
    ['process.env', /\bprocess\.env\b/, /^src\/cli\/main\.ts$/],
    ['fetch to elsewhere', /[^.\w]fetch\(/, /^src\/(web\/assets\/.*|compose|index)\.ts$/],
  ];
  for (const [what, pattern, home] of SINGLE)
    test(`${what} lives in one place`, () => {
      const strangers = files.filter(
        (file) => !home.test(file) && pattern.test(withoutComments(readFileSync(file, 'utf8'))),
      );
      assert.deepEqual(strangers, []);
    });

  test('the four files that explain the system fit one screen each', () => {
    for (const file of ['rules/recovery-flow.ts', 'rules/limits.ts', 'web/routes.ts', 'messages/catalog.ts']) {
      const lines = readFileSync(`src/${file}`, 'utf8').split('\n').length;
      assert.ok(lines <= 120, `${file} has ${lines} lines`);
    }
  });

  test('there are no drawers', () => {
    assert.deepEqual(
      files.filter((file) => /(^|\/)(utils?|helpers?|common|shared|misc|lib)(\.ts|\/)/.test(file)),
      [],
    );
  });
});

function withoutComments(source: string): string {
  return source.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '');
}
