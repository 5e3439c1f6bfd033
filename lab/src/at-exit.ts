/** How this process ends. */
export type Ending = 'exit' | 'signal';

type Cleaner = (ending: Ending) => void;

const endingSignals = ['SIGHUP', 'SIGINT', 'SIGTERM'] as const;
const cleaners = new Set<Cleaner>();

/**
 * Calls `clean` when this process ends in any way it can notice, an uncaught error included, until
 * disposed of. It must not need the event loop.
 */
export function cleanAtExit(clean: Cleaner): Disposable {
  if (cleaners.size === 0) listen();
  cleaners.add(clean);
  return {
    [Symbol.dispose]: () => {
      if (cleaners.delete(clean) && cleaners.size === 0) stopListening();
    },
  };
}

function onExit(): void {
  cleanAll('exit');
}

function onSignal(signal: NodeJS.Signals): void {
  cleanAll('signal');
  stopListening();
  // Nobody else wants to know: end as if nobody had listened, so that a shell sees which signal it was.
  if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
}

function cleanAll(ending: Ending): void {
  for (const clean of cleaners) {
    cleaners.delete(clean);
    try {
      clean(ending);
    } catch (error) {
      // The process ends whatever happens; one lab that cannot be removed must not spare the others.
      process.exitCode = 1;
      console.error(error);
    }
  }
}

function listen(): void {
  process.on('exit', onExit);
  for (const signal of endingSignals) process.on(signal, onSignal);
}

function stopListening(): void {
  process.off('exit', onExit);
  for (const signal of endingSignals) process.off(signal, onSignal);
}
