/**
 * The published vulnerabilities of other recovery systems that Regain is attacked with, one row each; `npm test -- attacks`
 * runs them all. What went wrong is told in our words; the identifiers lead to the reports. Every row must stand in the
 * title of a test in this folder, with its identifiers, so that none is forgotten.
 */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { test } from 'node:test';

// biome-ignore format: a table is read in rows and columns
const ROWS: readonly [row: number, identifiers: string, wentWrong: string][] = [
  [1,  'CVE-2026-18963', 'pressing "try another way" carried over to a later step, which then passed without its proof'],
  [2,  'GHSA-j229-2h63-rvh9 (CVE-2020-1718)', 'the reset could be entered so that it ended in somebody’s session'],
  [3,  '#40744', 'the account that was named was bound to the session before anything was proven'],
  [4,  'GHSA-cf8f-w2c5-p5jr (CVE-2019-14837)', 'made-up addresses lay at a domain that a stranger owned'],
  [5,  'CVE-2017-12161', 'the link of the mail took its host from the request'],
  [6,  'CVE-2023-49097', 'the button of the mail took its host from Forwarded or X-Forwarded-Host'],
  [7,  'CVE-2025-64101', 'the same again in another template, then by way of the scheme'],
  [8,  'CVE-2021-3754', 'an account named like somebody’s address took his recovery mail'],
  [9,  'CVE-2024-1722', 'an account made by an attacker kept the owner out'],
  [10, 'CVE-2025-7365', 'the address was changed while its owner confirmed, and he confirmed something else'],
  [11, 'CVE-2026-7507', 'a session made beforehand was handed to the victim in a link'],
  [12, 'GHSA-85v8-vx4w-q684', 'the guard against guessing was skipped on one branch'],
  [13, 'CVE-2025-64102', 'the guard was off by default, and new endpoints came without it'],
  [14, 'CVE-2023-47111', 'guesses at one moment were all compared before one was counted'],
  [15, 'CVE-2023-44399', 'the reset told known from unknown although told not to'],
  [16, 'CVE-2026-23511', 'a later step told valid ids from invalid ones'],
  [17, 'CVE-2024-41952', 'the same class, once more'],
  [18, 'CVE-2024-41953', 'names were written into mails as markup'],
  [19, 'CVE-2024-32868, CVE-2025-64103', 'a second factor could be got round'],
  [20, 'CVE-2026-27946, CVE-2026-54693', 'people could call their own address verified'],
  [21, 'CVE-2026-55670', 'what belonged to the former owner of an identifier reached the next one'],
  [22, 'CVE-2025-67495, CVE-2026-29191', 'script of an attacker ran in the sign-in page'],
  [23, 'CVE-2024-28197', 'a session planted beforehand became the victim’s'],
  [24, 'CVE-2023-26481', 'the right to reset one account set the password of another'],
  [25, 'CVE-2023-39522', 'the reset said that a user does not exist'],
  [26, 'CVE-2023-46249', 'the first-run set-up opened again when a row was missing'],
  [27, 'CVE-2024-47070', 'a client address that could not be read switched a check off'],
  [28, 'CVE-2024-45042', 'what an account required was remembered, not looked up when it was decided'],
  [29, 'CVE-2024-56734, CVE-2025-27143, CVE-2025-71403', 'a parameter led to another origin, in spellings that the check did not read'],
  [30, '#8067, #3261, #5050, #10605, #10552, #10368', 'codes worked twice, told who exists, were burnt by a weak password, were sent for another site'],
  [31, 'GHSA-7rqj-j65f-68wh', 'an address was checked before it was normalised, and sent to as typed'],
  [32, 'CVE-2017-9303', 'the link of the mail took its host from the request'],
  [33, 'CVE-2022-36106, osTicket CVE-2026-18363', 'expiry was not looked at, or on one branch only'],
  [34, 'CVE-2022-23502', 'sessions lived on after the reset'],
  [35, 'CVE-2026-73431', 'a signed token worked as often as one liked'],
  [36, 'CVE-2026-105785', 'a token made for something else was taken for a reset'],
  [37, 'CVE-2026-33640', 'a code had no count of its own and relied on a rate limiter'],
  [38, 'CVE-2020-26236', 'two who started at one moment shared a code'],
  [39, 'CVE-2026-32700, CVE-2019-16109', 'address and token could be parted by a race; a blank token matched a blank column'],
  [40, 'SS-2017-005, Keycloak #26625, Supabase #2398', 'the time of the answer told who exists'],
  [41, 'CVE-2016-9450', 'a page of one person was cached and shown to another'],
];

const titles = globSync('tests/attacks/*.test.ts').flatMap((file) =>
  [...readFileSync(file, 'utf8').matchAll(/\b(?:test|it)\(\s*(['"`])(row (?:(?!\1)[^\\]|\\.)*)\1/g)].map(
    (match) => match[2] as string,
  ),
);

test('the list is whole: rows 1 to 41', () => {
  assert.deepEqual(
    ROWS.map(([row]) => row),
    Array.from({ length: 41 }, (_, at) => at + 1),
  );
});

for (const [row, identifiers, wentWrong] of ROWS)
  test(`advisory ${row} (${identifiers}; ${wentWrong}) has a test that names it`, () => {
    const named = titles.filter((text) => text.startsWith(`row ${row}, `) || text.includes(`; row ${row}, `));
    assert.ok(
      named.some((text) => text.includes(identifiers)),
      `no test in tests/attacks is called "row ${row}, ... ${identifiers}: ..."; found: ${named.join(' | ') || 'none'}`,
    );
  });
