/** Style sheets and scripts: read once, compressed once, cached for ever under a version that changes with them. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import type { Brand } from '../config.ts';
import { Refusal } from '../rules/errors.ts';
import { brandCss } from './pages/brand-css.ts';

const FOLDER = new URL('./assets/', import.meta.url);
const TYPES: Record<string, string> = { css: 'text/css; charset=utf-8', js: 'text/javascript; charset=utf-8' };

const files = new Map<string, { raw: Buffer; gzip: Buffer }>();
for (const name of readdirSync(FOLDER)) add(name, readFileSync(new URL(name, FOLDER)));
/** The solver of proofs of work, as its package brings it: work.js imports the first and the last, and they the others. */
const SOLVER = new URL('./', import.meta.resolve('altcha-lib'));
for (const name of ['pow.js', 'helpers.js', 'types.js', 'algorithms/web/pbkdf2.js'])
  add(`altcha/${name}`, readFileSync(new URL(name, SOLVER)));

export function assetVersion(brand: Brand): string {
  add('brand.css', Buffer.from(brandCss(brand)));
  const hash = createHash('sha256');
  for (const [name, { raw }] of [...files].sort(([a], [b]) => (a < b ? -1 : 1))) hash.update(name).update(raw);
  return hash.digest('base64url').slice(0, 8);
}

/** @throws Refusal `not_found` */
export function serveAsset(name: string, acceptEncoding = ''): Response {
  const file = files.get(name);
  const type = TYPES[name.split('.').at(-1) ?? ''];
  if (!file || !type) throw new Refusal('not_found');
  const gzip = /\bgzip\b/.test(acceptEncoding);
  return new Response(new Uint8Array(gzip ? file.gzip : file.raw), {
    headers: {
      'Content-Type': type,
      ...(gzip ? { 'Content-Encoding': 'gzip' } : {}),
      Vary: 'Accept-Encoding',
      // Modules import each other without a version, so these are kept for a day only.
      'Cache-Control': name.includes('/') ? 'public, max-age=86400' : 'public, max-age=31536000, immutable',
    },
  });
}

function add(name: string, read: Buffer): void {
  const raw = name.endsWith('.css') ? withoutNotes(read) : read;
  files.set(name, { raw, gzip: gzipSync(raw, { level: 9 }) });
}

/** A page paints when its style sheets are here, which is within one flight of packets (RFC 6928): notes for us are not sent along. */
function withoutNotes(css: Buffer): Buffer {
  return Buffer.from(
    css
      .toString('utf8')
      .replace(/\/\*.*?\*\/\s*/gs, '')
      .replace(/^\s+/gm, ''),
  );
}
