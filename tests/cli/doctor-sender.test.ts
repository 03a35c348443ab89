/** What the doctor says of SPF, DKIM and DMARC, asked of a real name server. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findingLine } from '../../src/cli/doctor/finding.ts';
import { checkSender } from '../../src/cli/doctor/sender.ts';
import { startDnsServer, type Zone } from '../dns-server.ts';
import { freePort } from '../regain.ts';

const DOMAIN = 'acme-shop.com';
const SPF = 'v=spf1 include:_spf.mail.example -all';
const DMARC = 'v=DMARC1; p=reject';
// Of a key with 2048 bits: longer than one string of a record.
const KEY = `v=DKIM1; k=rsa; p=${'MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A'.repeat(12)}`;
const ALL: Zone = { [DOMAIN]: ['site=1', SPF], [`_dmarc.${DOMAIN}`]: [DMARC], [`s1._domainkey.${DOMAIN}`]: [KEY] };

const MISSING = 'publish what your mail provider tells you, or codes end in spam folders';
const SIGNED = 'whether the mail server signs with it, a mail that arrived says (dkim=pass in its headers)';

const without = (...names: string[]): Zone =>
  Object.fromEntries(Object.entries(ALL).filter(([name]) => !names.includes(name)));

const CASES: [title: string, zone: Zone | undefined, host: string, line: string][] = [
  ['all three', ALL, DOMAIN, `ok    Sender       ${DOMAIN} has SPF, a DKIM key and DMARC; ${SIGNED}`],
  ['no key under any selector', without(`s1._domainkey.${DOMAIN}`), DOMAIN, `warn  Sender       ${DOMAIN} has no DKIM record -> ${MISSING}`],
  ['nothing but other records', { [DOMAIN]: ['site=1'] }, DOMAIN, `warn  Sender       ${DOMAIN} has no SPF and no DKIM and no DMARC record -> ${MISSING}`],
  ['a policy of another version', { ...ALL, [`_dmarc.${DOMAIN}`]: ['v=DMARC12'] }, DOMAIN, `warn  Sender       ${DOMAIN} has no DMARC record -> ${MISSING}`],
  ['key and policy of the domain above', { ...ALL, [`mail.${DOMAIN}`]: [SPF] }, `mail.${DOMAIN}`, `ok    Sender       mail.${DOMAIN} has SPF, a DKIM key and DMARC; ${SIGNED}`],
  ['a domain that is not there', ALL, 'acme-shpo.com', 'warn  Sender       the DNS that this machine asks has no domain acme-shpo.com -> correct REGAIN_MAIL_FROM, or ask from a machine that sees public DNS'],
  ['a name server that fails', undefined, DOMAIN, `skip  Sender       DNS is out of reach from here; SPF, DKIM and DMARC of ${DOMAIN} were not checked`],
]; // biome-ignore format: a table is read in rows

for (const [title, zone, host, line] of CASES)
  test(title, async (t) => {
    const dns = await startDnsServer(zone);
    t.after(() => dns.stop());
    assert.equal(await told(`Shop <no-reply@${host}>`, dns.address), line);
  });

test('nobody is asked about a domain that is not public', async (t) => {
  const dns = await startDnsServer(ALL);
  t.after(() => dns.stop());
  for (const host of ['shop.example', 'localhost', '127.0.0.1'])
    assert.equal(
      await told(`no-reply@${host}`, dns.address),
      `skip  Sender       ${host} is no public domain; SPF, DKIM and DMARC were not looked for`,
    );
  assert.deepEqual(dns.asked, []);
});

test('no name server at all', async () => {
  const nobody = `127.0.0.1:${await freePort()}`;
  assert.match(await told(`no-reply@${DOMAIN}`, nobody), /^skip {2}Sender {7}DNS is out of reach from here; /);
});

async function told(from: string, server: string): Promise<string> {
  const mail = { url: 'smtp://127.0.0.1', host: '127.0.0.1', from, connections: 10 };
  return (await checkSender({ mail }, [server])).map(findingLine).join('').trimEnd();
}
