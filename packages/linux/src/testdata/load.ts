import { BpfObject } from '../bpf/bpf-object.ts';

/* Tries to load an object file, and prints the name of the error alone. */
try {
  BpfObject.load(process.argv[2] ?? '')[Symbol.dispose]();
} catch (error) {
  process.stdout.write(`${error instanceof Error ? error.name : 'no error'}\n`);
}
