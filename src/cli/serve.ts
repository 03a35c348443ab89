/** `regain serve`: web and worker in one process; `--no-worker` for the web alone. */
import { once } from 'node:events';
import type { Server } from 'node:http';
import { type Composed, compose } from '../compose.ts';
import type { Config } from '../config.ts';
import { isLoopbackHost } from '../rules/loopback.ts';
import { type Demo, seedDemoAccount } from './demo-account.ts';
import { asksForHelp, refuseArgument, tellUsage } from './help.ts';
import { createHttpServer } from './http-server.ts';
import { loadConfig } from './load-config.ts';
import { untilStopped } from './until-stopped.ts';

const USAGE = `Usage:
  regain serve [--no-worker]

The web server and the worker in one process; --no-worker: the web server alone, beside 'regain work'.
`;
/** After this, whoever has not read his answer yet does not get it: process managers kill at 30 seconds or later. */
const LONGEST_STOP_MS = 25_000;

export async function run(args: string[], environment: Record<string, string | undefined>): Promise<number> {
  if (asksForHelp(args)) return tellUsage(USAGE);
  const unknown = args.find((arg) => arg !== '--no-worker');
  if (unknown !== undefined) return refuseArgument('serve', unknown, USAGE);
  const config = await loadConfig(environment);
  const composed = await compose(config);
  // A quarter of a second of CPU before the first request is none of its time. Under a flood, the same work between requests
  // kept people waiting for more than a second; a developer's first page is rather early.
  if (config.mode === 'production') await composed.warm();
  const demo = config.mode === 'development' ? await seedDemoAccount(composed.context) : undefined;
  const server = await listen(composed, config);
  if (typeof server === 'string') {
    process.stderr.write(`${server}\n`);
    await composed.close();
    return 1;
  }
  // With SQLite nearly all messages are this process's own; only `regain messages retry` queues from beside it. Looking for
  // others at once would cost a transaction a commit.
  const worker = args.includes('--no-worker') ? undefined : await composed.startWorker({ otherProcesses: 'seldom' });
  process.stdout.write(greeting(config, demo));

  await untilStopped();
  // New connections are refused, open requests are answered, messages in flight are finished; then the doors close.
  composed.endStreams();
  server.close();
  // A kept-alive connection becomes idle when its last answer is out; until then it is left alone.
  const sweeping = setInterval(() => server.closeIdleConnections(), 50);
  const lastCall = setTimeout(() => server.closeAllConnections(), LONGEST_STOP_MS);
  await Promise.all([once(server, 'close'), worker?.stop()]);
  clearInterval(sweeping);
  clearTimeout(lastCall);
  await composed.close();
  return 0;
}

/** A listening server, or a sentence that says why there is none. */
async function listen(composed: Composed, config: Config): Promise<Server | string> {
  const server = createHttpServer(composed);
  server.listen(config.port, config.host);
  try {
    await once(server, 'listening');
    return server;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE')
      return `Port ${config.port} is taken by another program. Start with another one: PORT=${config.port + 1} npm start`;
    if (code === 'EACCES')
      return `Port ${config.port} may not be used by this user. Choose one above 1023: PORT=3000 npm start`;
    if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
      return `HOST=${config.host} is not an address of this machine.`;
    return `Regain can't listen on ${config.host}:${config.port}: ${message}`;
  }
}

function greeting(config: Config, demo: Demo | undefined): string {
  if (!demo) return `Regain listens on ${config.host}:${config.port} for ${config.origin}\n`;
  const base = config.origin;
  return `
  Regain is running.

    The shop      ${base}/            sign in there, top right
    The inbox     ${base}/dev/inbox   every message that leaves
    The API       ${base}/api/openapi.json

  Try it: press "Forgot password?", enter ${demo.identifier} or ${demo.phone}, and read the code in the inbox.
  (Its password, in case you want to see it stop working: ${demo.password})

${onNetwork(config)}  Stop with Ctrl+C. Data stays in ${config.database.engine === 'sqlite' ? config.database.file : 'PostgreSQL'}.

`;
}

function onNetwork({ host, port, devOnNetwork }: Config): string {
  if (isLoopbackHost(host)) return '';
  const who = devOnNetwork
    ? 'Whoever reaches this machine reads all of the inbox, codes included'
    : 'The inbox is shown to this machine only';
  return `  CAREFUL: it listens on ${host}:${port}, and is no shop for others. ${who}.\n\n`;
}
