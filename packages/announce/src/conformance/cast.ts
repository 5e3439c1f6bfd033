import { parseAddress, parseMac, type IpAddress, type MacAddress } from '@fairlead/ip';

const address = (text: string) => parseAddress(text) as IpAddress;
const mac = (text: string) => parseMac(text) as MacAddress;

/** Addresses that this node answers for, ahead of the fence. */
export const held4 = address('192.0.2.1');
export const held6 = address('2001:db8::5:1');
/** Addresses that it only watches. */
export const watched4 = address('192.0.2.2');
export const watched6 = address('2001:db8::5:2');
/** Addresses of nobody here; the sibling interface answers for them. */
export const free4 = address('192.0.2.3');
export const free6 = address('2001:db8::5:3');
/** The one who asks. */
export const client4 = address('192.0.2.9');
export const client6 = address('fe80::9');
export const client = mac('02:00:00:00:00:09');
/** Somebody who should not be there. */
export const stranger = mac('02:00:00:00:00:bb');
/** The interface under test, and another one of this node on the same segment. */
export const us = mac('02:00:00:00:00:aa');
export const sibling = mac('02:00:00:00:00:cc');

export const echo = address('192.0.0.8');
export const any4 = address('0.0.0.0');
export const any6 = address('::');
export const zeroMac = mac('00:00:00:00:00:00');
