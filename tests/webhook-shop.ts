/** A shop with every receiver of webhooks, and what whoever forges their calls writes. */
import { createHmac } from 'node:crypto';
import { sendGridSigner } from './signed-calls.ts';

export const ACCOUNT = 'AC00000000000000000000000000000001';
export const TOKEN = '123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsawk';
export const TELEGRAM_SECRET = createHmac('sha256', TOKEN).update('regain telegram webhook').digest('base64url');
export const INBOUND_SECRET = 'the-secret-of-the-inbound-hook';
export const signer = sendGridSigner();

/** A provider's server that is not there: nothing is sent. */
const api = 'http://127.0.0.1:9';
export const WEBHOOK_SETTINGS = {
  REGAIN_SMS_URL: `twilio://${ACCOUNT}:token@api.twilio.com?from=%2B12125550199&api=${api}`,
  REGAIN_SMS_COUNTRIES: 'US',
  REGAIN_TELEGRAM_GATEWAY_URL: `telegram-gateway://:${TOKEN}@gatewayapi.telegram.org?api=${api}`,
  REGAIN_TELEGRAM_URL: `telegram://${TOKEN}@api.telegram.org/shop_bot?api=${api}`,
  REGAIN_WHATSAPP_URL: `whatsapp://106540352242922:EAAJB-token@graph.facebook.com/v23.0?app_secret=0123456789abcdef0123456789abcdef&verify_token=chosen-by-us&template=code&languages=en_US&number=15550100&api=${api}`,
  REGAIN_VIBER_URL: `viber://:${TOKEN}@chatapi.viber.com?uri=shop&api=${api}`,
  REGAIN_MAIL_REPORTS: `inbound://:${INBOUND_SECRET}@,postmark://hook:the-password-of-postmark@,sendgrid://?key=${encodeURIComponent(signer.publicKey)}`,
  REGAIN_BOUNCE_ADDRESS: 'bounces@shop.example',
};
export const RECEIVERS = [
  'twilio',
  'telegram-gateway',
  'telegram',
  'whatsapp',
  'viber',
  'inbound',
  'postmark',
  'sendgrid',
] as const;

/** Well formed, and wrong. */
export const FORGED_PROOF = {
  'X-Twilio-Signature': `${'A'.repeat(27)}=`,
  'X-Hub-Signature-256': `sha256=${'0'.repeat(64)}`,
  'X-Viber-Content-Signature': '0'.repeat(64),
  'X-Telegram-Bot-Api-Secret-Token': 'x',
  'X-Request-Timestamp': '1',
  'X-Request-Signature': '0'.repeat(64),
  'Regain-Signature': `t=1,v1=${'0'.repeat(64)}`,
  'X-Twilio-Email-Event-Webhook-Signature': 'MEUCIQ'.padEnd(96, 'A'),
  'X-Twilio-Email-Event-Webhook-Timestamp': '1',
  Authorization: 'Basic eDp5',
};

/** What makes a receiver read the body: signatures of now in their form, and secrets that are shown as they are. */
export function readableProof(nowMs: number): Record<string, string> {
  const at = String(Math.floor(nowMs / 1000));
  return {
    ...FORGED_PROOF,
    'Content-Type': 'application/x-www-form-urlencoded',
    'X-Telegram-Bot-Api-Secret-Token': TELEGRAM_SECRET,
    'X-Request-Timestamp': at,
    'Regain-Signature': `t=${at},v1=${'0'.repeat(64)}`,
    Authorization: `Basic ${Buffer.from('hook:the-password-of-postmark').toString('base64')}`,
  };
}
