/** CPU time of another process, from outside, so that measuring costs it nothing. */
import { readdirSync, readFileSync } from 'node:fs';

/**
 * Milliseconds that all living threads of a process have run, in user and kernel mode, to the nanosecond (proc(5),
 * schedstat); the times in /proc/PID/stat come in steps of 10 ms. Undefined where the system doesn't tell.
 */
export function processorMs(pid: number): number | undefined {
  try {
    const threads = readdirSync(`/proc/${pid}/task`);
    return threads.reduce((sum, thread) => sum + ranMs(`/proc/${pid}/task/${thread}/schedstat`), 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function ranMs(file: string): number {
  return Number(readFileSync(file, 'latin1').split(' ')[0]) / 1e6;
}
