/**
 * Regain as a library: a Request in, a Response out, mountable in any server.
 *
 * @example
 * const regain = await createRegain();
 * await regain.start();
 * const response = await regain.fetch(request, { peer: socket.remoteAddress });
 */
import { compose, type Peer, type World } from './compose.ts';
import { type Config, parseConfig, type Settings } from './config.ts';

export { ConfigError, defineConfig, type Settings } from './config.ts';
export type { AssessRisk, Clock, Log, Random, Risk, RiskQuestion } from './ports.ts';

export interface Regain {
  readonly config: Config;
  /** Answers one request. `peer` is the address of the socket; without it all callers share the strictest budget. */
  fetch(request: Request, peer?: Peer): Promise<Response>;
  /** Starts sending messages. Leave it out where `regain work` does that elsewhere. */
  start(): Promise<void>;
  /** Finishes what is in flight, then ends connections. */
  close(): Promise<void>;
}

/**
 * @param settings keys of `regain.config.ts`; `env` wins over them
 * @throws ConfigError with one line per refused setting
 */
export async function createRegain(
  settings: Settings = {},
  env: Record<string, string | undefined> = {},
  world: World = {},
): Promise<Regain> {
  const composed = await compose(parseConfig(env, settings), world);
  let worker: Awaited<ReturnType<typeof composed.startWorker>> | undefined;
  return {
    config: composed.config,
    fetch: composed.fetch,
    async start() {
      worker ??= await composed.startWorker();
    },
    async close() {
      composed.endStreams();
      await worker?.stop();
      await composed.close();
    },
  };
}
