const numbers = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;

/**
 * Stops the servers of a program when a person or the system ends it (Ctrl-C, `kill`, a closed terminal). The
 * program then ends with the exit code that shells use: 128 and the signal's number. A second signal does not
 * wait.
 * @returns a function that removes the handlers
 */
export function stopOnSignals(stop: () => Promise<void>): () => void {
  let stopping = false;
  const handlers = Object.entries(numbers).map(([signal, number]) => {
    const handler = () => {
      const code = 128 + number;
      if (stopping) process.exit(code);
      stopping = true;
      stop().then(
        () => process.exit(code),
        (error: Error) => {
          process.stderr.write(`stopping failed: ${error.message}\n`);
          process.exit(code);
        },
      );
    };
    process.on(signal, handler);
    return [signal, handler] as const;
  });
  return () => handlers.forEach(([signal, handler]) => process.off(signal, handler));
}
