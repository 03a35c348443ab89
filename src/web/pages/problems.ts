/** Refusals in words. */
import { durationText, fill, fillCount } from '../../locales/index.ts';
import type { CodeFormat } from '../../rules/codes.ts';
import type { ProblemCode, RefusalDetails } from '../../rules/errors.ts';
import type { IdentifierProblem } from '../../rules/identifiers.ts';
import { NAME_MAX_CHARACTERS, PASSWORD_MAX_CHARACTERS } from '../../rules/limits.ts';
import { PASSPHRASE_MIN_CHARACTERS } from '../../rules/passwords.ts';
import { TEXT_PROBLEMS, type TextProblem } from '../../rules/text-numbers.ts';
import type { FieldError, View } from './layout.ts';

/** What the page knows of the request that was refused, beyond the refusal itself. */
export interface ProblemContext {
  /** Why `readIdentifier` refused. */
  identifier?: IdentifierProblem | undefined;
  /** Why no code can be texted to the number that was typed. */
  phone?: TextProblem | undefined;
  /** What the code should have looked like. */
  code?: { format: CodeFormat; length: number; typed: string } | undefined;
}

type Problem = { code: ProblemCode; details: RefusalDetails };

/** One sentence for a refusal: what is wrong and what to do. The same for everybody, whether or not an account exists. */
export function problemMessage(
  view: Pick<View, 't' | 'locale'>,
  problem: Problem,
  context: ProblemContext = {},
): string {
  const { code, details } = problem;
  const { t } = view;
  switch (code) {
    case 'invalid_identifier':
      return context.phone ? view.t.fieldErrors.phone[context.phone] : identifierMessage(view, context.identifier);
    case 'invalid_credentials':
      return t.fieldErrors.credentials;
    case 'invalid_request':
      return fieldMessage(view, details.field, context);
    case 'wrong_code':
      return wrongCodeMessage(view, details.triesLeft);
    case 'weak_password':
      return weakPasswordMessage(view, details.reasons ?? []);
    default:
      return withWait(view, t.problems[code].text, details.retryAfterSeconds);
  }
}

/** The field that a refusal is about, named as in the form; for the error summary and `aria-describedby`. */
export function problemField({ code, details }: Problem, fallback: string): string {
  if (details.field === 'birthday') return 'birthday_day';
  if (details.field !== undefined) return details.field;
  if (code === 'invalid_identifier') return 'identifier';
  if (code === 'weak_password') return 'password';
  // Beside a code only sending is limited: guesses are counted, not slowed.
  if (code === 'rate_limited' && fallback === 'code') return 'resend';
  return code === 'wrong_code' ? 'code' : fallback;
}

/** What `requireProvable` refused, told by its detail. */
export function phoneProblemOf({ details }: Pick<Problem, 'details'>): TextProblem | undefined {
  const problem = details.detail?.startsWith('phone_') ? details.detail.slice('phone_'.length) : undefined;
  return TEXT_PROBLEMS.find((one) => one === problem);
}

/** A refusal as what a form shows. */
export function fieldErrors(
  view: Pick<View, 't' | 'locale'>,
  problem: Problem,
  options: { fallbackField: string; context?: ProblemContext },
): FieldError[] {
  return [
    { field: problemField(problem, options.fallbackField), message: problemMessage(view, problem, options.context) },
  ];
}

/** Why a password was refused, one sentence each. `reasons` are the keys of `rules/passwords.ts`. */
export function passwordMessages({ t }: Pick<View, 't'>, reasons: readonly string[]): string[] {
  const texts: Record<string, string> = t.password.reasons;
  const numbers = { long: PASSPHRASE_MIN_CHARACTERS, most: PASSWORD_MAX_CHARACTERS };
  return reasons.map((reason) => fill(texts[reason] ?? t.problems.weak_password.text, numbers));
}

/** Two reasons are enough to act on, and "too easy to guess" says nothing beside one that is more exact. */
function weakPasswordMessage(view: Pick<View, 't'>, reasons: readonly string[]): string {
  const exact = reasons.filter((reason) => reason !== 'too_guessable');
  return passwordMessages(view, (exact.length > 0 ? exact : ['too_guessable']).slice(0, 2)).join(' ');
}

function identifierMessage({ t }: Pick<View, 't'>, problem: IdentifierProblem | undefined): string {
  const messages: Record<IdentifierProblem, string> = {
    empty: t.fieldErrors.identifierEmpty,
    too_long: t.fieldErrors.identifierTooLong,
    control_characters: t.fieldErrors.identifierControl,
    malformed_email: t.fieldErrors.malformedEmail,
    malformed_phone: t.fieldErrors.malformedPhone,
    phone_extension: t.fieldErrors.phoneExtension,
    unknown_country: t.fieldErrors.unknownCountry,
  };
  return problem ? messages[problem] : t.problems.invalid_identifier.text;
}

function wrongCodeMessage({ t, locale }: Pick<View, 't' | 'locale'>, triesLeft: number | undefined): string {
  if (triesLeft === undefined) return `${t.problems.wrong_code.title}. ${t.problems.wrong_code.text}`;
  return triesLeft > 0 ? fillCount(locale, t.fieldErrors.wrongCode, triesLeft) : t.fieldErrors.wrongCodeLast;
}

function fieldMessage(view: Pick<View, 't' | 'locale'>, field: string | undefined, context: ProblemContext): string {
  const { t, locale } = view;
  switch (field) {
    case 'code':
      return codeShapeMessage(view, context.code);
    case 'name':
      return fillCount(locale, t.fieldErrors.name, NAME_MAX_CHARACTERS);
    case 'birthday':
    case 'birthday_day':
      return t.fieldErrors.birthday;
    case 'password':
      return t.fieldErrors.passwordEmpty;
    case 'password2':
      return t.password.reasons.not_repeated;
    case 'identifier':
      return identifierMessage(view, context.identifier);
    case 'account':
      return t.chooseAccount.choose;
    case 'country':
      return t.fieldErrors.unknownCountry;
    default:
      return t.fieldErrors.general;
  }
}

function codeShapeMessage({ t, locale }: Pick<View, 't' | 'locale'>, shape: ProblemContext['code']): string {
  if (!shape) return t.fieldErrors.codeShape;
  if (shape.typed.trim() === '') return t.fieldErrors.codeEmpty;
  return fillCount(
    locale,
    shape.format === 'digits' ? t.fieldErrors.codeShapeDigits : t.fieldErrors.codeShapeLetters,
    shape.length,
  );
}

function withWait(view: Pick<View, 't' | 'locale'>, text: string, retryAfterSeconds: number | undefined): string {
  if (retryAfterSeconds === undefined) return text;
  return `${text} ${fill(view.t.problems.wait, { wait: durationText(view, retryAfterSeconds) })}`;
}
