/** The fields of the submit_sm PDUs that carry one text (SMPP 3.4, 4.4.1), named as the specification names them. */
import { splitText } from './gsm7.ts';
import { validityPeriod } from './smpp.ts';
import type { SmppUrl } from './sms-urls.ts';

export type SubmitFields = Record<string, string | number | Buffer>;

/** @param reference joins the parts of one text: 0 to 255, another one for the next text */
export function submitFields(
  settings: Pick<SmppUrl, 'from' | 'long'>,
  message: { to: string; text: string; leftMs: number },
  reference: number,
): SubmitFields[] {
  const { encoding, parts } = splitText(message.text);
  const total = parts.length;
  const fields = {
    source_addr_ton: settings.from.ton,
    source_addr_npi: settings.from.npi,
    source_addr: settings.from.address,
    dest_addr_ton: 1,
    dest_addr_npi: 1,
    destination_addr: message.to.slice(1),
    // The server's default alphabet, which is GSM 7-bit with one septet a byte; or UCS-2.
    data_coding: encoding === 'gsm7' ? 0 : 8,
    validity_period: validityPeriod(message.leftMs),
    registered_delivery: 1,
  };
  if (total === 1) return [{ ...fields, short_message: Buffer.concat(parts) }];
  if (settings.long === 'payload')
    return [{ ...fields, short_message: Buffer.alloc(0), message_payload: Buffer.concat(parts) }];
  return parts.map((part, index) =>
    settings.long === 'sar'
      ? {
          ...fields,
          short_message: Buffer.from(part),
          sar_msg_ref_num: reference,
          sar_total_segments: total,
          sar_segment_seqnum: index + 1,
        }
      : {
          ...fields,
          // There is a header: 5 bytes, element 0 of 3 bytes (3GPP TS 23.040 9.2.3.24.1).
          esm_class: 0x40,
          short_message: Buffer.from([5, 0, 3, reference, total, index + 1, ...part]),
        },
  );
}
