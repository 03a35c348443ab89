import type { Over } from '../rules/delivery.ts';
import type { Delivery, RenderedText } from './delivery.ts';
import type { CodeKind } from './find-recipient.ts';

/** What a text of a proof says. To nobody who can't be told by text: he would be a decoy. */
export function renderCodeText(
  { renderText }: Pick<Delivery, 'renderText'>,
  { kind, again = false }: { kind: CodeKind; again?: boolean | undefined },
  code: string,
  locale: string,
  over: Over,
): RenderedText {
  switch (kind) {
    case 'registration-code':
      return renderText(kind, { code }, locale);
    case 'address-code':
      return renderText(kind, { code, again }, locale);
    case 'registration-taken':
    case 'address-taken':
      return renderText(kind, {}, locale);
    default:
      return renderText('recovery-code', { code }, locale, over);
  }
}
