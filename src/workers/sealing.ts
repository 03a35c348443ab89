/** Seals the audit events of the last moments, again and again, and once more at the end. */
import type { Log } from '../ports.ts';

/** How long an event stands outside of the chain, and about as often a batch comes into being. */
export const AUDIT_SEALED_EVERY_MS = 30_000;

export interface Sealing {
  /** Seals what is left. Resolves when that is done; a failure is logged, and the next start seals. */
  stop(): Promise<void>;
}

/** @param seal is given what its last run returned */
export function startSealing<Memory>(
  seal: (memory: Memory | undefined) => Promise<Memory | undefined>,
  log: Log,
): Sealing {
  let memory: Memory | undefined;
  let running: Promise<void> | undefined;
  let timer = setTimeout(run, AUDIT_SEALED_EVERY_MS);
  timer.unref();
  return {
    async stop() {
      clearTimeout(timer);
      await running;
      clearTimeout(timer);
      await sealOnce();
    },
  };

  function run(): void {
    running = sealOnce().then(() => {
      timer = setTimeout(run, AUDIT_SEALED_EVERY_MS);
      timer.unref();
    });
  }

  async function sealOnce(): Promise<void> {
    try {
      memory = await seal(memory);
    } catch (error) {
      log.error('audit-seal-fault', { error: String(error) });
    }
  }
}
