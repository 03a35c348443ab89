/** The doctor on what other mail servers find about the sender: without it, much of the mail ends in spam folders. */
import { Resolver } from 'node:dns/promises';
import { isIP } from 'node:net';
import { domainToASCII } from 'node:url';
import type { Config } from '../../config.ts';
import type { Finding } from './finding.ts';

const DNS_TIMEOUT_MS = 2_000;
/** Names that no public DNS has (RFC 6761, RFC 2606). */
const PRIVATE_DOMAIN = /(^|\.)(localhost|local|internal|test|example|invalid)$|^[^.]+$/;
const PUBLISH = 'publish what your mail provider tells you, or codes end in spam folders';

/**
 * SPF, DKIM and DMARC of the sender's domain. Regain signs no mail, the mail server does: which key it takes stands in its settings
 * and in the mails that it sent, not in DNS. What DNS tells is whether there is any key.
 *
 * @param servers of DNS to ask, as `Resolver.setServers` takes them; without, those of this machine
 */
export async function checkSender({ mail }: Pick<Config, 'mail'>, servers?: readonly string[]): Promise<Finding[]> {
  if (!mail) return [];
  const name = 'Sender';
  const from = /<([^<>]+)>\s*$/.exec(mail.from)?.[1] ?? mail.from;
  const domain = domainToASCII(from.slice(from.lastIndexOf('@') + 1).trim()).toLowerCase();
  if (isIP(domain) !== 0 || domain === '' || PRIVATE_DOMAIN.test(domain)) {
    const text = `${domain || from} is no public domain; SPF, DKIM and DMARC were not looked for`;
    return [{ level: 'skip', name, text }];
  }
  const records = await lookUp(domain, servers);
  if (Object.values(records).includes('unknown')) {
    const text = `DNS is out of reach from here; SPF, DKIM and DMARC of ${domain} were not checked`;
    return [{ level: 'skip', name, text }];
  }
  if (records.SPF === 'no_domain') {
    const mend = 'correct REGAIN_MAIL_FROM, or ask from a machine that sees public DNS';
    return [{ level: 'warn', name, text: `the DNS that this machine asks has no domain ${domain}`, mend }];
  }
  const missing = Object.entries(records).flatMap(([record, found]) => (found === 'found' ? [] : [record]));
  if (missing.length > 0) {
    const text = `${domain} has no ${missing.join(' and no ')} record`;
    return [{ level: 'warn', name, text, mend: PUBLISH }];
  }
  const signed = 'whether the mail server signs with it, a mail that arrived says (dkim=pass in its headers)';
  return [{ level: 'ok', name, text: `${domain} has SPF, a DKIM key and DMARC; ${signed}` }];
}

type LookedUp = 'found' | 'none' | 'no_domain' | 'unknown';

async function lookUp(
  domain: string,
  servers: readonly string[] | undefined,
): Promise<Record<'SPF' | 'DKIM' | 'DMARC', LookedUp>> {
  const resolver = new Resolver({ timeout: DNS_TIMEOUT_MS, tries: 1 });
  if (servers) resolver.setServers(servers);
  const timer = setTimeout(() => resolver.cancel(), DNS_TIMEOUT_MS);
  try {
    const [SPF, DKIM, DMARC] = await Promise.all([
      lookFor(resolver, domain, /^v=spf1(\s|$)/i),
      firstOf(upwards(domain).map((parent) => isThere(resolver, `_domainkey.${parent}`))),
      firstOf(upwards(domain).map((parent) => lookFor(resolver, `_dmarc.${parent}`, /^v=DMARC1\s*(;|$)/i))),
    ]);
    return { SPF, DKIM, DMARC };
  } finally {
    clearTimeout(timer);
  }
}

/**
 * A domain inherits the policy of those above it (RFC 7489 section 6.6.3), and one of them may sign for it (3.1.1):
 * "a.b.c" -> "a.b.c", "b.c".
 */
function upwards(domain: string): string[] {
  const labels = domain.split('.');
  return labels.slice(0, -1).map((_, at) => labels.slice(at).join('.'));
}

async function firstOf(looking: Promise<LookedUp>[]): Promise<LookedUp> {
  const all = await Promise.all(looking);
  return (['found', 'unknown'] as const).find((wanted) => all.includes(wanted)) ?? 'none';
}

/**
 * Keys stand at a selector that only the signer knows, below this name (RFC 6376 section 3.6.2.1). Where there is one the name
 * itself is there without a record; where DNS says that there is no such name, there is nothing below it (RFC 8020).
 */
async function isThere(resolver: Resolver, name: string): Promise<LookedUp> {
  const found = await lookFor(resolver, name, /^/);
  return found === 'none' ? 'found' : found;
}

async function lookFor(resolver: Resolver, name: string, record: RegExp): Promise<LookedUp> {
  try {
    const texts = (await resolver.resolveTxt(name)).map((chunks) => chunks.join(''));
    return texts.some((text) => record.test(text)) ? 'found' : 'none';
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENODATA') return 'none';
    // Time-outs, refusals and the lack of a network all mean the same.
    return code === 'ENOTFOUND' ? 'no_domain' : 'unknown';
  }
}
