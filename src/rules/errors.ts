/** What can be refused, each with a stable code, an HTTP status and a text key; RFC 9457 problem documents carry the code. */
export const PROBLEMS = {
  invalid_request: { status: 400 },
  invalid_identifier: { status: 400 },
  invalid_credentials: { status: 401 },
  forbidden: { status: 403 },
  not_found: { status: 404 },
  recovery_not_found: { status: 404 },
  method_not_allowed: { status: 405 },
  code_expired: { status: 410 },
  body_too_large: { status: 413 },
  unsupported_media_type: { status: 415 },
  wrong_code: { status: 422 },
  weak_password: { status: 422 },
  too_many_tries: { status: 429 },
  rate_limited: { status: 429 },
  unavailable: { status: 503 },
} as const;
export type ProblemCode = keyof typeof PROBLEMS;

export interface RefusalDetails {
  /** Seconds until it makes sense to try again; becomes `Retry-After`. */
  retryAfterSeconds?: number;
  triesLeft?: number;
  /** Why a password was refused: keys of `rules/passwords.ts`. */
  reasons?: readonly string[];
  /** Field that the person should correct. */
  field?: string;
  /** A corrected spelling that we can offer. */
  suggestion?: string;
  /** More about an invalid request, safe to show. */
  detail?: string;
}

/** A request that was understood and refused; its code is safe to show, its message is for the log. */
export class Refusal extends Error {
  readonly code: ProblemCode;
  readonly details: RefusalDetails;
  constructor(code: ProblemCode, details: RefusalDetails = {}) {
    super(code);
    this.name = 'Refusal';
    this.code = code;
    this.details = details;
  }
}
