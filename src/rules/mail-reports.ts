/**
 * What `REGAIN_MAIL_REPORTS` says: who reports on our mails, separated by commas. Pure, so that the configuration can refuse
 * a bad one at start.
 */

export type MailReports =
  /** Amazon SES through topics of Amazon SNS; a topic of somebody else is signed as rightly as ours. */
  | { provider: 'ses'; topics: string[] }
  | { provider: 'postmark'; user: string; password: string }
  /** `keys`: SubjectPublicKeyInfo in base64, as SendGrid shows them; several while they are changed. */
  | { provider: 'sendgrid'; keys: string[] }
  /** Raw mail of the bounce address, posted to us and signed with this secret. */
  | { provider: 'inbound'; secret: string };

export const MAIL_REPORTS_EXAMPLE = 'ses://?topic=arn:aws:sns:eu-west-1:123456789012:regain';

/** 128 bits in the densest writing that people use. */
const SECRET_MIN_CHARACTERS = 20;

/** @param refuse is told what is wrong; it never hears the URL, which holds secrets */
export function readMailReports(text: string, refuse: (problem: string) => void): MailReports[] {
  const read = text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map((part) => readOne(part, refuse))
    .filter((reports) => reports !== undefined);
  const names = read.map(({ provider }) => provider);
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) refuse(`names ${twice}:// twice`);
  return read;
}

function readOne(text: string, refuse: (problem: string) => void): MailReports | undefined {
  const refused = (problem: string): undefined => void refuse(problem);
  // No host is called, so none is asked for; a URL with a login must have one.
  const whole = text.replace(/@\/?(?=$|\?)/, '@localhost');
  const scheme = /^[a-z]+(?=:\/\/)/.exec(text)?.[0];
  if (scheme === undefined || !URL.canParse(whole)) return refused('has a part that is not a URL');
  const url = new URL(whole);
  const [user, password] = [decoded(url.username), decoded(url.password)];
  if (user === undefined || password === undefined) return refused(`has a ${scheme}:// with a broken %-escape`);
  switch (scheme) {
    case 'ses':
      return readSes(url, refused);
    case 'sendgrid':
      return readSendGrid(url, refused);
    case 'postmark':
      if (user === '' || password.length < SECRET_MIN_CHARACTERS)
        return refused(
          `needs postmark://user:password@ with a password of ${SECRET_MIN_CHARACTERS} characters or more`,
        );
      return { provider: 'postmark', user, password };
    case 'inbound':
      if (user !== '' || password.length < SECRET_MIN_CHARACTERS)
        return refused(`needs inbound://:SECRET@ with a secret of ${SECRET_MIN_CHARACTERS} characters or more`);
      return { provider: 'inbound', secret: password };
    default:
      return refused(`has a ${scheme}://; known are inbound, ses, postmark and sendgrid`);
  }
}

function decoded(part: string): string | undefined {
  try {
    return decodeURIComponent(part);
  } catch {
    return undefined;
  }
}

function readSes(url: URL, refused: (problem: string) => undefined): MailReports | undefined {
  const topics = url.searchParams.getAll('topic');
  const isTopic = (topic: string): boolean => /^arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[\w.-]{1,256}$/.test(topic);
  if (topics.length === 0 || !topics.every(isTopic))
    return refused('needs ses://?topic=arn:aws:sns:REGION:ACCOUNT:NAME, the topic that events are published to');
  return { provider: 'ses', topics };
}

function readSendGrid(url: URL, refused: (problem: string) => undefined): MailReports | undefined {
  // In a query "+" is a space, and base64 has none.
  const keys = url.searchParams.getAll('key').map((key) => key.replaceAll(' ', '+'));
  const isKey = (key: string): boolean => /^[A-Za-z0-9+/]{80,400}={0,2}$/.test(key);
  if (keys.length === 0 || !keys.every(isKey))
    return refused('needs sendgrid://?key=KEY, the verification key that SendGrid shows for the signed event webhook');
  return { provider: 'sendgrid', keys };
}
