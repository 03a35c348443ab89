/** Tokens that travel in a deep link into a messenger and come back from there, and the words with which a person leaves. */

/**
 * 192 bits as base64url: 32 characters without padding. 128 bits are needed against guessing; 32 characters fit Telegram's
 * 64, are few enough for a WhatsApp draft that people see, and no word of theirs is as long.
 */
export const LINK_TOKEN_BYTES = 24;
const LINK_TOKEN_LENGTH = 32;
/** Time to find the phone; a link that lies about is worth nothing (decision 0017). */
export const LINK_TOKEN_LIFETIME_MS = 10 * 60_000;
/** What is said in a chat is said when it happens, or not at all. */
export const CHAT_NOTICE_USEFUL_MS = 10 * 60_000;
const TOKEN = new RegExp(`^[A-Za-z0-9_-]{${LINK_TOKEN_LENGTH}}$`);
/** Whole runs of the alphabet, so that a part of something longer is none. */
const RUN = /[A-Za-z0-9_-]+/g;

/** @param bytes LINK_TOKEN_BYTES of a secure source; @throws RangeError for another length */
export function linkTokenOf(bytes: Buffer): string {
  if (bytes.length !== LINK_TOKEN_BYTES) throw new RangeError(`a link token is made of ${LINK_TOKEN_BYTES} bytes`);
  return bytes.toString('base64url');
}

export function isLinkToken(text: string): boolean {
  return TOKEN.test(text);
}

/**
 * The token in a text that a person may have edited around it: the only run of the right length, or undefined. Two are
 * ambiguous, and a guess could link the wrong account.
 */
export function findLinkToken(text: string): string | undefined {
  const found = new Set(text.match(RUN)?.filter(isLinkToken) ?? []);
  return found.size === 1 ? [...found][0] : undefined;
}

/**
 * Words that end messages, per language. English as US carriers require and Twilio obeys; elsewhere the words of the
 * carriers' own rules. Only a whole message counts: "please don't stop" is no goodbye.
 */
const STOP_WORDS: Record<string, readonly string[]> = {
  en: ['stop', 'stopall', 'stop all', 'unsubscribe', 'end', 'quit', 'cancel', 'revoke', 'optout', 'opt out', 'opt-out'],
  es: ['alto', 'parar', 'baja', 'cancelar', 'detener', 'salir'],
  fr: ['arret', 'arrêt', 'arreter', 'arrêter', 'desabonner', 'désabonner', 'desinscrire', 'désinscrire'],
  de: ['stopp', 'abmelden', 'abbestellen', 'beenden'],
  it: ['ferma', 'basta', 'annulla', 'disiscrivi'],
  pt: ['pare', 'parar', 'sair', 'cancelar'],
  nl: ['stoppen', 'afmelden', 'uitschrijven'],
  pl: ['koniec', 'wypisz', 'rezygnuję', 'rezygnuje'],
  ru: ['стоп', 'отписаться', 'отмена'],
  uk: ['стоп', 'відписатися', 'скасувати'],
  bg: ['стоп', 'отписване'],
  el: ['στοπ', 'διακοπη', 'διακοπή'],
  tr: ['dur', 'iptal', 'durdur'],
  ar: ['توقف', 'إيقاف', 'ايقاف', 'الغاء', 'إلغاء'],
  he: ['הסר', 'הפסק', 'עצור'],
  hi: ['रोकें', 'बंद'],
  id: ['berhenti'],
  vi: ['dừng', 'hủy'],
  th: ['หยุด', 'ยกเลิก'],
  ja: ['停止', '配信停止', '解除'],
  zh: ['停止', '退订', '退訂', '取消'],
  ko: ['중지', '수신거부'],
};
const ALL_STOP_WORDS = new Set(
  Object.values(STOP_WORDS)
    .flat()
    .map((word) => word.normalize('NFC')),
);

/**
 * Whether a message is nothing but a word that stops, in any language: people who ask for an end are not asked to do so in
 * the language of their account. Case, white space around, a leading slash and closing punctuation do not count.
 */
export function isStopWord(text: string): boolean {
  const word = wordOf(text);
  return ALL_STOP_WORDS.has(word.toLowerCase()) || ALL_STOP_WORDS.has(word.toLocaleLowerCase('tr'));
}

/** Whether a message is nothing but a question what this chat is for; `/start` is what Telegram sends for whoever found the bot. */
export function isHelpWord(text: string): boolean {
  return ['help', 'start'].includes(wordOf(text).toLowerCase());
}

/** A message as a word; empty for what is too long to be one. */
function wordOf(text: string): string {
  if (text.length > 64) return '';
  return text
    .normalize('NFC')
    .replace(/[\p{Cf}]/gu, '')
    .trim()
    .replace(/^\//, '')
    .replace(/[.!。!]+$/u, '')
    .replace(/\s+/gu, ' ')
    .trim();
}
