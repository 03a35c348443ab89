/** The part of the package `smpp` (0.5) that we use; it brings no types of its own. */
declare module 'smpp' {
  import type { EventEmitter } from 'node:events';

  export interface Pdu {
    command: string;
    command_status: number;
    sequence_number: number;
    message_id?: string;
    source_addr?: string;
    source_addr_ton?: number;
    destination_addr?: string;
    esm_class?: number;
    data_coding?: number;
    /** Decoded where the package knows the coding. */
    short_message?: { message?: string | Buffer };
    message_payload?: { message?: string | Buffer };
    receipted_message_id?: string;
    message_state?: number;
    isResponse(): boolean;
    response(fields?: { command_status?: number }): Pdu;
  }

  export interface SessionOptions {
    host: string;
    port: number;
    tls?: boolean;
    servername?: string;
    rejectUnauthorized?: boolean;
  }

  /** Connects at once. Emits connect or secureConnect, pdu, error, close. */
  export class Session extends EventEmitter {
    constructor(options: SessionOptions);
    /** False where the socket can't be written to; then `answered` is never called. */
    send(pdu: Pdu, answered?: (response: Pdu) => void): boolean;
    destroy(): void;
  }

  export const PDU: new (command: string, fields?: Record<string, unknown>) => Pdu;
}
