/** A whole installation behind a server that leaks on purpose, for the doctor to find. */
import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import { type InProcess, startInProcess } from '../in-process.ts';
import { TEST_SECRET } from '../regain.ts';

export interface Passing {
  path: string;
  /** What was sent. */
  sent: string;
  answer: Response;
}
/** What becomes of an answer on its way out. */
export type Leak = (passing: Passing) => Response;

export interface LeakyServer {
  inProcess: InProcess;
  url: string;
  /** Settings with which the doctor is its operator. */
  env: Record<string, string>;
  leak: Leak;
  /** Requests that came, as "POST /sign-in". */
  asked: string[];
  stop(): Promise<void>;
}

export async function startLeakyServer(): Promise<LeakyServer> {
  const inProcess = await startInProcess('sqlite');
  const { config } = inProcess.regain;
  const leaky: LeakyServer = {
    inProcess,
    url: '',
    env: { REGAIN_SECRET: TEST_SECRET, REGAIN_ORIGIN: config.origin },
    leak: honest,
    asked: [],
    async stop() {
      server.closeAllConnections();
      server.close();
      await inProcess.close();
    },
  };
  const server = createAdaptorServer({
    async fetch(request: Request) {
      const path = new URL(request.url).pathname;
      leaky.asked.push(`${request.method} ${path}`);
      const sent = await request.clone().text();
      const answer = await inProcess.regain.fetch(request, { peer: '127.0.0.1' });
      return leaky.leak({ path, sent: decodeURIComponent(sent), answer });
    },
  }) as Server;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  leaky.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return leaky;
}

export const honest: Leak = ({ answer }) => answer;
