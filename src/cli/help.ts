/** Asked how it goes, a command says so and does nothing else. */
import { shown } from './shown.ts';

/** `help` may be somebody's word for a file or a message; alone it is the question. */
export function asksForHelp(args: readonly string[]): boolean {
  return args.some((arg) => arg === '--help' || arg === '-h') || (args.length === 1 && args[0] === 'help');
}

/** @returns the exit code of a command that was asked how it goes */
export function tellUsage(usage: string): 0 {
  process.stdout.write(usage);
  return 0;
}

/** @returns the exit code of a command that was called with something that it does not know */
export function refuseArgument(command: string, argument: string, usage: string): 2 {
  process.stderr.write(`regain ${command}: does not know ${shown(argument)}\n\n${usage}`);
  return 2;
}
