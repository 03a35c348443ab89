/** The screen where the code is entered, and what belongs to it; the same for recovering and registering. */
import type { Context as HttpContext } from 'hono';
import { judgeRecoveryPassword, judgeRegistrationPassword } from '../actions/judge-password.ts';
import { resendCode } from '../actions/resend-code.ts';
import { type ProofView, showProof } from '../actions/show-proof.ts';
import { isOwnAttempt } from '../actions/start-address.ts';
import { verifyCode } from '../actions/verify-code.ts';
import type { Purpose } from '../rules/codes.ts';
import { CHANNELS, type Channel } from '../rules/delivery.ts';
import { Refusal } from '../rules/errors.ts';
import { composedName } from '../rules/normal-form.ts';
import { birthdayOf } from './birthday-field.ts';
import type { CookieName } from './cookies.ts';
import { senderAddress } from './everywhere.ts';
import { fieldErrors, passwordMessages } from './pages/problems.ts';
import { type CodeProps, codePage } from './pages/recover-code.ts';
import { readForm } from './read-body.ts';
import { originOf, refusedStatus, viewOf, type Web } from './request.ts';
import type { Handler } from './routes.ts';

type Base = CodeProps['base'];
export const BASES: Record<Purpose, Base> = {
  recovery: '/recover',
  registration: '/register',
  address: '/account/addresses',
};
/** Where the right code leads; `choosing` is a state of recoveries alone. */
const CHOOSE = '/recover/account';
const NEXT: Record<Purpose, string> = {
  recovery: '/recover/password',
  registration: '/register/complete',
  address: '/account/addresses/add',
};
/** Where an attempt begins, and where one that is completed leads. */
export const BEGINNINGS: Record<Purpose, string> = { ...BASES, address: '/account/addresses/add' };
const ENDS: Record<Purpose, string> = { recovery: '/sign-in', registration: '/sign-in', address: '/account' };

export const showCode =
  (purpose: Purpose): Handler =>
  async (web, c) => {
    const proof = await proofOf(web, c, purpose);
    if (!proof) return c.redirect(BEGINNINGS[purpose], 303);
    if (proof.state === 'choosing') return c.redirect(CHOOSE, 303);
    if (proof.state === 'verified' || proof.state === 'held') return c.redirect(NEXT[purpose], 303);
    if (proof.state === 'completed') return c.redirect(ENDS[purpose], 303);
    return c.html(codePage(viewOf(web, c), codeProps(web, proof, { resent: c.req.query('sent') === 'again' })));
  };

export const submitCode =
  (purpose: Purpose): Handler =>
  async (web, c) => {
    const typed = (await readForm(c)).get('code') ?? '';
    const token = await tokenOf(web, c, purpose);
    if (token === undefined) return c.redirect(BEGINNINGS[purpose], 303);
    try {
      const verified = await verifyCode(web.context, purpose, token, typed, { rotateToken: true });
      web.cookies.write(c, purpose, verified.token);
      return c.redirect(verified.proof.state === 'choosing' ? CHOOSE : NEXT[purpose], 303);
    } catch (error) {
      return showRefused(web, c, purpose, error, typed);
    }
  };

export const submitResend =
  (purpose: Purpose): Handler =>
  async (web, c) => {
    const token = await tokenOf(web, c, purpose);
    if (token === undefined) return c.redirect(BEGINNINGS[purpose], 303);
    const chosen = (await readForm(c)).get('channel');
    try {
      await resendCode(
        web.context,
        purpose,
        token,
        originOf(web, c),
        chosen === undefined ? undefined : readChannel(chosen),
      );
      return c.redirect(`${BASES[purpose]}/code?sent=again`, 303);
    } catch (error) {
      // A page of the time before the settings changed: the choices of today help.
      if (error instanceof Refusal && error.details.field === 'channel')
        return c.redirect(purpose === 'recovery' ? '/recover/another-way' : `${BASES[purpose]}/code`, 303);
      return showRefused(web, c, purpose, error, '');
    }
  };

/** @throws Refusal `invalid_request` */
function readChannel(channel: string): Channel {
  const known = CHANNELS.find((name) => name === channel);
  if (!known) throw new Refusal('invalid_request', { field: 'channel' });
  return known;
}

export const judgePasswordWhileTyping =
  (purpose: Exclude<Purpose, 'address'>): Handler =>
  async (web, c) => {
    const form = await readForm(c);
    const token = (await tokenOf(web, c, purpose)) ?? '';
    const password = form.get('password') ?? '';
    const profile = { name: composedName(form.get('name') ?? '') ?? null, birthday: birthdayOf(form).iso ?? null };
    const { accepted, score, rules, reasons } =
      purpose === 'recovery'
        ? await judgeRecoveryPassword(web.context, token, password)
        : await judgeRegistrationPassword(web.context, token, password, profile);
    const view = viewOf(web, c);
    return c.json({
      accepted,
      score,
      rules,
      reasons: reasons.map((key) => ({ key, message: passwordMessages(view, [key])[0] })),
    });
  };

/** What the claimant's cookie stands for; undefined where there is none, or it has ended. */
export async function proofOf(web: Web, c: HttpContext, purpose: Purpose): Promise<ProofView | undefined> {
  const token = await tokenOf(web, c, purpose);
  if (token === undefined) return undefined;
  try {
    return await showProof(web.context, purpose, token);
  } catch (error) {
    if (error instanceof Refusal) return undefined;
    throw error;
  }
}

/** Who adds an address is signed in: somebody else's attempt in this browser is none of his. */
export async function tokenOf(web: Web, c: HttpContext, purpose: Purpose): Promise<string | undefined> {
  const token = web.cookies.read(c, purpose satisfies CookieName);
  if (token === undefined || purpose !== 'address') return token;
  return (await isOwnAttempt(web.context, web.cookies.read(c, 'session'), token)) ? token : undefined;
}

/** The page again, with what is wrong; an attempt that is over leads back to its beginning. */
export async function showRefused(
  web: Web,
  c: HttpContext,
  purpose: Purpose,
  error: unknown,
  typed: string,
): Promise<Response> {
  if (!(error instanceof Refusal)) throw error;
  const proof = await proofOf(web, c, purpose);
  if (!proof || error.code === 'recovery_not_found') return c.redirect(BEGINNINGS[purpose], 303);
  const view = viewOf(web, c);
  const shape = { format: proof.codeFormat, length: proof.codeLength, typed };
  const errors = fieldErrors(view, error, { fallbackField: 'code', context: { code: shape } });
  return c.html(codePage(view, codeProps(web, proof, { errors })), refusedStatus(c, error));
}

function codeProps(web: Web, proof: ProofView, more: Pick<Partial<CodeProps>, 'errors' | 'resent'>): CodeProps {
  const state = proof.state === 'code_expired' || proof.state === 'code_used_up' ? proof.state : 'code_sent';
  return {
    purpose: proof.purpose,
    base: BASES[proof.purpose],
    typed: proof.typed,
    kind: proof.kind,
    number: proof.number,
    channel: proof.channel,
    codeFormat: proof.codeFormat,
    codeLength: proof.codeLength,
    carries: proof.carries,
    state,
    triesLeft: proof.triesLeft,
    // A dead code is replaced without waiting.
    resendWaitSeconds:
      state === 'code_sent' ? Math.max(0, Math.ceil((proof.resendAt - web.context.clock.now()) / 1000)) : 0,
    delivery: proof.delivery,
    mayChange: proof.mayChange,
    by: proof.by,
    sender: senderAddress(web),
    errors: [],
    ...more,
  };
}
