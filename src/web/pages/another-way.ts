import { html } from 'hono/html';
import type { Channel } from '../../rules/delivery.ts';
import { choiceLink, heading, rich, typedText } from './fields.ts';
import { icon } from './icons.ts';
import { type Html, page, type View } from './layout.ts';

export interface AnotherWayProps {
  typed: string;
  /** The channels of this installation, the same for everybody; never what an account has. */
  channels: readonly { channel: Channel; current: boolean }[];
}

/** Each channel is a `POST /recover/resend` with `channel`; the rest are links. */
export function anotherWayPage(view: View, { typed, channels }: AnotherWayProps): Html {
  const t = view.t.anotherWay;
  return page(view, {
    title: t.title,
    main: html`<div class="card">
${heading(view, { icon: 'swap', title: t.title, lead: rich(t.lead, { typed: typedText(typed) }), step: { step: 2, steps: 3 } })}
<ul class="choices">
${channels.map((way) => channelChoice(view, way))}
${choiceLink('search', '/recover', t.other, t.otherWhy)}
${choiceLink('envelope', '/help#code', t.check, t.checkWhy)}
${choiceLink('person', '/help#contact', t.support, t.supportWhy)}
</ul>
</div>
<p class="below"><a href="/recover/code">${t.back}</a></p>`,
  });
}

function channelChoice(view: View, { channel, current }: AnotherWayProps['channels'][number]): Html {
  const t = view.t.anotherWay;
  const [title, why] = channel === 'email' ? [t.email, t.emailWhy] : [t.sms, t.smsWhy];
  return html`<li><form method="post" action="/recover/resend"><input type="hidden" name="channel" value="${channel}"><button type="submit" class="choice">${icon(
    channel === 'email' ? 'again' : 'phone',
  )}<span><strong>${title}</strong>${current ? html` <em>${t.current}</em>` : ''}<small>${why}</small></span></button></form></li>`;
}
