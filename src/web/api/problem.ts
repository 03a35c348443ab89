/** Refusals as RFC 9457 problem documents: a stable code, a safe sentence, nothing of the request. */
import { PROBLEMS, type ProblemCode, type Refusal } from '../../rules/errors.ts';

const TITLES: Record<ProblemCode, string> = {
  invalid_request: 'The request is not of the expected form.',
  invalid_identifier: 'This is neither an email address nor a phone number that can be used here.',
  invalid_credentials: 'The identifier and the password do not belong together, or the session has ended.',
  forbidden: 'The request came from another site.',
  not_found: 'There is nothing at this address.',
  recovery_not_found: 'There is no such recovery, or it has ended. Start again.',
  method_not_allowed: 'This address does not take this method.',
  code_expired: 'The code has expired. Ask for a new one.',
  body_too_large: 'The body is too large.',
  unsupported_media_type: 'The body is of the wrong media type.',
  wrong_code: 'The code is not right.',
  weak_password: 'The password is too easy to guess.',
  too_many_tries: 'There were too many wrong codes. Ask for a new one.',
  rate_limited: 'Too many requests. Wait and try again.',
  unavailable: 'The service is busy or out of order. Try again soon.',
};

export function problemResponse(refusal: Refusal): Response {
  const { code, details } = refusal;
  const { status } = PROBLEMS[code];
  const body = {
    type: `urn:regain:problem:${code}`,
    title: TITLES[code],
    status,
    code,
    ...(details.detail === undefined ? {} : { detail: details.detail }),
    ...(details.triesLeft === undefined ? {} : { triesLeft: details.triesLeft }),
    ...(details.reasons === undefined ? {} : { reasons: details.reasons }),
  };
  const headers: Record<string, string> = { 'Content-Type': 'application/problem+json' };
  if (details.retryAfterSeconds !== undefined) headers['Retry-After'] = String(Math.max(1, details.retryAfterSeconds));
  return new Response(JSON.stringify(body), { status, headers });
}
