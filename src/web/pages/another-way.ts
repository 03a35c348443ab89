import { html } from 'hono/html';
import { fill } from '../../locales/index.ts';
import { type Channel, isMessenger, MESSENGER_NAMES } from '../../rules/delivery.ts';
import type { IdentifierKind } from '../../rules/identifiers.ts';
import { choiceLink, heading, rich, typedText } from './fields.ts';
import { channelIcon, icon } from './icons.ts';
import { type Html, page, type View } from './layout.ts';

export interface AnotherWayProps {
  /** Empty where nobody typed it, and it is not said. */
  typed: string;
  kind: IdentifierKind;
  /** The channels of this installation, the same for everybody; never what an account has. */
  channels: readonly { channel: Channel; current: boolean }[];
}

/** Each channel is a `POST /recover/resend` with `channel`; the rest are links. */
export function anotherWayPage(view: View, { typed, kind, channels }: AnotherWayProps): Html {
  const t = view.t.anotherWay;
  return page(view, {
    title: t.title,
    main: html`<div class="card">
${heading(view, { icon: 'swap', title: t.title, lead: typed === '' ? t.leadElsewhere : rich(t.lead, { typed: typedText(typed) }), step: { step: 2, steps: 3 } })}
<ul class="choices">
${channels.map((way) => channelChoice(view, kind, way))}
${choiceLink('search', '/recover', t.other, t.otherWhy)}
${choiceLink('envelope', '/help#code', t.check, t.checkWhy)}
${choiceLink('person', '/help#contact', t.support, t.supportWhy)}
</ul>
</div>
<p class="below"><a href="/recover/code">${t.back}</a></p>`,
  });
}

function channelChoice(
  view: View,
  kind: IdentifierKind,
  { channel, current }: AnotherWayProps['channels'][number],
): Html {
  const t = view.t.anotherWay;
  const [title, why] = wordsOf(view, kind, channel, current);
  return html`<li><form method="post" action="/recover/resend"><input type="hidden" name="channel" value="${channel}"><button type="submit" class="choice">${icon(
    current ? 'again' : channelIcon(channel),
  )}<span><strong>${title}</strong>${current ? html` <em>${t.current}</em>` : ''}<small>${why}</small></span></button></form></li>`;
}

/** Where it goes is said of everybody alike: by what was typed, not by what an account has. */
function wordsOf(view: View, kind: IdentifierKind, channel: Channel, current: boolean): readonly [string, string] {
  const t = view.t.anotherWay;
  if (channel === 'email') {
    const why = kind === 'phone' ? t.emailOfPhoneWhy : t.emailWhy;
    return current ? [t.emailAgain, kind === 'phone' ? t.emailOfPhoneWhy : t.emailAgainWhy] : [t.email, why];
  }
  if (isMessenger(channel)) {
    const messenger = MESSENGER_NAMES[channel];
    return [fill(current ? t.messengerAgain : t.messenger, { messenger }), fill(t.messengerWhy, { messenger })];
  }
  return [current ? t.smsAgain : t.sms, kind === 'phone' ? t.smsToTypedWhy : t.smsWhy];
}
