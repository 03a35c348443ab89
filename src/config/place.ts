/** Where the program runs: port, origin, secrets, database, and the proxies in front. */
import { BlockList, isIP } from 'node:net';
import { isLoopbackHost } from '../rules/loopback.ts';
import { type Given, oneOf } from './given.ts';
import { problemOfUrl } from './logins.ts';

export type DatabaseUrl = { engine: 'sqlite'; file: string } | { engine: 'postgres'; url: string };

/** Peers whose `X-Forwarded-For` is believed: a number of hops, or networks. */
export type TrustedProxies = { hops: number } | { networks: BlockList; text: string };

export interface PlaceConfig {
  host: string;
  /** In development: whether others than this machine may read the inbox, with everybody's codes. */
  devOnNetwork: boolean;
  port: number;
  /** Public origin; every link is built from it, never from a header. No trailing slash. */
  origin: string;
  /** Root secrets: the first signs, all verify. Empty in development until the start script makes one. */
  secrets: string[];
  database: DatabaseUrl;
  trustedProxies: TrustedProxies;
}

type Refuse = (problem: string, example?: string) => undefined;

export function readPlace(given: Given, production: boolean): PlaceConfig {
  const { text, refuse } = given;
  const port = parsePort(text('port')) ?? refuse('port', 'must be a whole number from 1 to 65535') ?? 0;
  const origin = parseOrigin(text('origin'), production, port, (problem) => refuse('origin', problem));
  const databaseUrl = text('databaseUrl') ?? 'sqlite:./regain.db';
  return {
    host: text('host') ?? (production ? '0.0.0.0' : '127.0.0.1'),
    devOnNetwork: readDevOnNetwork(given),
    port,
    origin: origin ?? 'http://localhost',
    secrets: parseSecrets(text('secret'), production, (problem) => refuse('secret', problem)),
    database: parseDatabaseUrl(databaseUrl, production, (problem, example) => refuse('databaseUrl', problem, example)),
    trustedProxies: parseTrustedProxies(text('trustProxy') ?? '0', (problem) => refuse('trustProxy', problem)),
  };
}

function readDevOnNetwork({ text, refuse }: Given): boolean {
  const onNetwork = oneOf(text('devOnNetwork') ?? 'no', ['yes', 'no'] as const);
  if (!onNetwork) refuse('devOnNetwork', 'must be yes or no');
  return onNetwork === 'yes';
}

function parsePort(value: string | undefined): number | undefined {
  if (value === undefined) return 3000;
  return /^\d{1,5}$/.test(value) && Number(value) >= 1 && Number(value) <= 65535 ? Number(value) : undefined;
}

function parseOrigin(value: string | undefined, production: boolean, port: number, refuse: Refuse): string | undefined {
  if (value === undefined) return production ? refuse('is missing') : `http://localhost:${port}`;
  if (!URL.canParse(value)) return refuse(`'${value}' is not a URL`);
  const url = new URL(value);
  const local = isLoopbackHost(url.hostname);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return refuse('must start with https://');
  if (url.protocol === 'http:' && production && !local) return refuse('must be https unless the host is localhost');
  if (url.username || url.password || url.search || url.hash || url.pathname !== '/')
    return refuse('must be an origin only: scheme, host and port');
  return url.origin;
}

function parseSecrets(value: string | undefined, production: boolean, refuse: Refuse): string[] {
  if (value === undefined) {
    if (production) refuse('is missing');
    return [];
  }
  const secrets = value.split(',').map((secret) => secret.trim());
  for (const secret of secrets) {
    const bytes = Buffer.byteLength(secret);
    if (bytes < 32) {
      refuse(`has a secret of ${bytes} bytes, needs 32 or more`);
      break;
    }
  }
  return secrets;
}

function parseDatabaseUrl(value: string, production: boolean, refuse: Refuse): DatabaseUrl {
  if (value.startsWith('sqlite:')) {
    const file = value.slice('sqlite:'.length);
    const problem = sqliteProblem(file, production);
    if (problem !== undefined) refuse(problem, 'sqlite:./regain.db');
    return { engine: 'sqlite', file: file.replace(/^\/\/(?=\/)/, '') };
  }
  const ours = /^postgres(ql)?:\/\//.test(value);
  const problem = ours ? problemOfUrl(value) : 'must start with sqlite: or postgres://';
  if (problem !== undefined) refuse(problem);
  return { engine: 'postgres', url: value };
}

/** What other programs take for an address of SQLite would be the name of a file here, in a place that nobody looks at. */
function sqliteProblem(file: string, production: boolean): string | undefined {
  if (file === '') return 'names no file';
  if (/^\/\/(?!\/)/.test(file))
    return 'has two slashes: write sqlite:./regain.db for a file in this folder, sqlite:///var/lib/regain.db for any other';
  if (file.startsWith('file:')) return "must name the file without 'file:'";
  if (file.includes('?')) return "takes no parameters, and no '?' in the name of the file";
  if (file === ':memory:' && production) return 'would lose every account when the program ends';
  return undefined;
}

function parseTrustedProxies(value: string, refuse: Refuse): TrustedProxies {
  if (/^\d{1,2}$/.test(value)) return { hops: Number(value) };
  const networks = new BlockList();
  for (const part of value.split(',').map((item) => item.trim())) {
    const [, address = '', prefix] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(part) ?? [];
    const version = isIP(address);
    const longest = version === 4 ? 32 : 128;
    const bits = prefix === undefined ? longest : Number(prefix);
    if (bits === 0 && version !== 0) {
      refuse(
        `'${part}' trusts everybody, who could then name any address as his own; name the network of your proxies`,
      );
      return { hops: 0 };
    }
    if (version === 0 || bits > longest) {
      refuse(`'${part}' is neither a number of hops nor a network`);
      return { hops: 0 };
    }
    networks.addSubnet(address, bits, version === 4 ? 'ipv4' : 'ipv6');
  }
  return { networks, text: value };
}
