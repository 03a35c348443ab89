/**
 * Which mailbox an address leads to, for budgets of messages alone. Accounts are told apart by the address itself: nobody's
 * account is reached by guessing a provider's rules.
 */

/**
 * Domains of one provider, and the one that stands for them, where dots in front of the @ do not count, as it says itself
 * (https://support.google.com/mail/answer/7436150, https://support.google.com/mail/answer/10313).
 */
const WITHOUT_DOTS: ReadonlyMap<string, string> = new Map([
  ['gmail.com', 'gmail.com'],
  ['googlemail.com', 'gmail.com'],
]);

/**
 * Without quotation marks, which are no part of the address (RFC 5321 4.1.2), and without the subaddress (RFC 5233). Where a
 * provider knows none, two mailboxes may be taken for one, which then share what strangers may have sent to them.
 * @param canonical as addresses are compared
 */
export function mailboxOf(canonical: string): string {
  const at = canonical.lastIndexOf('@');
  const domain = canonical.slice(at + 1);
  const named = withoutSubaddress(unquoted(canonical.slice(0, at)));
  const standing = WITHOUT_DOTS.get(domain);
  return standing === undefined ? `${named}@${domain}` : `${named.replaceAll('.', '')}@${standing}`;
}

function unquoted(local: string): string {
  const quoted = /^"(.*)"$/s.exec(local)?.[1];
  return quoted === undefined ? local : quoted.replace(/\\(.)/gs, '$1');
}

function withoutSubaddress(local: string): string {
  const plus = local.indexOf('+');
  return plus > 0 ? local.slice(0, plus) : local;
}
