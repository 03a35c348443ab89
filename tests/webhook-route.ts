/** A provider's call at the address that the program answers at, and what the program says. */
import type { InProcess } from './in-process.ts';

export interface RouteAnswer {
  status: number;
  text: string;
}

/** @param path below the program's origin, with the query */
export async function callRoute(
  { regain }: InProcess,
  path: string,
  body: string | Uint8Array,
  headers: Record<string, string> = {},
): Promise<RouteAnswer> {
  const request = new Request(regain.config.origin + path, { method: 'POST', headers, body: Buffer.from(body) });
  const response = await regain.fetch(request, { peer: '203.0.113.7' });
  return { status: response.status, text: await response.text() };
}
