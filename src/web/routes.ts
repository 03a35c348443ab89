/** Every address of the pages, on one screen. The API for apps is in api/api.ts. */
import type { Context as HttpContext } from 'hono';
import { showAccount, showActivity, submitSignOut, submitSignOutElsewhere } from './account.ts';
import * as addresses from './account-addresses.ts';
import * as messengers from './account-messengers.ts';
import { showChooseAccount, submitChooseAccount } from './choose-account.ts';
import { showConfirm, submitConfirm } from './confirm.ts';
import * as development from './development.ts';
import { submitDevChat } from './development-chats.ts';
import { proveOperator, redirectHome, redirectToRecovery, showHealth, showHelp, showReadiness } from './everywhere.ts';
import { showStatus } from './live-line.ts';
import { showCancel, showNotMe, submitCancel, submitNotMe } from './mail-links.ts';
import {
  showAnotherWay,
  showRecover,
  showSetPassword,
  submitFromSignIn,
  submitRecover,
  submitSetPassword,
} from './recover.ts';
import { showCompleteRegistration, showRegister, submitCompleteRegistration, submitRegister } from './register.ts';
import type { Web } from './request.ts';
import { showSignIn, submitSignIn } from './sign-in.ts';
import { judgePasswordWhileTyping, showCode, submitCode, submitResend } from './typed-code.ts';
import { receiveWebhook } from './webhooks.ts';
import { challengeWorkFor } from './work.ts';

export type Handler = (web: Web, c: HttpContext) => Response | Promise<Response>;
const { ownersOnly } = addresses;
type Route = [method: 'GET' | 'POST', path: string, handler: Handler];

// biome-ignore format: a table is read in rows and columns
export const ROUTES: readonly Route[] = [
  ['GET',  '/sign-in',                      showSignIn],
  ['POST', '/sign-in',                      submitSignIn],
  ['POST', '/sign-out',                     submitSignOut],

  ['GET',  '/recover',                      showRecover],
  ['POST', '/recover',                      submitRecover],
  ['POST', '/recover/from-sign-in',         submitFromSignIn],
  ['GET',  '/recover/code',                 showCode('recovery')],
  ['POST', '/recover/code',                 submitCode('recovery')],
  ['POST', '/recover/resend',               submitResend('recovery')],
  ['GET',  '/recover/status',               showStatus('recovery')],
  ['GET',  '/recover/another-way',          showAnotherWay],
  ['GET',  '/recover/account',              showChooseAccount],
  ['POST', '/recover/account',              submitChooseAccount],
  ['GET',  '/recover/password',             showSetPassword],
  ['POST', '/recover/password',             submitSetPassword],
  ['POST', '/recover/password/judge',       judgePasswordWhileTyping('recovery')],
  ['GET',  '/recover/confirm',              showConfirm],
  ['POST', '/recover/confirm',              submitConfirm],
  ['POST', '/recover/work',                 challengeWorkFor],
  ['GET',  '/recover/cancel/:token',        showCancel],
  ['POST', '/recover/cancel/:token',        submitCancel],
  ['GET',  '/recover/not-me/:token',        showNotMe],
  ['POST', '/recover/not-me/:token',        submitNotMe],

  ['GET',  '/register',                     showRegister],
  ['POST', '/register',                     submitRegister],
  ['GET',  '/register/code',                showCode('registration')],
  ['POST', '/register/code',                submitCode('registration')],
  ['POST', '/register/resend',              submitResend('registration')],
  ['GET',  '/register/status',              showStatus('registration')],
  ['GET',  '/register/complete',            showCompleteRegistration],
  ['POST', '/register/complete',            submitCompleteRegistration],
  ['POST', '/register/password/judge',      judgePasswordWhileTyping('registration')],

  ['GET',  '/account',                      showAccount],
  ['GET',  '/account/activity',             showActivity],
  ['POST', '/account/sign-out-elsewhere',   submitSignOutElsewhere],
  ['GET',  '/account/addresses/add',        ownersOnly(addresses.showAddAddress)],
  ['POST', '/account/addresses/add',        ownersOnly(addresses.submitAddAddress)],
  ['GET',  '/account/addresses/code',       ownersOnly(showCode('address'))],
  ['POST', '/account/addresses/code',       ownersOnly(addresses.submitAddressCode)],
  ['POST', '/account/addresses/resend',     ownersOnly(submitResend('address'))],
  ['GET',  '/account/addresses/status',     ownersOnly(showStatus('address'))],
  ['GET',  '/account/addresses/confirm/:address', ownersOnly(addresses.showConfirmNumber)],
  ['POST', '/account/addresses/confirm/:address', ownersOnly(addresses.submitConfirmNumber)],
  ['GET',  '/account/addresses/remove/:address',  ownersOnly(addresses.showRemoveAddress)],
  ['POST', '/account/addresses/remove/:address',  ownersOnly(addresses.submitRemoveAddress)],
  ['GET',  '/account/messengers/link/:messenger',    ownersOnly(messengers.showStartLink)],
  ['POST', '/account/messengers/link/:messenger',    ownersOnly(messengers.submitStartLink)],
  ['GET',  '/account/messengers/confirm/:messenger', ownersOnly(messengers.showConfirmLink)],
  ['POST', '/account/messengers/confirm/:messenger', ownersOnly(messengers.submitConfirmLink)],
  ['GET',  '/account/messengers/status/:messenger',  ownersOnly(messengers.showLinkStatus)],
  ['GET',  '/account/messengers/unlink/:messenger',  ownersOnly(messengers.showUnlinkMessenger)],
  ['POST', '/account/messengers/unlink/:messenger',  ownersOnly(messengers.submitUnlinkMessenger)],

  ['GET',  '/webhooks/:provider',           receiveWebhook],
  ['POST', '/webhooks/:provider',           receiveWebhook],

  ['GET',  '/help',                         showHelp],
  ['GET',  '/.well-known/change-password',  redirectToRecovery],
  ['GET',  '/.well-known/regain/:challenge', proveOperator],
  ['GET',  '/healthz',                      showHealth],
  ['GET',  '/readyz',                       showReadiness],
];

/** Only in development, where `/` is a small shop. */
// biome-ignore format: a table is read in rows and columns
export const DEVELOPMENT_ROUTES: readonly Route[] = [
  ['GET',  '/',                             development.showDevShop],
  ['GET',  '/dev/inbox',                    development.showDevInbox],
  ['GET',  '/dev/inbox/list',               development.showDevInboxList],
  ['GET',  '/dev/inbox/events',             development.showDevInboxEvents],
  ['GET',  '/dev/inbox/:id/html',           development.showDevInboxHtml],
  ['GET',  '/dev/inbox/chats/:messenger',   development.showDevInbox],
  ['POST', '/dev/inbox/chats/:messenger',   submitDevChat],
  ['POST', '/dev/inbox/report',             development.submitDevReport],
  ['POST', '/dev/inbox/behaviour',          development.submitDevBehaviour],
];

export const PRODUCTION_ROUTES: readonly Route[] = [['GET', '/', redirectHome]];
