/** Resolves on the first SIGINT or SIGTERM; a second one ends the process at once. */
export function untilStopped(): Promise<void> {
  return new Promise((resolve) => {
    const stop = (): void => {
      process.once('SIGINT', () => process.exit(130));
      process.once('SIGTERM', () => process.exit(143));
      resolve();
    };
    const first = (): void => {
      process.off('SIGINT', first);
      process.off('SIGTERM', first);
      stop();
    };
    process.on('SIGINT', first);
    process.on('SIGTERM', first);
  });
}
