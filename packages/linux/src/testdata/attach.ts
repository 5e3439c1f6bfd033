import { join } from 'node:path';
import { BpfObject } from '../bpf/bpf-object.ts';
import { attachTcIngress, type TcMode } from '../bpf/tc-ingress.ts';

/* A process that puts a program onto loopback's ingress and ends, by SIGKILL. */

const [object = '', directory = '', mode = ''] = process.argv.slice(2);
const loaded = BpfObject.load(object, { pinDirectory: join(directory, 'maps') });
attachTcIngress(1, loaded.program('count_ingress'), join(directory, 'link'), {
  mode: mode as TcMode,
});
process.kill(process.pid, 'SIGKILL');
