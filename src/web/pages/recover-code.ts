import { html } from 'hono/html';
import { countryName, durationText, fill, fillCount } from '../../locales/index.ts';
import type { CodeFormat, Purpose } from '../../rules/codes.ts';
import { type Channel, isMessenger, MESSENGER_NAMES, type ShownStatus } from '../../rules/delivery.ts';
import { dependsOnCountry, type IdentifierKind, internationalForm } from '../../rules/identifiers.ts';
import { CODE_LIFETIME_MS, TRIES_PER_CODE } from '../../rules/limits.ts';
import { errorSummary, heading, notice, rich, textField, typedText, warning } from './fields.ts';
import { channelIcon, icon } from './icons.ts';
import { type FieldError, type Html, page, type View } from './layout.ts';

export interface CodeProps {
  purpose: Purpose;
  /** Where the forms go: `{base}/code`, `{base}/resend`, `{base}/status`. */
  base: '/recover' | '/register' | '/account/addresses';
  /** Empty where nobody typed it, and it is not said. */
  typed: string;
  kind: IdentifierKind;
  /** Only for a phone number: as it was read, E.164. */
  number?: string | undefined;
  channel: Channel;
  codeFormat: CodeFormat;
  codeLength: number;
  /** In times of high risk the message has a link and no code. */
  carries: 'code' | 'link';
  state: 'code_sent' | 'code_expired' | 'code_used_up';
  triesLeft: number;
  /** Seconds until "send again" is accepted; 0 when it is now. */
  resendWaitSeconds: number;
  delivery: ShownStatus;
  /** Whether asking again may tell more of it. */
  mayChange: boolean;
  /** The way that the code went on by, where this browser may know. */
  by?: Channel | undefined;
  /** The mail address that the message comes from. */
  sender: string;
  errors: readonly FieldError[];
  /** The code was just sent again. */
  resent?: boolean | undefined;
}

/** One page for recovering and registering: `POST {base}/code` with `code`. */
export function codePage(view: View, props: CodeProps): Html {
  const { t } = view;
  const dead = props.state !== 'code_sent';
  // A dead code needs no correction: what happened and the way on are all there is to say of it.
  const errors = props.errors.filter(({ field }) => !dead || field !== 'code');
  return page(view, {
    title: titleOf(view, props),
    hasErrors: errors.length > 0 || dead,
    main: html`<div class="card" data-code-page>${errorSummary(view, errors)}${
      props.resent && !dead && errors.length === 0 ? notice(t.code.resent) : ''
    }
${heading(view, {
  icon: channelIcon(props.channel),
  title: carriesLink(props) ? t.code.linkTitle : t.code.title,
  lead: dead ? undefined : sentText(view, props),
  step: { step: 2, steps: props.purpose === 'address' ? 2 : 3 },
})}
${readAsLine(view, props)}
${dead ? deadCode(view, props) : livingCode(view, props)}
</div>
${waysOn(view, props)}`,
  });
}

/** Without a plus sign it may have been read with the country of somebody else, and its owner can tell only from the whole of it. */
function readAsLine(view: View, { typed, number, purpose, base }: CodeProps): Html | '' {
  if (number === undefined || !dependsOnCountry(typed)) return '';
  const { number: written, country } = internationalForm(number);
  const where = country === undefined ? '' : ` (${countryName(view.locale, country)})`;
  const again = purpose === 'address' ? '/account/addresses/add' : base;
  return html`<p class="hint">${rich(view.t.code.readAs, { number: html`<bdi class="typed" dir="ltr">${written}</bdi>${where}` })} <a href="${again}">${view.t.code.notMyNumber}</a></p>`;
}

function titleOf({ t }: View, props: CodeProps): string {
  const { state } = props;
  if (state === 'code_expired') return t.code.expiredTitle;
  if (state === 'code_used_up') return t.code.usedUpTitle;
  return carriesLink(props) ? t.code.linkTitle : t.code.title;
}

function carriesLink({ carries, state }: CodeProps): boolean {
  return carries === 'link' && state === 'code_sent';
}

function sentText({ t }: View, props: CodeProps): unknown {
  const { purpose, typed, kind, channel } = props;
  if (typed === '') return t.code.sentElsewhere;
  const params = { typed: typedText(typed) };
  if (carriesLink(props)) return rich(t.code.sentLink, params);
  if (purpose !== 'recovery') return rich(t.code.sentRegistration, params);
  if (isMessenger(channel))
    return rich(t.code.sentRecoveryByMessenger, { ...params, messenger: MESSENGER_NAMES[channel] });
  if (channel !== 'email' && kind === 'email') return rich(t.code.sentRecoveryByText, params);
  return rich(kind === 'phone' && channel === 'email' ? t.code.sentRecoveryByEmail : t.code.sentRecovery, params);
}

function livingCode(view: View, props: CodeProps): Html {
  const { t } = view;
  const digits = props.codeFormat === 'digits';
  if (props.carries === 'link')
    return html`${deliveryLine(view, props)}<p class="purpose">${icon('shield')}<span>${t.code.linkOnly}</span></p>`;
  return html`${deliveryLine(view, props)}
<form method="post" action="${props.base}/code" novalidate data-code-form>
${textField({
  name: 'code',
  label: t.code.label,
  hint: codeHint(view, props),
  errors: props.errors,
  attributes: html`class="code" type="text" ${
    digits ? html`inputmode="numeric"` : html`autocapitalize="characters"`
  } autocomplete="one-time-code" spellcheck="false" autocorrect="off" maxlength="32" dir="ltr"`,
})}
<p class="purpose">${icon('shield')}<span>${fill(purposeText(view, props), { brand: view.brand.name })}</span></p>
<button type="submit" class="primary">${t.code.submit}</button>
</form>`;
}

