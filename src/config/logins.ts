/** Users and passwords in URLs. What is wrong with one is told without repeating it. */
import { decoded, refuser, UrlRefused } from '../rules/provider-urls.ts';

const UNREADABLE =
  'is not a URL that can be read: in the user and the password write # as %23, / as %2F, ? as %3F and @ as %40, and the port as a number';

/** Why user, password, host and port can't be told apart or decoded, to stand after the name of the setting; or undefined. */
export function problemOfUrl(text: string): string | undefined {
  if (!URL.canParse(text) || endsEarly(text)) return UNREADABLE;
  const { username, password } = new URL(text);
  try {
    for (const part of [username, password]) decoded(part, refuser(''));
    return undefined;
  } catch (error) {
    if (!(error instanceof UrlRefused)) throw error;
    return error.message;
  }
}

/**
 * `smtp://u:12#3@host` is a URL, too: of the host `u`, at port 12. A password with one of `#`, `/` and `?` in it ends there, and
 * the `@` that should end it stands in what is read as path, parameters or fragment.
 */
function endsEarly(text: string): boolean {
  const parts = /^[^:]+:\/\/([^/?#]*)([^?#]*)(\?[^#]*)?(#.*)?$/.exec(text);
  const [, authority = '', path = '', query = '', fragment] = parts ?? [];
  const login = authority.includes('@') ? /^\?[^=&]*@/ : /@/;
  return fragment !== undefined || path.includes('@') || login.test(query);
}
