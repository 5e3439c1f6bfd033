/**
 * Prints the BPF programs at a device's tc ingress, or detaches those of a name and prints how many there were:
 * `tc-ingress.ts DEVICE [NAME]`.
 */
import { detachTcIngress, listInterfaces, listTcIngress } from '@fairlead/linux';
import { printLine } from './print-line.ts';

const [device, name] = process.argv.slice(2);
const index = listInterfaces().find((each) => each.name === device)?.index;
if (index === undefined) throw new Error(`no interface ${JSON.stringify(device)}`);
if (name === undefined) {
  for (const { programName, programId } of listTcIngress(index))
    printLine({ programName, programId });
} else {
  printLine({ detached: detachTcIngress(index, name) });
}