function purposeText({ t }: View, { purpose, kind }: CodeProps): string {
  const { purposeRecovery, purposeRegistration, purposeAddress, purposeNumber } = t.code;
  const address = kind === 'phone' ? purposeNumber : purposeAddress;
  return { recovery: purposeRecovery, registration: purposeRegistration, address }[purpose];
}

function codeHint(view: View, { codeFormat, codeLength, triesLeft, errors }: CodeProps): string {
  const { t, locale } = view;
  const forms = codeFormat === 'digits' ? t.code.hintDigits : t.code.hintLetters;
  const hint = fillCount(locale, forms, codeLength, { lifetime: codeLifetime(view) });
  const tries = triesLeft < TRIES_PER_CODE && errors.length === 0 ? fillCount(locale, t.code.triesLeft, triesLeft) : '';
  return `${hint} ${tries}`.trim();
}

/** The truth about the message. The script asks `{base}/status` for news; without it there is a link, while there may be any. */
function deliveryLine(view: View, { base, channel, delivery, mayChange, by, purpose }: CodeProps): Html {
  const { queued, sent, delivered, failed } = deliveryTexts(view, { channel, purpose });
  return html`<div class="delivery" data-status-url="${base}/status" data-delivery="${delivery}" data-queued="${queued}" data-sent="${sent}" data-delivered="${delivered}" data-failed="${failed}"><span class="dot" aria-hidden="true"></span><p role="status">${deliveryWords(view, { channel, delivery, by, purpose })}</p>${
    mayChange ? html` <a href="${base}/code" data-without-script>${view.t.code.checkAgain}</a>` : ''
  }</div>`;
}

export function deliveryWords(
  view: View,
  { channel, delivery, by, purpose }: Pick<CodeProps, 'channel' | 'delivery' | 'by' | 'purpose'>,
): string {
  const { t } = view;
  if (by === undefined) return deliveryTexts(view, { channel, purpose })[delivery];
  const way = isMessenger(by) ? MESSENGER_NAMES[by] : by === 'email' ? t.code.byEmail : t.code.byText;
  return fill(t.code.deliveryBy[delivery], { way });
}

/** Only a recovery has other ways than a text that does not come. */
function deliveryTexts(
  { t: { code } }: View,
  { channel, purpose }: Pick<CodeProps, 'channel' | 'purpose'>,
): Record<ShownStatus, string> {
  if (channel === 'email') return code.delivery;
  if (isMessenger(channel)) return code.deliveryByMessenger;
  return purpose === 'recovery' ? code.deliveryByText : { ...code.deliveryByText, ...code.deliveryOnlyByText };
}

function deadCode(view: View, props: CodeProps): Html {
  const { t } = view;
  const expired = props.state === 'code_expired';
  return html`${warning(
    titleOf(view, props),
    fill(expired ? t.code.expired : t.code.usedUp, { lifetime: codeLifetime(view) }),
  )}
${resendForm(view, props, 'primary')}`;
}

function waysOn(view: View, props: CodeProps): Html {
  const { t } = view;
  const dead = props.state !== 'code_sent';
  const other =
    props.purpose === 'recovery'
      ? html`<a href="/recover/another-way">${t.code.anotherWay}</a>`
      : html`<a href="${props.purpose === 'registration' ? '/register' : '/account/addresses/add'}">${props.kind === 'phone' ? t.code.emailInstead : t.code.anotherAddress}</a>`;
  return html`<section class="ways" aria-labelledby="ways"><h2 id="ways">${carriesLink(props) ? t.code.noMessage : t.code.nothing}</h2>
<p>${props.channel === 'email' ? rich(t.code.spam, { sender: html`<bdi>${props.sender}</bdi>` }) : signalText(view, props)}</p>
${dead ? '' : resendForm(view, props, 'secondary')}
<ul class="links"><li>${other}</li><li><a href="/help#code">${t.code.cannotGet}</a></li></ul></section>`;
}

function signalText({ t }: View, { channel, purpose }: CodeProps): string {
  if (isMessenger(channel)) return t.code.chat;
  return `${purpose === 'recovery' ? t.code.signal : t.code.signalAlone} ${t.code.simSwap}`;
}

/** Without script the button always works, and the server answers with the waiting time. */
function resendForm(view: View, props: CodeProps, look: 'primary' | 'secondary'): Html {
  const { t } = view;
  const wait = props.resendWaitSeconds;
  return html`<form method="post" action="${props.base}/resend" class="resend"${
    wait > 0 ? html` data-wait-seconds="${wait}" data-wait-text="${t.code.waitTicking}"` : ''
  }><button type="submit" id="resend" class="${look}"${wait > 0 ? html` aria-describedby="resend-wait"` : ''}>${
    look === 'primary' ? t.code.sendNew : t.code.sendAgain
  }</button>${
    wait > 0
      ? html`<p class="hint" id="resend-wait">${fill(t.code.waitStatic, { wait: durationText(view, wait) })}</p>`
      : ''
  }</form>`;
}

function codeLifetime(view: View): string {
  return durationText(view, CODE_LIFETIME_MS / 1000);
}
