/** Calls as providers make them, with signatures made on their side. */
import { createHmac, createSign, generateKeyPairSync, type KeyObject } from 'node:crypto';
import type { WebhookCall } from '../src/ports.ts';

export function call(
  body: string | Uint8Array,
  headers: Record<string, string> = {},
  method: 'GET' | 'POST' = 'POST',
): WebhookCall {
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  return { method, url: 'https://accounts.shop.example/webhooks/x', headers: new Headers(headers), body: bytes };
}

/** `Regain-Signature` of a body. */
export function regainSignature(secret: string, body: string | Uint8Array, atMs: number): string {
  const at = Math.floor(atMs / 1000);
  return `t=${at},v1=${createHmac('sha256', secret).update(`${at}.`).update(body).digest('hex')}`;
}

export interface SendGridSigner {
  /** As SendGrid shows it. */
  publicKey: string;
  sign(body: string, timestamp: string): Record<string, string>;
}

export function sendGridSigner(): SendGridSigner {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return {
    publicKey: publicKey.export({ type: 'spki', format: 'der' }).toString('base64'),
    sign: (body, timestamp) => ({
      'X-Twilio-Email-Event-Webhook-Signature': createSign('sha256')
        .update(timestamp + body)
        .sign(privateKey, 'base64'),
      'X-Twilio-Email-Event-Webhook-Timestamp': timestamp,
    }),
  };
}

/** A document of Amazon SNS, signed by whoever holds the key. */
export function snsDocument(
  key: KeyObject | string,
  fields: Record<string, string>,
  version: '1' | '2' = '2',
): Record<string, string> {
  const names =
    fields.Type === 'Notification'
      ? ['Message', 'MessageId', 'Subject', 'Timestamp', 'TopicArn', 'Type']
      : ['Message', 'MessageId', 'SubscribeURL', 'Timestamp', 'Token', 'TopicArn', 'Type'];
  let text = '';
  for (const name of names) if (fields[name] !== undefined) text += `${name}\n${fields[name]}\n`;
  const algorithm = version === '1' ? 'RSA-SHA1' : 'RSA-SHA256';
  return { ...fields, SignatureVersion: version, Signature: createSign(algorithm).update(text).sign(key, 'base64') };
}
