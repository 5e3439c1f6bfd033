export { internetChecksum } from './internet-checksum.ts';
export { ProtocolError } from './protocol-error.ts';
export { Reader } from './reader.ts';
export { Writer } from './writer.ts';
